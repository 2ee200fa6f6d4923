/* SPDX-License-Identifier: BSD-2-Clause */
/* The published rules as a table: reason x facts x policy -> decision. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "policy_fixture.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(policy_rules, .init = config_file_setup, .fini = config_file_teardown);

#define RELAY                                                                                      \
	"pool \"relay\" { addresses = { \"203.0.113.1\" } } internal_domains = \"example.net\"\n"
#define BOB "bob@example.net"

/* Bob's standing before the message. */
enum before {
	NOTHING,
	MANUAL_NORMAL,
	MANUAL_HIGH_RISK,
	MANUAL_PASS,
	MANUAL_DROP,
	RESTRICTED, /* until released */
	RESTRICTED_TODAY,
	RELEASED, /* today, and still over the limit */
	SPAM_SENDER,
	AT_LIMIT, /* three of three recipients */
};

#define MESSAGE(...)                                                                               \
	{                                                                                          \
		.user = BOB, __VA_ARGS__                                                           \
	}
#define MAIL(from, ...)                                                                            \
	{                                                                                          \
		.envelope_from = from, __VA_ARGS__                                                 \
	}
#define CONNECT(...)                                                                               \
	{                                                                                          \
		.kind = FACTS_CONNECTION, .sender = BOB, __VA_ARGS__                               \
	}
#define STEERED(reason, pool) DECISION_STEER, reason, pool, NULL
#define GOOD		      STEERED(REASON_GOOD, POOL_NORMAL)
#define BOUNCED		      STEERED(REASON_BOUNCE, POOL_HIGH_RISK)
#define WITHOUT_DNS	      STEERED(REASON_NO_MAIL_DNS, POOL_HIGH_RISK)
#define SPAM		      STEERED(REASON_SPAM, POOL_HIGH_RISK)
#define OVER		      STEERED(REASON_OVER_LIMIT, POOL_HIGH_RISK)
#define RELAYED		      STEERED(REASON_RELAY, POOL_FIRST_FREE)

static const struct rule_case {
	const char *what;
	const char *config; /* NULL: nothing more than the limit */
	enum before before;
	struct facts facts;
	enum decision_action action;
	enum reason reason;
	uint32_t pool;
	const char *status;
} cases[] = {
	{"plain mail", NULL, NOTHING, MESSAGE(), GOOD},
	{"all is well known", NULL, NOTHING,
	 MESSAGE(.mail_dns = FACTS_DNS_PRESENT, .spf = FACTS_AUTH_PASS), GOOD},

	{"by hand", NULL, MANUAL_HIGH_RISK, MESSAGE(), STEERED(REASON_MANUAL, POOL_HIGH_RISK)},
	{"by hand against spam", NULL, MANUAL_NORMAL, MESSAGE(.spam = true),
	 STEERED(REASON_MANUAL, POOL_NORMAL)},
	{"by hand against a limit", NULL, MANUAL_NORMAL, MESSAGE(.recipients_external = 9),
	 STEERED(REASON_MANUAL, POOL_NORMAL)},
	{"passed by hand", NULL, MANUAL_PASS, MESSAGE(), STEERED(REASON_MANUAL, POOL_NONE)},
	{"dropped by hand", NULL, MANUAL_DROP, MESSAGE(), DECISION_DEFER, REASON_MANUAL, POOL_NONE,
	 "4.7.1"},

	{"restricted", NULL, RESTRICTED, MESSAGE(), DECISION_REJECT, REASON_RESTRICTED, POOL_NONE,
	 "5.1.8"},
	{"restricted for today", NULL, RESTRICTED_TODAY, MESSAGE(), DECISION_REJECT,
	 REASON_RESTRICTED, POOL_NONE, "5.1.8"},
	{"restricted and only the envelope says who", NULL, RESTRICTED, MAIL(BOB), DECISION_REJECT,
	 REASON_RESTRICTED, POOL_NONE, "5.1.8"},
	{"restricted, whatever From says", NULL, RESTRICTED,
	 MESSAGE(.envelope_from = "ceo@example.org", .header_from = "ceo@example.org"),
	 DECISION_REJECT, REASON_RESTRICTED, POOL_NONE, "5.1.8"},
	{"a restricted selector's sender",
	 NULL,
	 RESTRICTED,
	 {.sender = BOB},
	 DECISION_REJECT,
	 REASON_RESTRICTED,
	 POOL_NONE,
	 "5.7.711"},
	{"released, over the limit", "on_limit = restrict", RELEASED, MESSAGE(), OVER},

	{"a bounce", NULL, NOTHING, MAIL(""), BOUNCED},
	{"a notification with a sender", NULL, NOTHING, MESSAGE(.bounce = true), BOUNCED},
	{"a bounce of one at the limit", NULL, AT_LIMIT, MESSAGE(.bounce = true), BOUNCED},
	{"a bounce that is spam", NULL, NOTHING, MESSAGE(.bounce = true, .spam = true), BOUNCED},
	{"a bounce of one steered to normal by hand", NULL, MANUAL_NORMAL, MESSAGE(.bounce = true),
	 BOUNCED},
	{"a bounce of one passed by hand", NULL, MANUAL_PASS, MESSAGE(.bounce = true), BOUNCED},
	{"a bounce of one dropped by hand", NULL, MANUAL_DROP, MESSAGE(.bounce = true),
	 DECISION_DEFER, REASON_MANUAL, POOL_NONE, "4.7.1"},
	{"a restricted user under the null sender", NULL, RESTRICTED, MESSAGE(.envelope_from = ""),
	 DECISION_REJECT, REASON_RESTRICTED, POOL_NONE, "5.1.8"},
	{"a bounce without DNS", NULL, NOTHING,
	 MESSAGE(.bounce = true, .mail_dns = FACTS_DNS_ABSENT), BOUNCED},

	{"no DNS", NULL, NOTHING, MESSAGE(.mail_dns = FACTS_DNS_ABSENT), WITHOUT_DNS},
	{"no DNS and spam", NULL, NOTHING, MESSAGE(.mail_dns = FACTS_DNS_ABSENT, .spam = true),
	 WITHOUT_DNS},
	{"no DNS, steered to normal by hand", NULL, MANUAL_NORMAL,
	 MESSAGE(.mail_dns = FACTS_DNS_ABSENT), WITHOUT_DNS},
	{"no DNS at the limit", NULL, AT_LIMIT, MESSAGE(.mail_dns = FACTS_DNS_ABSENT), WITHOUT_DNS},

	{"spam", NULL, NOTHING, MESSAGE(.spam = true), SPAM},
	{"spam at the limit", NULL, AT_LIMIT, MESSAGE(.spam = true), SPAM},
	{"a sender of spam", NULL, SPAM_SENDER, MESSAGE(), SPAM},

	{"up to the limit", NULL, NOTHING, MESSAGE(.recipients_external = 3), GOOD},
	{"over the limit at once", NULL, NOTHING, MESSAGE(.recipients_external = 4), OVER},
	{"at the limit", NULL, AT_LIMIT, MESSAGE(), OVER},
	{"at the limit of others", NULL, AT_LIMIT,
	 MESSAGE(.recipients_external = 0, .recipients_internal = 1), GOOD},
	{"at the limit, deferred", "on_limit = defer", AT_LIMIT, MESSAGE(), DECISION_DEFER,
	 REASON_OVER_LIMIT, POOL_NONE, "4.7.1"},
	{"more than the limit at once, where others are deferred", "on_limit = defer", NOTHING,
	 MESSAGE(.recipients_external = 4), DECISION_REJECT, REASON_OVER_LIMIT, POOL_NONE, "5.5.3"},
	{"likewise, while at another limit", "on_limit = defer recipients_per_day = 4", AT_LIMIT,
	 MESSAGE(.recipients_internal = 5, .recipients_external = 1), DECISION_REJECT,
	 REASON_OVER_LIMIT, POOL_NONE, "5.5.3"},
	{"more than the limit at once, restricted", "on_limit = restrict", NOTHING,
	 MESSAGE(.recipients_external = 4), DECISION_REJECT, REASON_OVER_LIMIT, POOL_NONE, "5.1.8"},
	{"at the limit, restricted", "on_limit = restrict", AT_LIMIT, MESSAGE(), DECISION_REJECT,
	 REASON_OVER_LIMIT, POOL_NONE, "5.1.8"},
	{"at the limit, restricted for today", "on_limit = restrict-today", AT_LIMIT, MESSAGE(),
	 DECISION_REJECT, REASON_OVER_LIMIT, POOL_NONE, "5.1.8"},
	{"at the limit, where that is only said", "on_limit = alert", AT_LIMIT, MESSAGE(), GOOD},
	{"at the limit, said, and spam", "on_limit = alert", AT_LIMIT, MESSAGE(.spam = true), SPAM},

	{"forwarded", RELAY, NOTHING, MAIL("a@example.org"), RELAYED},
	{"forwarded by a user", RELAY, NOTHING, MESSAGE(.envelope_from = "a@example.org"), RELAYED},
	{"forwarded, SPF failed", RELAY, NOTHING, MAIL("a@example.org", .spf = FACTS_AUTH_FAIL),
	 RELAYED},
	{"forwarded, SPF passed", RELAY, NOTHING, MAIL("a@example.org", .spf = FACTS_AUTH_PASS),
	 GOOD},
	{"forwarded, DKIM passed", RELAY, NOTHING, MAIL("a@example.org", .dkim = FACTS_AUTH_PASS),
	 RELAYED},
	{"forwarded, DKIM passed and is enough", RELAY "relay_dkim = true\n", NOTHING,
	 MAIL("a@example.org", .dkim = FACTS_AUTH_PASS), GOOD},
	{"forwarded, DKIM failed", RELAY "relay_dkim = true\n", NOTHING,
	 MAIL("a@example.org", .dkim = FACTS_AUTH_FAIL), RELAYED},
	{"ours, in capitals", RELAY, NOTHING, MAIL("a@EXAMPLE.net"), GOOD},
	{"not quite ours", RELAY, NOTHING, MAIL("a@sub.example.net"), RELAYED},
	{"of a local user without a domain", RELAY, NOTHING, MAIL("root"), GOOD},
	{"forwarded without a pool for it", NULL, NOTHING, MAIL("a@example.org"), GOOD},
	{"forwarded spam", RELAY, NOTHING, MAIL("a@example.org", .spam = true), SPAM},

	{"of nobody",
	 NULL,
	 NOTHING,
	 {.recipients_external = 1},
	 STEERED(REASON_UNKNOWN_SENDER, POOL_NORMAL)},
	{"of nobody, by default high-risk",
	 "default = \"high-risk\"\n",
	 NOTHING,
	 {.recipients_external = 1},
	 STEERED(REASON_UNKNOWN_SENDER, POOL_HIGH_RISK)},
	{"of nobody, by default passed",
	 "default = \"pass\"\n",
	 NOTHING,
	 {.recipients_external = 1},
	 STEERED(REASON_UNKNOWN_SENDER, POOL_NONE)},
	{"of nobody, by default dropped",
	 "default = \"drop\"\n",
	 NOTHING,
	 {.recipients_external = 1},
	 DECISION_DEFER,
	 REASON_UNKNOWN_SENDER,
	 POOL_NONE,
	 "4.7.1"},
	{"spam of nobody", NULL, NOTHING, {.spam = true}, SPAM},

	{"a connection", NULL, NOTHING, CONNECT(), GOOD},
	{"connections over their limit", NULL, NOTHING, CONNECT(.connections = 6), OVER},
	{"connections of one steered by hand", NULL, MANUAL_HIGH_RISK, CONNECT(),
	 STEERED(REASON_MANUAL, POOL_HIGH_RISK)},
	{"connections of one restricted", NULL, RESTRICTED, CONNECT(), DECISION_REJECT,
	 REASON_RESTRICTED, POOL_NONE, "5.7.711"},
	{"connections of a sender of spam", NULL, SPAM_SENDER, CONNECT(), SPAM},
	{"connections over their limit are never restricted", "on_limit = restrict", NOTHING,
	 CONNECT(.connections = 6), DECISION_DEFER, REASON_OVER_LIMIT, POOL_NONE, "4.7.1"},
	{"connections of nobody",
	 NULL,
	 NOTHING,
	 {.kind = FACTS_CONNECTION},
	 STEERED(REASON_UNKNOWN_SENDER, POOL_NORMAL)},
};

static void set_manual(struct policy_fixture *fixture, enum verdict_action action, uint32_t pool)
{
	struct policy_manual manual = {.action = action, .pool = pool};

	cr_assert_eq(policy_fixture_set_manual(fixture, BOB, &manual, NOON), 0);
}

static void restrict_until(struct policy_fixture *fixture, int64_t until_sec)
{
	struct standing_record record = {
		.name = BOB, .version = STANDING_VERSION, .restricted_until_sec = until_sec};

	cr_assert_eq(policy_import_standing(fixture->policy, &record, NOON), 0);
}

static void arrange(struct policy_fixture *fixture, enum before before)
{
	switch (before) {
	case NOTHING:
		break;
	case MANUAL_NORMAL:
		set_manual(fixture, VERDICT_STEER, POOL_NORMAL);
		break;
	case MANUAL_HIGH_RISK:
		set_manual(fixture, VERDICT_STEER, POOL_HIGH_RISK);
		break;
	case MANUAL_PASS:
		set_manual(fixture, VERDICT_PASS, POOL_NONE);
		break;
	case MANUAL_DROP:
		set_manual(fixture, VERDICT_DROP, POOL_NONE);
		break;
	case RESTRICTED:
		restrict_until(fixture, STANDING_FOREVER);
		break;
	case RESTRICTED_TODAY:
		restrict_until(fixture, MIDNIGHT + DAY);
		break;
	case RELEASED:
		policy_fixture_send(fixture, 3, NOON - 60);
		restrict_until(fixture, STANDING_FOREVER);
		cr_assert_eq(policy_fixture_release(fixture, BOB, NOON), 0);
		break;
	case SPAM_SENDER:
		for (unsigned i = 0; i < 5; i++)
			cr_assert_eq(policy_fixture_report(fixture, BOB, NOON), 0);
		break;
	case AT_LIMIT:
		policy_fixture_send(fixture, 3, NOON - 60);
		break;
	}
}

static struct policy_fixture *judge_of(const struct rule_case *the_case)
{
	const char *config = the_case->config ? the_case->config : "";
	bool of_policy = strncmp(config, "on_limit", 8) == 0;
	char text[1024];

	snprintf(text, sizeof(text),
		 "%spolicy \"default\" { recipients_external_per_hour = 3 "
		 "connections_per_minute = 5 %s }\n",
		 of_policy ? "" : config, of_policy ? config : "");
	return policy_fixture_new(text);
}

/* One external recipient, unless the case says otherwise. */
static struct decision decide_case(struct policy_fixture *fixture, const struct rule_case *the_case)
{
	struct facts facts = the_case->facts;

	if (facts.recipients_external + facts.recipients_internal == 0)
		facts.recipients_external = 1;
	return policy_fixture_decide(fixture, &facts, NOON);
}

Test(policy_rules, each_case_of_the_table_is_decided_as_published)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct rule_case *c = &cases[i];
		struct policy_fixture *fixture = judge_of(c);
		struct decision decision;

		arrange(fixture, c->before);
		decision = decide_case(fixture, c);
		cr_expect_eq(decision.action, c->action, "%s: %s", c->what,
			     decision_action_name(decision.action));
		cr_expect_eq(decision.reason, c->reason, "%s: %s", c->what,
			     reason_name(decision.reason));
		cr_expect_eq(decision.pool, c->pool, "%s: pool %u", c->what, decision.pool);
		if (c->status)
			cr_expect_str_eq(decision.status, c->status, "%s", c->what);
		else
			cr_expect_null(decision.status, "%s", c->what);
		policy_fixture_free(fixture);
	}
}

Test(policy_rules, the_last_step_is_the_reason_and_none_before_it_matched)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy_fixture *fixture = judge_of(&cases[i]);
		struct decision decision;

		arrange(fixture, cases[i].before);
		decision = decide_case(fixture, &cases[i]);
		cr_assert_gt(decision.n_steps, 0);
		cr_expect_eq(decision.steps[decision.n_steps - 1].rule, decision.reason);
		cr_expect_eq(decision.steps[decision.n_steps - 1].outcome, STEP_MATCHED);
		for (unsigned j = 0; j + 1 < decision.n_steps; j++)
			cr_expect_neq(decision.steps[j].outcome, STEP_MATCHED, "%s: step %u",
				      cases[i].what, j);
		policy_fixture_free(fixture);
	}
}

static void expect_step(const struct decision_step *step, enum reason rule,
			enum step_outcome outcome, enum config_limit limit, uint32_t count,
			uint32_t adds, uint32_t max)
{
	cr_expect_eq(step->rule, rule, "%s", reason_name(step->rule));
	cr_expect_eq(step->outcome, outcome, "%s: %s", reason_name(rule),
		     step_outcome_name(step->outcome));
	cr_expect_eq(step->limit, limit);
	cr_expect_eq(step->count, count, "%s: count %u", reason_name(rule), step->count);
	cr_expect_eq(step->adds, adds);
	cr_expect_eq(step->max, max);
}

Test(policy_rules, the_steps_have_the_figures_that_were_seen)
{
	struct policy_fixture *fixture =
		policy_fixture_new(RELAY "tenant \"t\" { domains = \"example.net\" "
					 "recipients_external_per_day = 100 }\n"
					 "policy \"default\" { spam_of_last = \"3 of 5\" "
					 "recipients_external_per_hour = 10 }\n");
	struct facts spam = {.user = BOB, .spam = true, .recipients_external = 2};
	struct facts facts = {.user = BOB,
			      .envelope_from = "a@example.org",
			      .recipients_external = 3,
			      .recipients_internal = 4};
	struct decision decision;
	const struct decision_step *step = decision.steps;

	policy_fixture_decide(fixture, &spam, NOON);
	decision = policy_fixture_decide(fixture, &facts, NOON);
	cr_assert_eq(decision.n_steps, 11);
	expect_step(step++, REASON_MANUAL, STEP_PASSED, CONFIG_LIMITS, 0, 0, 0);
	expect_step(step++, REASON_RESTRICTED, STEP_PASSED, CONFIG_LIMITS, 0, 0, 0);
	expect_step(step++, REASON_BOUNCE, STEP_PASSED, CONFIG_LIMITS, 0, 0, 0);
	expect_step(step++, REASON_NO_MAIL_DNS, STEP_PASSED, CONFIG_LIMITS, 0, 0, 0);
	expect_step(step++, REASON_SPAM, STEP_PASSED, CONFIG_LIMITS, 1, 0, 3);
	expect_step(step++, REASON_OVER_LIMIT, STEP_PASSED, CONFIG_EXTERNAL_PER_HOUR, 2, 3, 10);
	expect_step(step++, REASON_OVER_LIMIT, STEP_PASSED, CONFIG_INTERNAL_PER_HOUR, 0, 4, 10000);
	expect_step(step++, REASON_OVER_LIMIT, STEP_PASSED, CONFIG_RECIPIENTS_PER_DAY, 2, 7, 10000);
	expect_step(step++, REASON_OVER_LIMIT, STEP_PASSED, CONFIG_MESSAGES_PER_MINUTE, 1, 1, 30);
	expect_step(step++, REASON_OVER_LIMIT, STEP_PASSED, CONFIG_TENANT_EXTERNAL_PER_DAY, 2, 3,
		    100);
	expect_step(step++, REASON_RELAY, STEP_MATCHED, CONFIG_LIMITS, 0, 0, 0);
	cr_expect_str_eq(decision.sender, BOB);
	cr_expect_eq(decision.identity, IDENTITY_USER);
	cr_expect_str_eq(decision.policy, "default");
	cr_expect_str_eq(decision.tenant, "t");
	policy_fixture_free(fixture);
}

Test(policy_rules, a_verdict_by_hand_that_gives_way_says_so)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct facts bounce = {.user = BOB, .envelope_from = ""};
	struct decision decision;

	set_manual(fixture, VERDICT_STEER, POOL_NORMAL);
	decision = policy_fixture_decide(fixture, &bounce, NOON);
	cr_expect_eq(decision.steps[0].outcome, STEP_YIELDED);
	policy_fixture_free(fixture);
}

Test(policy_rules, names_that_are_too_long_are_refused_and_count_nothing)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct policy_changes changes = {0};
	struct policy_stats stats;
	struct decision decision;
	char name[POLICY_NAME_SIZE + 1];
	struct facts facts = {.user = name};

	memset(name, 'a', sizeof(name));
	name[POLICY_NAME_SIZE] = '\0';
	cr_expect_eq(policy_decide(fixture->policy, &facts, NOON, &decision, &changes), -EINVAL);
	cr_expect_eq(policy_fixture_report(fixture, name, NOON), -EINVAL);
	cr_expect_eq(policy_fixture_report(fixture, "", NOON), -EINVAL);
	cr_expect_eq(policy_fixture_set_manual(fixture, "", NULL, NOON), -EINVAL);
	policy_stats(fixture->policy, &stats);
	cr_expect_eq(stats.senders, 0);
	name[POLICY_NAME_SIZE - 1] = '\0';
	cr_expect_eq(policy_decide(fixture->policy, &facts, NOON, &decision, &changes), 0);
	cr_expect_str_eq(decision.sender, name);
	policy_fixture_free(fixture);
}

Test(policy_rules, the_words_are_those_of_the_design)
{
	cr_expect_str_eq(decision_action_name(DECISION_STEER), "steer");
	cr_expect_str_eq(decision_action_name(DECISION_DEFER), "defer");
	cr_expect_str_eq(decision_action_name(DECISION_REJECT), "reject");
	cr_expect_str_eq(decision_action_name(0), "invalid");
	cr_expect_str_eq(identity_kind_name(IDENTITY_CLIENT), "client");
	cr_expect_str_eq(identity_kind_name(99), "invalid");
	cr_expect_str_eq(step_outcome_name(STEP_YIELDED), "yielded");
	cr_expect_str_eq(step_outcome_name(99), "invalid");
	cr_expect_str_eq(policy_event_name(POLICY_RESTRICTION_ENDED), "restriction-ended");
	cr_expect_str_eq(policy_event_name(99), "invalid");
}
