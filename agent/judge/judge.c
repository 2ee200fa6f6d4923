/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's life, its callbacks, messages. Orders are in manual.c, connections in connections.c. */
#include "judge/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "steering/steering.h"
#include "judge/judge_internal.h"
#include "judge/persist.h"
#include "wire/event.h"
#include "pool/lane.h"
#include "policy/identity.h"
#include "state/state.h"

#define SURGE_DOMAINS_MAX 4096

/* ---- callbacks of the engine */

static void tell(const struct judge *judge, const struct wire_event *event)
{
	if (judge->hooks.on_event)
		judge->hooks.on_event(judge->hooks.data, event);
}

void judge_trouble(const struct judge *judge, const struct error *error)
{
	if (judge->hooks.on_trouble)
		judge->hooks.on_trouble(judge->hooks.data, error);
}

static void on_event(void *data, const struct policy_event *event)
{
	const struct judge *judge = data;

	tell(judge, &(struct wire_event){
			    .kind = WIRE_EVENT_POLICY, .now_sec = judge->now.sec, .policy = event});
}

const struct config_pool *judge_pool(const struct judge *judge, uint32_t id)
{
	const struct config *config = judge->config;

	for (size_t i = 0; i < config->n_pools; i++)
		if (config->pools[i].id == id)
			return &config->pools[i];
	return NULL;
}

static int apply(struct judge *judge, const struct policy_standing *standing, struct error *error)
{
	const struct steering_standing wanted = {standing->verdict, standing->after};

	return steering_apply(judge->steering, standing->record->name, &wanted, judge->now.ns,
			      judge->now.sec, error);
}

static void on_standing(void *data, const struct policy_standing *standing)
{
	struct judge *judge = data;
	const struct config_pool *pool = judge_pool(judge, standing->verdict.pool);
	struct error error;
	int r;

	if (judge->loading)
		return;
	if (persist_standing(judge->persist, standing, &error) < 0)
		judge_trouble(judge, &error);
	r = apply(judge, standing, &error);
	if (r < 0 && judge->by_hand) {
		judge->failed = r;
		judge->failure = error;
	} else if (r < 0) {
		judge->unapplied = true;
		judge_trouble(judge, &error);
	}
	if (standing->verdict_changed)
		tell(judge,
		     &(struct wire_event){.kind = WIRE_EVENT_VERDICT,
					  .now_sec = judge->now.sec,
					  .verdict = {standing->record->name, &standing->verdict,
						      pool ? pool->name : NULL}});
}

/* ---- life */

static int apply_one(void *data, const struct policy_standing *standing)
{
	struct judge *judge = data;
	struct error error;

	if (apply(judge, standing, &error) < 0) {
		judge->unapplied = true;
		judge_trouble(judge, &error);
	}
	return 0;
}

/* Of those that have no standing any more, too. */
void judge_apply_all(struct judge *judge)
{
	const struct steering_standing nothing = {.now = {.reason = REASON_GOOD}};
	const struct steering_sender *senders;
	struct policy_view view;
	struct error ignored;
	size_t count;

	judge->unapplied = false;
	senders = steering_senders(judge->steering, &count);
	for (size_t i = 0; i < count; i++)
		if (senders[i].standing.now.reason != REASON_GOOD &&
		    (policy_view(judge->policy, senders[i].name, judge->now.sec, &view) < 0 ||
		     view.verdict.reason == REASON_GOOD) &&
		    steering_apply(judge->steering, senders[i].name, &nothing, judge->now.ns,
				   judge->now.sec, &ignored) < 0)
			judge->unapplied = true;
	policy_standings(judge->policy, judge->now.sec, apply_one, judge);
}

/* Where nothing is kept, the maps remember; the steering has read them. */
static void adopt(struct judge *judge, const struct steering_sender *sender)
{
	const struct sender_verdict *now = &sender->standing.now;
	int64_t until_sec = now->until_sec ? now->until_sec : STANDING_FOREVER;
	struct standing_record record = {.version = STANDING_VERSION};

	strncpy(record.name, sender->name, sizeof(record.name) - 1);
	switch (now->reason) {
	case REASON_MANUAL:
		policy_set_manual(judge->policy, sender->name,
				  &(struct policy_manual){now->action, now->pool, now->until_sec},
				  judge->now.sec);
		return;
	case REASON_RESTRICTED:
		record.restricted_until_sec = until_sec;
		break;
	case REASON_SPAM:
		record.spam_until_sec = until_sec;
		break;
	case REASON_OVER_LIMIT:
		record.full_until_sec = until_sec;
		record.full_action = now->action;
		break;
	default:
		return;
	}
	policy_import_standing(judge->policy, &record, judge->now.sec);
}

static int restore(struct judge *judge, struct error *error)
{
	const struct steering_sender *senders;
	size_t count;
	int r = 0;

	judge->loading = true;
	if (judge->state->durable) {
		r = persist_load(judge->persist, judge->policy, judge->config, judge->now.sec,
				 error);
	} else {
		senders = steering_senders(judge->steering, &count);
		for (size_t i = 0; i < count; i++)
			adopt(judge, &senders[i]);
	}
	judge->loading = false;
	if (r == 0)
		judge_apply_all(judge);
	return r;
}

static int make_engine(struct judge *judge, const uint8_t secret[SIPHASH_KEY_SIZE])
{
	struct policy_options options = {
		.senders_max = judge->config->senders_tracked_max,
		.callbacks = {judge, on_event, on_standing, NULL},
	};
	int r;

	memcpy(options.secret, secret, sizeof(options.secret));
	r = policy_new(&options, judge->config, &judge->policy);
	if (r == 0)
		r = decision_log_new(judge->config->decisions_max, secret, &judge->ring);
	if (r == 0)
		r = surges_new(SURGE_DOMAINS_MAX, secret, &judge->surges);
	return r;
}

static void let_go(struct judge *judge)
{
	surges_free(judge->surges);
	decision_log_free(judge->ring);
	policy_free(judge->policy);
	persist_close(judge->persist);
	free(judge);
}

int judge_open(const struct config *config, struct steering *steering, struct state *state,
	       const struct judge_hooks *hooks, const struct now *now, struct judge **ret_judge,
	       struct error *error)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	uint8_t secret[SIPHASH_KEY_SIZE];
	int r;

	if (!judge)
		return error_set(error, -ENOMEM, "out of memory");
	judge->config = config;
	judge->steering = steering;
	judge->state = state;
	judge->hooks = *hooks;
	judge->now = *now;
	r = persist_open(state, &judge->persist, secret, error);
	if (r == 0) {
		r = make_engine(judge, secret);
		if (r < 0)
			error_set(error, r, "no memory for %u senders",
				  config->senders_tracked_max);
	}
	if (r == 0)
		r = restore(judge, error);
	if (r == 0)
		r = judge_take_up(steering, error);
	if (r == 0)
		judge_note_lost(judge);
	if (r < 0) {
		let_go(judge);
		return r;
	}
	/* From here on it knows what time it is: a leap back before the first tick is one, too. */
	policy_tick(judge->policy, now->sec);
	*ret_judge = judge;
	return 0;
}

void judge_close(struct judge *judge)
{
	bool more = true;
	struct error error;

	if (!judge)
		return;
	while (more && persist_write(judge->persist, judge->policy, &more, &error) == 0)
		;
	let_go(judge);
}

void judge_tick(struct judge *judge, const struct now *now)
{
	judge->now = *now;
	policy_tick(judge->policy, now->sec);
	if (judge->unapplied)
		judge_apply_all(judge);
	judge_look(judge);
}

bool judge_write(struct judge *judge)
{
	struct error error;
	bool more = false;

	if (persist_write(judge->persist, judge->policy, &more, &error) == 0)
		return more;
	judge_trouble(judge, &error);
	return false;
}

/* ---- messages */

static void fill_handle(const struct address *handle, char ret_text[ADDRESS_TEXT_SIZE])
{
	ret_text[0] = '\0';
	if (handle)
		address_format(handle, ret_text);
}

static void fill_answer(const struct judge *judge, struct message_decision *answer)
{
	const struct config_pool *pool = judge_pool(judge, answer->decision.pool);
	const struct lane *lane = steering_lane(judge->steering, pool, answer->decision.sender);

	answer->pool = pool ? pool->name : NULL;
	answer->lane = lane;
	fill_handle(lane ? lane->ipv4 : NULL, answer->handle_ipv4);
	fill_handle(lane ? lane->ipv6 : NULL, answer->handle_ipv6);
}

static enum surge_origin origin_of(const struct judge *judge, const struct message_facts *message)
{
	struct decision_record kept;

	if (message->original_id &&
	    decision_log_find(judge->ring, message->original_id, judge->now.sec, &kept) == 0)
		return SURGE_SENT_HERE;
	return message->origin;
}

static void watch_surges(struct judge *judge, const struct message_facts *message,
			 const struct decision *decision)
{
	const struct surge_bounce bounce = {
		.domain = identity_domain(message->bounce_to),
		.unknown_recipient = message->unknown_recipient,
		.origin = origin_of(judge, message),
	};
	const char *domain = identity_domain(decision->sender);
	struct surge_state surge;

	if (!domain)
		domain = identity_domain(message->facts.envelope_from);
	if (message->facts.spam && domain)
		surges_spam(judge->surges, domain, judge->now.sec);
	if (!bounce.domain)
		return;
	judge_look_unknown(judge);
	if (surges_bounce(judge->surges, &bounce, judge->now.sec, &surge))
		tell(judge, &(struct wire_event){.kind = WIRE_EVENT_SURGE,
						 .now_sec = judge->now.sec,
						 .surge = &surge});
}

int judge_message(struct judge *judge, const struct message_facts *message, const struct now *now,
		  struct message_decision *ret_answer, struct error *error)
{
	struct decision *decision = &ret_answer->decision;
	int r;

	judge->now = *now;
	r = policy_decide(judge->policy, &message->facts, now->sec, decision);
	if (r < 0)
		return error_set(error, r, "a text is longer than %d bytes", POLICY_NAME_SIZE - 1);
	judge->unanswered += message->unanswered;
	fill_answer(judge, ret_answer);
	watch_surges(judge, message, decision);
	decision_log_add(judge->ring, &message->facts, decision, now->sec);
	return 0;
}

int judge_explain(const struct judge *judge, const char *message_id, const struct now *now,
		  struct judge_explanation *ret_explanation, struct error *error)
{
	int r = decision_log_find(judge->ring, message_id, now->sec, &ret_explanation->kept);

	if (r < 0)
		return error_set(error, r, "no decision about '%s' in the last hour", message_id);
	ret_explanation->answer.decision = ret_explanation->kept.decision;
	fill_answer(judge, &ret_explanation->answer);
	return 0;
}

int judge_explain_sender(const struct judge *judge, const char *sender, const struct now *now,
			 struct judge_explanation *ret_explanation, struct error *error)
{
	int r = decision_log_find_sender(judge->ring, sender, now->sec, &ret_explanation->kept);

	if (r < 0)
		return error_set(error, r, "no decision about sender '%s' in the last hour",
				 sender);
	ret_explanation->answer.decision = ret_explanation->kept.decision;
	fill_answer(judge, &ret_explanation->answer);
	return 0;
}

/* ---- for views */

struct steering *judge_control(const struct judge *judge)
{
	return judge->steering;
}

struct policy *judge_policy(const struct judge *judge)
{
	return judge->policy;
}

struct surges *judge_surges(const struct judge *judge)
{
	return judge->surges;
}

void judge_stats(const struct judge *judge, struct judge_stats *ret_stats)
{
	policy_stats(judge->policy, &ret_stats->policy);
	ret_stats->reports = judge->reports;
	ret_stats->unanswered = judge->unanswered;
	ret_stats->left_out = persist_left_out(judge->persist);
}
