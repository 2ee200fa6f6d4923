/* SPDX-License-Identifier: BSD-2-Clause */
/* Restrictions, repeated spam, limits reached, manual verdicts: begin, change, end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "policy_fixture.h"

TestSuite(policy_standing, .init = config_file_setup, .fini = config_file_teardown);

#define BOB	       "bob@example.net"
#define LIMITED(words) "policy \"default\" { recipients_external_per_hour = 10 " words " }\n"

static void expect_verdict(const struct policy_fixture *fixture, enum verdict_action action,
			   uint32_t pool, enum reason reason, int64_t until_sec)
{
	const struct sender_verdict *verdict = &fixture->standing.verdict;

	cr_assert_gt(fixture->n_standings, 0);
	cr_expect_eq(verdict->action, action);
	cr_expect_eq(verdict->pool, pool);
	cr_expect_eq(verdict->reason, reason, "reason %d", verdict->reason);
	cr_expect_eq(verdict->until_sec, until_sec, "until %ld", (long)(verdict->until_sec - NOON));
	cr_expect(fixture->standing.verdict_changed);
	cr_expect_str_eq(fixture->record.name, BOB);
}

static void expect_good(const struct policy_fixture *fixture)
{
	expect_verdict(fixture, VERDICT_STEER, POOL_NORMAL, REASON_GOOD, 0);
}

/* ---- restricted */

Test(policy_standing, restricted_for_today_ends_at_midnight_utc)
{
	struct policy_fixture *fixture =
		policy_fixture_new(LIMITED("on_limit = \"restrict-today\""));

	policy_fixture_send(fixture, 10, NOON);
	cr_expect_eq(fixture->n_standings, 0);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 1).reason, REASON_OVER_LIMIT);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, MIDNIGHT + DAY);
	cr_expect_eq(policy_fixture_last(fixture, POLICY_RESTRICTED)->until_sec, MIDNIGHT + DAY);
	cr_expect_eq(policy_fixture_send(fixture, 1, MIDNIGHT + DAY - 1).reason, REASON_RESTRICTED);
	cr_expect_eq(policy_fixture_send(fixture, 1, MIDNIGHT + DAY - 1).until_sec, MIDNIGHT + DAY);
	policy_fixture_tick(fixture, MIDNIGHT + DAY - 1);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTION_ENDED), 0);
	/* Without a tick, too. */
	cr_expect_eq(policy_fixture_send(fixture, 1, MIDNIGHT + DAY).reason, REASON_GOOD);
	policy_fixture_tick(fixture, MIDNIGHT + DAY);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTION_ENDED), 1);
	expect_good(fixture);
	cr_expect(fixture->standing.ended);
	policy_fixture_free(fixture);
}

Test(policy_standing, restricted_holds_until_released_and_not_again_on_that_day)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED("on_limit = \"restrict\""));
	struct decision decision;

	policy_fixture_send(fixture, 10, NOON);
	policy_fixture_send(fixture, 1, NOON);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, 0);
	policy_fixture_tick(fixture, NOON + 400L * DAY);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 400L * DAY).reason, REASON_RESTRICTED);

	cr_expect_eq(policy_fixture_release(fixture, "BOB@example.net", NOON + 400L * DAY), 0);
	expect_good(fixture);
	cr_expect_not(fixture->standing.ended, "it was released today");
	cr_expect_eq(policy_fixture_release(fixture, BOB, NOON + 400L * DAY), -ENOENT);
	policy_fixture_send(fixture, 10, NOON + 400L * DAY);
	decision = policy_fixture_send(fixture, 1, NOON + 400L * DAY + 1);
	cr_expect_eq(decision.reason, REASON_OVER_LIMIT);
	cr_expect_eq(decision.pool, POOL_HIGH_RISK);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTED), 1);

	/* Restricted again on the next day, with or without a tick. */
	policy_fixture_send(fixture, 10, MIDNIGHT + 401L * DAY);
	cr_expect_eq(policy_fixture_send(fixture, 1, MIDNIGHT + 401L * DAY).action,
		     DECISION_REJECT);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTED), 2);
	policy_fixture_free(fixture);
}

Test(policy_standing, what_slides_into_later_minutes_never_restricts)
{
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"default\" { messages_per_minute = 10 "
				   "on_limit = \"restrict\" }\n");

	for (unsigned i = 0; i < 10; i++)
		cr_expect_eq(policy_fixture_send(fixture, 1, NOON).reason, REASON_GOOD);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON).action, DECISION_DEFER);
	cr_expect_eq(fixture->n_standings, 0);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 70).reason, REASON_GOOD);
	policy_fixture_free(fixture);
}

Test(policy_standing, volume_restricts_though_every_message_left_as_spam)
{
	struct policy_fixture *fixture =
		policy_fixture_new(LIMITED("on_limit = \"restrict\" spam_of_last = \"never\""));
	struct facts spam = {.user = BOB, .spam = true, .recipients_external = 6};

	cr_expect_eq(policy_fixture_decide(fixture, &spam, NOON).reason, REASON_SPAM);
	cr_expect_eq(policy_fixture_decide(fixture, &spam, NOON).reason, REASON_SPAM);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTED), 1);
	cr_expect_eq(policy_fixture_decide(fixture, &spam, NOON).reason, REASON_RESTRICTED);
	policy_fixture_free(fixture);
}

Test(policy_standing, one_under_a_verdict_by_hand_is_not_restricted)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED("on_limit = \"restrict\""));
	struct policy_manual manual = {.action = VERDICT_STEER, .pool = POOL_NORMAL};

	policy_fixture_set_manual(fixture, BOB, &manual, NOON);
	cr_expect_eq(policy_fixture_send(fixture, 50, NOON).reason, REASON_MANUAL);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTED), 0);
	policy_fixture_free(fixture);
}

/* ---- spam */

#define SPAM_RULE "spam_of_last = \"3 of 5\" reports_per_day = 2 spam_for = 1h"

static struct decision send_spam(struct policy_fixture *fixture, bool spam, int64_t now_sec)
{
	struct facts facts = {.user = BOB, .spam = spam};

	return policy_fixture_decide(fixture, &facts, now_sec);
}

Test(policy_standing, n_of_the_last_m_messages_make_a_sender_high_risk_for_a_time)
{
	static const bool marks[] = {true, true, false, false, false, true, true};
	struct policy_fixture *fixture = policy_fixture_new(LIMITED(SPAM_RULE));

	for (unsigned i = 0; i < sizeof(marks); i++)
		send_spam(fixture, marks[i], NOON);
	cr_expect_eq(fixture->n_standings, 0, "two of the last five");
	cr_expect_eq(send_spam(fixture, true, NOON).reason, REASON_SPAM);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_SPAM, NOON + 3600);
	cr_expect_eq(policy_fixture_last(fixture, POLICY_SPAM_SENDER)->until_sec, NOON + 3600);
	cr_expect_eq(send_spam(fixture, false, NOON + 3599).reason, REASON_SPAM);
	cr_expect_eq(send_spam(fixture, false, NOON + 3600).reason, REASON_GOOD);
	policy_fixture_tick(fixture, NOON + 3600);
	expect_good(fixture);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_SPAM_SENDER_ENDED), 1);
	policy_fixture_free(fixture);
}

Test(policy_standing, more_spam_prolongs_it_but_not_with_every_message)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED(SPAM_RULE));
	size_t told;

	for (unsigned i = 0; i < 3; i++)
		send_spam(fixture, true, NOON);
	told = fixture->n_standings;
	for (int64_t now = NOON; now < NOON + 3600 / 8; now += 10)
		send_spam(fixture, true, now);
	cr_expect_eq(fixture->n_standings, told);
	send_spam(fixture, true, NOON + 3600 / 8);
	cr_expect_eq(fixture->n_standings, told + 1);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_SPAM, NOON + 3600 + 450);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_SPAM_SENDER), 1);
	policy_fixture_free(fixture);
}

Test(policy_standing, reports_make_a_sender_high_risk_and_release_forgets_them)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED(SPAM_RULE));

	cr_expect_eq(policy_fixture_report(fixture, BOB, NOON), 0);
	cr_expect_eq(fixture->n_standings, 0);
	cr_expect_eq(policy_fixture_report(fixture, "Bob@Example.NET", NOON + 3600), 0);
	cr_expect_eq(fixture->n_standings, 1);
	cr_expect_eq(send_spam(fixture, false, NOON + 3600).reason, REASON_SPAM);
	cr_expect_eq(policy_fixture_release(fixture, BOB, NOON + 3600), 0);
	cr_expect(fixture->standing.ended);
	cr_expect_eq(send_spam(fixture, false, NOON + 3600).reason, REASON_GOOD);
	policy_fixture_report(fixture, BOB, NOON + 3600);
	cr_expect_eq(send_spam(fixture, false, NOON + 3600).reason, REASON_GOOD);
	policy_fixture_free(fixture);
}

Test(policy_standing, reports_of_yesterday_do_not_count)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED(SPAM_RULE));

	policy_fixture_report(fixture, BOB, NOON);
	policy_fixture_report(fixture, BOB, NOON + SENDER_STALE_SEC);
	cr_expect_eq(fixture->n_standings, 0);
	policy_fixture_free(fixture);
}

Test(policy_standing, release_forgets_the_marks_that_made_it_high_risk)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED(SPAM_RULE));

	for (unsigned i = 0; i < 3; i++)
		send_spam(fixture, true, NOON);
	cr_expect_eq(policy_fixture_release(fixture, BOB, NOON), 0);
	send_spam(fixture, true, NOON);
	cr_expect_eq(send_spam(fixture, false, NOON).reason, REASON_GOOD);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_SPAM_SENDER), 1);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_SPAM_SENDER_ENDED), 1);
	policy_fixture_free(fixture);
}

/* ---- limits that are reached */

Test(policy_standing, a_limit_that_is_reached_is_told_until_there_is_room)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED(""));
	struct facts other = {.user = "eve@example.net", .recipients_external = 1};

	policy_fixture_send(fixture, 9, NOON);
	cr_expect_eq(fixture->n_standings, 0);
	policy_fixture_send(fixture, 1, NOON + 600);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_OVER_LIMIT, NOON + 3900);
	/* More messages in the same sub-bucket change nothing; later ones prolong it. */
	policy_fixture_send(fixture, 1, NOON + 601);
	cr_expect_eq(fixture->n_standings, 1);
	policy_fixture_send(fixture, 8, NOON + 1200);
	cr_expect_eq(fixture->n_standings, 2);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_OVER_LIMIT, NOON + 4500);
	policy_fixture_decide(fixture, &other, NOON);
	cr_expect_eq(fixture->n_standings, 2);
	policy_fixture_tick(fixture, NOON + 4499);
	cr_expect_eq(fixture->n_standings, 2);
	policy_fixture_tick(fixture, NOON + 4500);
	expect_good(fixture);
	cr_expect(fixture->standing.ended);
	policy_fixture_free(fixture);
}

Test(policy_standing, the_end_of_a_full_window_does_not_forget_the_release_of_today)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED("on_limit = \"restrict\""));

	policy_fixture_send(fixture, 11, NOON);
	policy_fixture_release(fixture, BOB, NOON);
	policy_fixture_send(fixture, 11, NOON);
	cr_assert_eq(fixture->standing.verdict.reason, REASON_OVER_LIMIT);
	policy_fixture_tick(fixture, NOON + 3900);
	expect_good(fixture);
	cr_expect_not(fixture->standing.ended);
	cr_expect_eq(policy_fixture_send(fixture, 11, NOON + 3900).pool, POOL_HIGH_RISK);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTED), 1);
	policy_fixture_free(fixture);
}

Test(policy_standing, connections_over_their_limit_are_steered_or_dropped)
{
	struct facts connections = {.kind = FACTS_CONNECTION, .sender = BOB, .connections = 20};
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"default\" { connections_per_minute = 20 }\n");

	cr_expect_eq(policy_fixture_decide(fixture, &connections, NOON).reason, REASON_GOOD);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_OVER_LIMIT, NOON + 70);
	policy_fixture_free(fixture);

	fixture = policy_fixture_new("policy \"default\" { connections_per_minute = 20 "
				     "on_limit = \"defer\" }\n");
	policy_fixture_decide(fixture, &connections, NOON);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_OVER_LIMIT, NOON + 70);
	policy_fixture_free(fixture);
}

Test(policy_standing, connections_past_their_limit_at_once_have_happened_and_count)
{
	struct facts connections = {.kind = FACTS_CONNECTION, .sender = BOB, .connections = 25};
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"default\" { connections_per_minute = 20 "
				   "on_limit = \"defer\" }\n");

	policy_fixture_decide(fixture, &connections, NOON);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_OVER_LIMIT, NOON + 70);
	policy_fixture_free(fixture);
}

Test(policy_standing, refused_connections_wait_for_their_minute_and_not_for_a_days_total)
{
	struct facts connections = {.kind = FACTS_CONNECTION, .sender = BOB, .connections = 20};
	struct facts mail = {.user = BOB, .recipients_external = 10};
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"default\" { connections_per_minute = 20 "
				   "on_limit = \"defer\" }\n"
				   "tenant \"t\" { senders = \"*\" recipients_per_day = 10 }\n");

	policy_fixture_decide(fixture, &mail, NOON);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_OVER_LIMIT,
		       NOON + DAY + 3600);
	policy_fixture_decide(fixture, &connections, NOON);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_OVER_LIMIT, NOON + 70);
	policy_fixture_free(fixture);
}

Test(policy_standing, deferred_messages_leave_the_datapath_alone)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED("on_limit = \"defer\""));

	policy_fixture_send(fixture, 10, NOON);
	policy_fixture_send(fixture, 1, NOON);
	cr_expect_eq(fixture->n_standings, 0);
	policy_fixture_free(fixture);
}

/* ---- manual verdicts, and several standings */

Test(policy_standing, a_verdict_by_hand_ends_on_time_or_by_hand)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct policy_manual manual = {VERDICT_STEER, POOL_HIGH_RISK, NOON + 100};

	cr_expect_eq(policy_fixture_set_manual(fixture, BOB, &manual, NOON), 0);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_MANUAL, NOON + 100);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 99).reason, REASON_MANUAL);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 100).reason, REASON_GOOD);
	policy_fixture_tick(fixture, NOON + 100);
	expect_good(fixture);
	manual.until_sec = 0;
	policy_fixture_set_manual(fixture, BOB, &manual, NOON + 200);
	policy_fixture_tick(fixture, NOON + 200L * DAY);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 200L * DAY).reason, REASON_MANUAL);
	cr_expect_eq(policy_fixture_set_manual(fixture, BOB, NULL, NOON + 200L * DAY), 0);
	expect_good(fixture);
	cr_expect_eq(policy_fixture_set_manual(fixture, BOB, NULL, NOON), 0);
	cr_expect_eq(policy_fixture_set_manual(fixture, "nobody", NULL, NOON), 0);
	policy_fixture_free(fixture);
}

Test(policy_standing, below_one_that_ends_is_the_next_that_holds)
{
	struct policy_fixture *fixture =
		policy_fixture_new(LIMITED("on_limit = \"restrict-today\" " SPAM_RULE));
	struct policy_manual manual = {VERDICT_PASS, POOL_NONE, NOON + 100};

	for (unsigned i = 0; i < 3; i++)
		send_spam(fixture, true, MIDNIGHT + DAY - 1800);
	cr_assert_eq(fixture->standing.verdict.reason, REASON_SPAM);
	send_spam(fixture, false, MIDNIGHT + DAY - 1700);
	policy_fixture_send(fixture, 20, MIDNIGHT + DAY - 1700);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, MIDNIGHT + DAY);
	manual.until_sec = MIDNIGHT + DAY - 60;
	policy_fixture_set_manual(fixture, BOB, &manual, MIDNIGHT + DAY - 120);
	expect_verdict(fixture, VERDICT_PASS, POOL_NONE, REASON_MANUAL, MIDNIGHT + DAY - 60);
	cr_expect_eq(fixture->standing.before.reason, REASON_RESTRICTED);
	cr_expect_eq(fixture->standing.after.reason, REASON_RESTRICTED);
	policy_fixture_tick(fixture, MIDNIGHT + DAY - 60);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, MIDNIGHT + DAY);
	cr_expect_eq(fixture->standing.before.reason, REASON_MANUAL);
	cr_expect_eq(fixture->standing.after.reason, REASON_SPAM);
	cr_expect_eq(fixture->standing.after.pool, POOL_HIGH_RISK);
	policy_fixture_tick(fixture, MIDNIGHT + DAY);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_SPAM, MIDNIGHT + DAY + 1800);
	policy_fixture_tick(fixture, MIDNIGHT + DAY + 1800);
	expect_good(fixture);
	policy_fixture_free(fixture);
}

Test(policy_standing, after_a_step_back_of_the_clock_nothing_lasts_for_years)
{
	const int64_t wrong = NOON + 30L * 365 * DAY;
	struct policy_fixture *fixture =
		policy_fixture_new(LIMITED("on_limit = \"restrict-today\" " SPAM_RULE));

	for (unsigned i = 0; i < 3; i++)
		send_spam(fixture, true, wrong);
	policy_fixture_send(fixture, 11, wrong);
	policy_fixture_tick(fixture, wrong);
	cr_assert_eq(fixture->standing.verdict.reason, REASON_RESTRICTED);
	policy_fixture_tick(fixture, NOON);
	expect_verdict(fixture, VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, MIDNIGHT + DAY);
	policy_fixture_tick(fixture, MIDNIGHT + DAY);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_SPAM,
		       NOON + CONFIG_SPAM_FOR_MAX_SEC);
	policy_fixture_tick(fixture, NOON + CONFIG_SPAM_FOR_MAX_SEC);
	cr_expect(fixture->standing.ended);
	policy_fixture_free(fixture);
}

Test(policy_standing, after_a_step_back_a_full_window_is_over_when_there_is_room)
{
	const int64_t wrong = NOON + 30L * 365 * DAY;
	struct policy_fixture *fixture = policy_fixture_new(LIMITED(""));

	policy_fixture_send(fixture, 10, wrong);
	policy_fixture_send(fixture, 1, NOON);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_OVER_LIMIT, NOON + 3900);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 3900 + 300).reason, REASON_GOOD);
	expect_good(fixture);
	cr_expect(fixture->standing.ended, "room was not told");
	policy_fixture_free(fixture);

	fixture = policy_fixture_new(LIMITED(""));
	policy_fixture_send(fixture, 10, wrong);
	policy_fixture_tick(fixture, wrong);
	policy_fixture_tick(fixture, NOON);
	expect_verdict(fixture, VERDICT_STEER, POOL_HIGH_RISK, REASON_OVER_LIMIT,
		       NOON + DAY + 3600);
	policy_fixture_free(fixture);
}

Test(policy_standing, a_small_step_back_of_the_clock_ends_nothing_early)
{
	struct policy_fixture *fixture =
		policy_fixture_new(LIMITED("on_limit = \"restrict-today\""));

	policy_fixture_send(fixture, 10, NOON);
	policy_fixture_send(fixture, 1, NOON);
	policy_fixture_tick(fixture, NOON);
	policy_fixture_tick(fixture, NOON - 3600);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON - 3600).reason, REASON_RESTRICTED);
	cr_expect_eq(fixture->n_standings, 1);
	policy_fixture_free(fixture);
}
