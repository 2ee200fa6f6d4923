/* SPDX-License-Identifier: BSD-2-Clause */
/* One function for each rule: it returns true if the rule matches, and adds its step. */
#include "policy/rules.h"

#include <assert.h>
#include <string.h>

#include "policy/day.h"

#define STATUS_DEFER	"4.7.1"
#define STATUS_TOO_MANY "5.5.3" /* recipients */
#define STATUS_USER	"5.1.8"
#define STATUS_OTHERS	"5.7.711" /* connectors: domains, clients, senders of selectors */

static bool is_bounce(const struct facts *facts)
{
	return facts->bounce || (facts->envelope_from && !*facts->envelope_from);
}

static bool is_message(const struct rules_input *input)
{
	return input->facts->kind == FACTS_MESSAGE;
}

static bool lacks_mail_dns(const struct facts *facts)
{
	return facts->mail_dns == FACTS_DNS_ABSENT;
}

/* ---- parts of a decision */

static struct decision_step *add_step(struct decision *decision, enum reason rule, bool matched)
{
	struct decision_step *step = &decision->steps[decision->n_steps++];

	assert(decision->n_steps <= DECISION_STEPS_MAX);
	*step = (struct decision_step){
		.rule = rule,
		.outcome = matched ? STEP_MATCHED : STEP_PASSED,
		.limit = CONFIG_LIMITS,
	};
	return step;
}

static void steer(struct decision *decision, enum reason reason, uint32_t pool)
{
	decision->action = DECISION_STEER;
	decision->reason = reason;
	decision->pool = pool;
}

static void defer(struct decision *decision, enum reason reason)
{
	decision->action = DECISION_DEFER;
	decision->reason = reason;
	decision->status = STATUS_DEFER;
}

static void reject(const struct rules_input *input, struct decision *decision, enum reason reason)
{
	bool mailbox = input->identity->kind == IDENTITY_USER ||
		       input->identity->kind == IDENTITY_ENVELOPE;

	decision->action = DECISION_REJECT;
	decision->reason = reason;
	decision->status = mailbox ? STATUS_USER : STATUS_OTHERS;
}

/* A verdict of the datapath as a decision on a message. */
static void follow(struct decision *decision, enum reason reason, enum verdict_action action,
		   uint32_t pool)
{
	if (action == VERDICT_DROP)
		defer(decision, reason);
	else
		steer(decision, reason, action == VERDICT_STEER ? pool : POOL_NONE);
}

/* ---- the rules */

static bool try_manual(const struct rules_input *input, struct decision *decision)
{
	const struct standing *standing = input->standing;
	bool matched = standing && standing_is_manual(standing, input->now_sec);
	struct decision_step *step = add_step(decision, REASON_MANUAL, matched);

	if (!matched)
		return false;
	if (standing->manual_action != VERDICT_DROP && is_message(input) &&
	    (is_bounce(input->facts) || lacks_mail_dns(input->facts))) {
		step->outcome = STEP_YIELDED;
		return false;
	}
	follow(decision, REASON_MANUAL, standing->manual_action, standing->manual_pool);
	decision->until_sec = standing->manual_until_sec;
	return true;
}

static bool try_restricted(const struct rules_input *input, struct decision *decision)
{
	int64_t until_sec = input->standing ? input->standing->record.restricted_until_sec : 0;
	bool matched = standing_holds(until_sec, input->now_sec);

	add_step(decision, REASON_RESTRICTED, matched);
	if (!matched)
		return false;
	reject(input, decision, REASON_RESTRICTED);
	decision->until_sec = until_sec == STANDING_FOREVER ? 0 : until_sec;
	return true;
}

static bool try_bounce(const struct rules_input *input, struct decision *decision)
{
	bool matched = is_bounce(input->facts);

	add_step(decision, REASON_BOUNCE, matched);
	if (matched)
		steer(decision, REASON_BOUNCE, POOL_HIGH_RISK);
	return matched;
}

static bool try_no_mail_dns(const struct rules_input *input, struct decision *decision)
{
	bool matched = lacks_mail_dns(input->facts);

	add_step(decision, REASON_NO_MAIL_DNS, matched);
	if (matched)
		steer(decision, REASON_NO_MAIL_DNS, POOL_HIGH_RISK);
	return matched;
}

static uint64_t last_messages(uint32_t count)
{
	return count < 64 ? (1ULL << count) - 1 : UINT64_MAX;
}

static bool try_spam(const struct rules_input *input, struct decision *decision)
{
	int64_t until_sec = input->standing ? input->standing->record.spam_until_sec : 0;
	bool sender_is = standing_holds(until_sec, input->now_sec);
	bool matched = sender_is || (is_message(input) && input->facts->spam);
	struct decision_step *step = add_step(decision, REASON_SPAM, matched);

	step->max = input->policy->spam_count;
	if (input->sender)
		step->count = (uint32_t)__builtin_popcountll(input->sender->record.spam_marks &
							     last_messages(input->policy->spam_of));
	if (!matched)
		return false;
	steer(decision, REASON_SPAM, POOL_HIGH_RISK);
	decision->until_sec = sender_is ? until_sec : 0;
	return true;
}

static int64_t below_at(const struct rules_input *input, const struct decision_step *step)
{
	uint32_t below = step->max - step->adds + 1;

	if (step->adds > step->max)
		return 0;
	if (step->limit >= CONFIG_LIMITS_OF_SENDER)
		return tenant_below_at(input->tenant, step->limit, below);
	return input->sender ? sender_below_at(input->sender, step->limit, below) : 0;
}

/* The message alone is over a limit that defers: to wait helps nothing (RFC 5321 4.2.1). */
static bool never_fits(const struct rules_input *input, enum config_limit limit)
{
	const struct limit_state *state = &input->limits[limit];

	return is_message(input) && state->max && state->adds > state->max &&
	       state->on_limit == CONFIG_ON_LIMIT_DEFER;
}

static bool never_fits_later(const struct rules_input *input, enum config_limit limit)
{
	while (++limit < CONFIG_LIMITS)
		if (never_fits(input, limit))
			return true;
	return false;
}

/* False: on_limit = alert, or a later limit rejects for good. The next one is tried. */
static bool act_on_limit(const struct rules_input *input, struct decision *decision,
			 struct decision_step *step)
{
	enum config_on_limit on_limit = input->limits[step->limit].on_limit;

	if (never_fits(input, step->limit)) {
		reject(input, decision, REASON_OVER_LIMIT);
		decision->status = STATUS_TOO_MANY;
		return true;
	}
	if (on_limit == CONFIG_ON_LIMIT_DEFER && never_fits_later(input, step->limit)) {
		step->outcome = STEP_YIELDED;
		return false;
	}
	switch (on_limit) {
	case CONFIG_ON_LIMIT_HIGH_RISK:
		steer(decision, REASON_OVER_LIMIT, POOL_HIGH_RISK);
		decision->until_sec = below_at(input, step);
		return true;
	case CONFIG_ON_LIMIT_DEFER:
		defer(decision, REASON_OVER_LIMIT);
		decision->until_sec = below_at(input, step);
		return true;
	case CONFIG_ON_LIMIT_RESTRICT_TODAY:
		reject(input, decision, REASON_OVER_LIMIT);
		decision->until_sec = day_next_midnight(input->now_sec);
		return true;
	case CONFIG_ON_LIMIT_RESTRICT:
		reject(input, decision, REASON_OVER_LIMIT);
		return true;
	default: /* CONFIG_ON_LIMIT_ALERT */
		break;
	}
	step->outcome = STEP_ALERTED;
	return false;
}

static bool try_over_limit(const struct rules_input *input, struct decision *decision)
{
	for (enum config_limit limit = 0; limit < CONFIG_LIMITS; limit++) {
		const struct limit_state *state = &input->limits[limit];
		struct decision_step *step;
		bool over;

		if (state->adds == 0 || state->max == 0)
			continue;
		over = (uint64_t)state->count + state->adds > state->max;
		step = add_step(decision, REASON_OVER_LIMIT, over);
		step->limit = limit;
		step->count = state->count;
		step->adds = state->adds;
		step->max = state->max;
		if (over && act_on_limit(input, decision, step))
			return true;
	}
	return false;
}

/* Mail of another domain that this host forwards. */
static bool is_forward(const struct rules_input *input)
{
	const struct facts *facts = input->facts;
	const char *domain = identity_domain(facts->envelope_from);

	return domain && !identity_matches(&input->config->internal_domains, domain) &&
	       facts->spf != FACTS_AUTH_PASS &&
	       !(input->config->relay_dkim && facts->dkim == FACTS_AUTH_PASS);
}

static bool try_relay(const struct rules_input *input, struct decision *decision)
{
	bool matched;

	if (input->relay_pool == POOL_NONE)
		return false;
	matched = is_forward(input);
	add_step(decision, REASON_RELAY, matched);
	if (matched)
		steer(decision, REASON_RELAY, input->relay_pool);
	return matched;
}

static bool take_the_rest(const struct rules_input *input, struct decision *decision)
{
	const struct config *config = input->config;

	if (input->identity->kind != IDENTITY_NONE) {
		add_step(decision, REASON_GOOD, true);
		steer(decision, REASON_GOOD, POOL_NORMAL);
		return true;
	}
	add_step(decision, REASON_UNKNOWN_SENDER, true);
	follow(decision, REASON_UNKNOWN_SENDER, config->default_action,
	       config->default_pool ? config->default_pool->id : POOL_NONE);
	return true;
}

static bool try_rule(enum reason rule, const struct rules_input *input, struct decision *decision)
{
	switch (rule) {
	case REASON_MANUAL:
		return try_manual(input, decision);
	case REASON_RESTRICTED:
		return try_restricted(input, decision);
	case REASON_BOUNCE:
		return is_message(input) && try_bounce(input, decision);
	case REASON_NO_MAIL_DNS:
		return is_message(input) && try_no_mail_dns(input, decision);
	case REASON_SPAM:
		return try_spam(input, decision);
	case REASON_OVER_LIMIT:
		return try_over_limit(input, decision);
	case REASON_RELAY:
		return is_message(input) && try_relay(input, decision);
	default:
		return take_the_rest(input, decision);
	}
}

void rules_apply(const struct rules_input *input, struct decision *ret_decision)
{
	static const enum reason order[] = {
		REASON_MANUAL, REASON_RESTRICTED, REASON_BOUNCE, REASON_NO_MAIL_DNS,
		REASON_SPAM,   REASON_OVER_LIMIT, REASON_RELAY,	 REASON_GOOD,
	};

	ret_decision->n_steps = 0;
	ret_decision->pool = POOL_NONE;
	ret_decision->status = NULL;
	ret_decision->until_sec = 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (try_rule(order[i], input, ret_decision))
			return;
}

/* ---- limits */

/*
 * The null path belongs to notifications of mail servers (RFC 5321 4.5.5). A client has none to
 * submit but receipts and replies, so the name that the host itself gave to the sender counts them.
 */
static bool is_named_by_host(const struct rules_input *input)
{
	switch (input->identity->kind) {
	case IDENTITY_USER:
	case IDENTITY_SENDER:
		return true;
	case IDENTITY_CLIENT:
		return input->config->identity == CONFIG_IDENTITY_CLIENT;
	default:
		return false;
	}
}

static bool is_automatic(const struct facts *facts)
{
	return facts->automatic || is_bounce(facts);
}

/*
 * Nobody of this host has sent a bounce, or mail that it forwards by the relay pool: one popular
 * domain would use up the limits of all that are forwarded.
 */
static bool is_nobodys(const struct rules_input *input)
{
	bool relayed = input->relay_pool != POOL_NONE && is_forward(input);

	return (is_bounce(input->facts) || relayed) && !is_named_by_host(input);
}

static void measure_adds(struct rules_input *input)
{
	const struct facts *facts = input->facts;
	struct limit_state *limits = input->limits;
	uint32_t automatic = input->sender ? input->sender->record.automatic : 0;
	uint64_t total = (uint64_t)facts->recipients_external + facts->recipients_internal;
	uint32_t recipients = total < UINT32_MAX ? (uint32_t)total : UINT32_MAX;

	if (facts->kind == FACTS_CONNECTION) {
		limits[CONFIG_CONNECTIONS_PER_MINUTE].adds =
			facts->connections ? facts->connections : 1;
		return;
	}
	if (is_nobodys(input))
		return;
	limits[CONFIG_MESSAGES_PER_MINUTE].adds = 1;
	if (is_automatic(facts) && total <= 1 &&
	    automatic + total <= input->policy->automatic_per_day) {
		input->automatic = recipients;
		return;
	}
	limits[CONFIG_EXTERNAL_PER_HOUR].adds = facts->recipients_external;
	limits[CONFIG_INTERNAL_PER_HOUR].adds = facts->recipients_internal;
	limits[CONFIG_RECIPIENTS_PER_DAY].adds = recipients;
	limits[CONFIG_TENANT_EXTERNAL_PER_DAY].adds = facts->recipients_external;
	limits[CONFIG_TENANT_RECIPIENTS_PER_DAY].adds = recipients;
}

static enum config_on_limit on_limit_of_sender(const struct rules_input *input,
					       enum config_limit limit)
{
	enum config_on_limit on_limit = input->policy->on_limit;

	if (on_limit != CONFIG_ON_LIMIT_RESTRICT && on_limit != CONFIG_ON_LIMIT_RESTRICT_TODAY)
		return on_limit;
	if (limit == CONFIG_MESSAGES_PER_MINUTE || limit == CONFIG_CONNECTIONS_PER_MINUTE)
		return CONFIG_ON_LIMIT_DEFER;
	if (input->standing && input->standing->record.released_day == day_of(input->now_sec))
		return CONFIG_ON_LIMIT_HIGH_RISK;
	return on_limit;
}

static void measure_sender(struct rules_input *input)
{
	for (enum config_limit limit = 0; limit < CONFIG_LIMITS_OF_SENDER; limit++) {
		struct limit_state *state = &input->limits[limit];

		state->count = input->sender ? sender_sum(input->sender, limit) : 0;
		state->max = input->policy->limits[limit];
		state->on_limit = on_limit_of_sender(input, limit);
	}
}

static void measure_tenant(struct rules_input *input)
{
	for (enum config_limit limit = CONFIG_LIMITS_OF_SENDER; limit < CONFIG_LIMITS; limit++) {
		struct limit_state *state = &input->limits[limit];

		state->count = tenant_sum(input->tenant, limit);
		state->max = input->tenant->config->limits[limit - CONFIG_LIMITS_OF_SENDER];
		state->on_limit = input->tenant->config->on_limit;
	}
}

void rules_measure(struct rules_input *input)
{
	memset(input->limits, 0, sizeof(input->limits));
	input->automatic = 0;
	measure_adds(input);
	if (!rules_counts(input))
		return;
	if (input->identity->kind != IDENTITY_NONE)
		measure_sender(input);
	if (input->tenant)
		measure_tenant(input);
}

bool rules_counts(const struct rules_input *input)
{
	return input->limits[CONFIG_MESSAGES_PER_MINUTE].adds ||
	       input->limits[CONFIG_CONNECTIONS_PER_MINUTE].adds;
}
