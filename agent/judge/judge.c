/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of the engine, time, messages. */
#include "judge/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "config/config.h"
#include "steering/steering.h"
#include "judge/judge_internal.h"
#include "policy/logins.h"
#include "judge/persist.h"
#include "steering/restore.h"
#include "wire/event.h"
#include "pool/lane.h"
#include "policy/identity.h"
#include "policy/owner.h"
#include "state/state.h"

#define SURGE_DOMAINS_MAX 4096

/* ---- life */

/* Orders and standings of the maps that the file does not know. All of them are put, or none. */
static int save_all(struct judge *judge, struct error *error)
{
	struct state *state = judge->state;
	int r = state->ops->begin(state, error);

	if (r < 0)
		return r;
	r = steering_rewrite(judge->steering, state, error);
	if (r == 0)
		r = persist_put_standings(judge->policy, judge->config, state, judge->now.sec,
					  error);
	if (r == 0)
		return state->ops->commit(state, error);
	state->ops->rollback(state);
	return r;
}

static int restore(struct judge *judge, struct error *error)
{
	enum steering_source source = steering_source(judge->steering);
	struct restore from_maps = {
		.policy = judge->policy, .config = judge->config, .now = judge->now};
	int r = source == STEERING_FILE ? 0 : restore_from_maps(&from_maps, judge->steering, error);

	if (r == 0)
		r = persist_load(judge->persist, judge->policy, judge->config,
				 source == STEERING_MAPS ? judge->steering : NULL, &judge->now,
				 error);
	if (r < 0)
		return r;
	restore_fill(judge->policy, judge->config, judge->steering, judge->now.sec);
	if (!state_is_current(judge->state))
		return 0;
	r = judge_save_calendar(judge, error);
	if (r < 0 || source == STEERING_FILE)
		return r;
	r = save_all(judge, error);
	return r == 0 ? steering_note_state(judge->steering, true, error) : r;
}

static int make_engine(struct judge *judge, const uint8_t secret[SIPHASH_KEY_SIZE])
{
	struct policy_options options = {
		.senders_max = judge->config->senders_tracked_max,
		.now_sec = judge->now.sec,
	};
	int r;

	memcpy(options.secret, secret, sizeof(options.secret));
	r = policy_new(&options, judge->config, &judge->policy);
	if (r == 0)
		r = decision_log_new(judge->config->decisions_max, secret, &judge->log);
	if (r == 0)
		r = surges_new(SURGE_DOMAINS_MAX, secret, &judge->surges);
	return r;
}

static void let_go(struct judge *judge)
{
	surges_free(judge->surges);
	decision_log_free(judge->log);
	policy_free(judge->policy);
	logins_free(judge->logins);
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
	if (logins_new(&judge->logins) < 0) {
		let_go(judge);
		return error_set(error, -ENOMEM, "out of memory");
	}
	r = persist_open(state, judge->logins, &judge->persist, secret, error);
	if (r == 0) {
		r = make_engine(judge, secret);
		if (r < 0)
			error_set(error, r, "no memory for %u senders (senders_tracked_max)",
				  config->senders_tracked_max);
	}
	if (r == 0)
		r = restore(judge, error);
	if (r == 0)
		r = judge_skip_connections(steering, error);
	if (r == 0)
		judge_note_lost(judge);
	if (r == 0)
		judge_tell_waiting(judge);
	if (r < 0) {
		let_go(judge);
		return r;
	}
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
	bool more = true;

	judge_take_time(judge, now);
	while (more) {
		struct policy_changes changes;

		changes.count = 0;
		more = policy_tick(judge->policy, now->sec, &changes);
		judge_apply_or_retry(judge, &changes);
	}
	if (judge->unapplied)
		judge_refresh(judge);
	judge_check_connections(judge);
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

/*
 * Orders and standings since the start are newer than the file's. Maps that refuse them are tried
 * again.
 */
static int merge_state(struct judge *judge, struct state *state, struct error *error)
{
	int r = steering_merge_state(judge->steering, state, error);

	if (r == 0)
		r = persist_merge(judge->persist, judge->policy, judge->config, state, &judge->now,
				  error);
	if (r == 0)
		judge_refresh(judge);
	return r;
}

int judge_rewrite(struct judge *judge, struct state *state, struct error *error)
{
	int r = judge->state->durable ? 0 : merge_state(judge, state, error);

	if (r == 0)
		r = steering_rewrite(judge->steering, state, error);
	if (r == 0)
		r = judge_put_calendar(judge, state, error);
	return r < 0 ? r
		     : persist_rewrite(judge->persist, judge->policy, judge->config, state,
				       judge->now.sec, error);
}

/* ---- messages */

static void fill_handle(const struct address *handle, char ret_text[ADDRESS_TEXT_SIZE])
{
	ret_text[0] = '\0';
	if (handle)
		address_format(handle, ret_text);
}

/* Both NULL: none. */
static void fill_answer(const struct config_pool *pool, const struct lane *lane,
			struct message_decision *answer)
{
	answer->pool = pool ? pool->name : NULL;
	answer->lane = lane;
	fill_handle(lane ? lane->ipv4 : NULL, answer->handle_ipv4);
	fill_handle(lane ? lane->ipv6 : NULL, answer->handle_ipv6);
}

static enum surge_origin origin_of(const struct judge *judge, const struct message_facts *message)
{
	struct decision_record record;

	if (message->original_id &&
	    decision_log_find(judge->log, message->original_id, judge->now.sec, &record) == 0)
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
	judge_check_unknown(judge);
	if (surges_bounce(judge->surges, &bounce, judge->now.sec, &surge))
		judge_emit(judge, &(struct wire_event){.kind = WIRE_EVENT_SURGE,
						       .now_sec = judge->now.sec,
						       .surge = &surge});
}

static void watch_mail_dns(struct judge *judge, const struct message_facts *message)
{
	if (!message->mail_dns_asked || !identity_domain(message->facts.envelope_from) ||
	    !mail_dns_note(&judge->mail_dns, message->facts.mail_dns, judge->now.sec))
		return;
	judge_emit(judge, &(struct wire_event){.kind = WIRE_EVENT_MAIL_DNS,
					       .now_sec = judge->now.sec,
					       .mail_dns_unknown = judge->mail_dns.since_sec != 0});
}

/* For judge_envelope(). */
static void note_login(struct judge *judge, const struct facts *facts,
		       const struct decision *decision)
{
	if (decision->identity != IDENTITY_USER || !text_is_given(facts->envelope_from))
		return;
	logins_note(judge->logins, policy_key(judge->policy, facts->envelope_from),
		    policy_key(judge->policy, decision->sender), judge->now.sec);
}

int judge_message(struct judge *judge, const struct message_facts *message, const struct now *now,
		  struct message_decision *ret_answer, struct error *error)
{
	struct decision *decision = &ret_answer->decision;
	const struct config_pool *pool;
	struct policy_changes changes;
	int r;

	judge_take_time(judge, now);
	changes.count = 0;
	r = policy_decide(judge->policy, &message->facts, now->sec, decision, &changes);
	if (r < 0)
		return error_set(error, r, "a text is longer than %d bytes", POLICY_NAME_SIZE - 1);
	judge_apply_or_retry(judge, &changes);
	judge->unanswered += message->unanswered;
	pool = config_pool_by_id(judge->config, decision->pool);
	fill_answer(pool, steering_lane_at(judge->steering, pool, decision->sender, now->sec),
		    ret_answer);
	watch_surges(judge, message, decision);
	watch_mail_dns(judge, message);
	note_login(judge, &message->facts, decision);
	decision_log_add(judge->log, &message->facts, decision, ret_answer->pool, now->sec);
	return 0;
}

/* The pool may have another id by now, or be gone. */
static void explain(const struct judge *judge, struct judge_explanation *explanation)
{
	const char *name = explanation->record.pool;
	const struct config_pool *pool = name ? config_pool_find(judge->config, name) : NULL;

	explanation->answer.decision = explanation->record.decision;
	explanation->answer.decision.pool = pool ? pool->id : POOL_NONE;
	fill_answer(pool, steering_lane(judge->steering, pool, explanation->record.decision.sender),
		    &explanation->answer);
}

int judge_explain(const struct judge *judge, const char *message_id, const struct now *now,
		  struct judge_explanation *ret_explanation, struct error *error)
{
	int r = decision_log_find(judge->log, message_id, now->sec, &ret_explanation->record);

	if (r < 0)
		return error_set(error, r, "no decision about '%s' in the last hour", message_id);
	explain(judge, ret_explanation);
	return 0;
}

int judge_explain_sender(const struct judge *judge, const char *sender, const struct now *now,
			 struct judge_explanation *ret_explanation, struct error *error)
{
	char owner[POLICY_NAME_SIZE] = "";
	int r;

	if (strnlen(sender, sizeof(owner)) < sizeof(owner))
		owner_of_order(judge->config, sender, owner);
	r = decision_log_find_sender(judge->log, owner, now->sec, &ret_explanation->record);

	if (r < 0)
		return error_set(error, r, "no decision about sender '%s' in the last hour",
				 sender);
	explain(judge, ret_explanation);
	return 0;
}

/* ---- for views */

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
	ret_stats->mail_dns = judge->mail_dns;
	ret_stats->logins_evicted = logins_evicted(judge->logins);
	ret_stats->left_out = persist_left_out(judge->persist);
}
