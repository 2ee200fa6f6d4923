/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine (policy/) at work: takes facts, returns decisions, carries out changes.
 *
 *   messages, complaints, connections ──► engine ──► decision, kept for an hour to be explained
 *                                           │
 *                        a standing changes │ durable in the state, then in map verdict, an event
 *                        counts change      │ to the state each second (judge_write)
 *                        something happens  ▼ an event (on_event)
 *
 * The agent has one judge, on top of one steering. Nothing here blocks; times are arguments.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "judge/mail_dns.h"
#include "policy/decision_log.h"
#include "policy/message.h"
#include "policy/policy.h"

struct config;
struct manual_order;
struct steering;
struct error;
struct judge;
struct lane;
struct state;
struct wire_event;

struct judge_hooks {
	void *data;
	/* clock_boot(); NULL: not known */
	const char *boot;
	/* An event, borrowed for the call. */
	void (*on_event)(void *data, const struct wire_event *event);
	/* A map or the state could not be written; the judge goes on. */
	void (*on_trouble)(void *data, const struct error *error);
};

/*
 * Borrows all arguments for its life. Fills the engine from the state, or from the maps where the
 * state is not current, and the steering from the engine; steering_sync() must follow. -ENOMEM; or
 * the state or a map cannot be read.
 */
int judge_open(const struct config *config, struct steering *steering, struct state *state,
	       const struct judge_hooks *hooks, const struct now *now, struct judge **ret_judge,
	       struct error *error);
/* Writes all counts that changed. */
void judge_close(struct judge *judge);

/*
 * Another configuration and its steering, in two steps:
 *
 *   judge_prepare()  may fail and touches no judge, so that a thread may do it. -ENOMEM; or map
 *                    usage is not read.
 *   judge_commit()   cannot fail. It consumes `next`; from then on the judge borrows the new two.
 *                    The steering gets the standings of now; plan_step() (steering/plan.h) or
 *                    steering_sync() must follow.
 *
 * The old two must exist until judge_commit() returns. judge_next_free() cancels a preparation.
 */
struct judge_next;
int judge_prepare(const struct config *config, struct steering *steering,
		  struct judge_next **ret_next, struct error *error);
void judge_commit(struct judge *judge, struct judge_next *next, const struct now *now);
void judge_next_free(struct judge_next *next);

/* Once a second: ends verdicts whose time is over, and makes up for lost events. */
void judge_tick(struct judge *judge, const struct now *now);
/* Writes one slice of the counts that changed. True: there are more, call again soon. */
bool judge_write(struct judge *judge);

/* ---- messages */

/* -EINVAL: a text is too long. */
int judge_message(struct judge *judge, const struct message_facts *message, const struct now *now,
		  struct message_decision *ret_answer, struct error *error);

/* A decision as it was made, with the handles of now. Borrowed until the next message. */
struct judge_explanation {
	struct decision_record record;
	struct message_decision answer;
};
/* -ENOENT: none in the last hour. */
int judge_explain(const struct judge *judge, const char *message_id, const struct now *now,
		  struct judge_explanation *ret_explanation, struct error *error);
int judge_explain_sender(const struct judge *judge, const char *sender, const struct now *now,
			 struct judge_explanation *ret_explanation, struct error *error);

/* ---- mail in a queue */

/*
 * The verdict on mail of an envelope sender, as far as the envelope sender alone decides it:
 *
 *   the null sender ("")                            high-risk, as a bounce
 *   a sender with a standing: by the address
 *   (users and envelope senders are one name
 *   space), then by its domain where `identity`
 *   is "domain"                                     the standing's: a pool, DROP, or PASS
 *   double-bounce@, of Postfix's probes             high-risk, as a bounce
 *   one of the logins that lately sent mail under
 *   this envelope sender has a standing             the strictest of theirs (logins.h)
 *   any other sender by `identity`                  normal
 *   nobody (`identity` is "client" or "sender")     the configuration's default
 *
 * Facts of one message (spam, recipients, DNS) are not known here; the message carries its own
 * decision. Nothing is counted.
 */
struct judge_envelope {
	enum verdict_action action;
	enum reason reason;
	const char *pool;	 /* NULL unless STEER */
	const struct lane *lane; /* NULL: not STEER, or the pool has none */
	const char *held;	 /* why nothing leaves by the lane; NULL: mail leaves, or no lane */
};
void judge_envelope(const struct judge *judge, const char *envelope_from, const struct now *now,
		    struct judge_envelope *ret_envelope);

/* ---- senders */

/* A complaint about spam of this sender. -EINVAL: no name, or too long. */
int judge_report(struct judge *judge, const char *sender, const struct now *now,
		 struct error *error);
/* -ENOENT: the sender is neither restricted nor high-risk for spam. */
int judge_release(struct judge *judge, const char *sender, const struct now *now,
		  struct error *error);

/*
 * A manual verdict: durable, then in the map; after a failure nothing has changed. The sender needs
 * no selector, but must be known. -ENOENT: neither configured nor seen; -EINVAL: no such pool, or
 * the handle does not allow it; -ENOSPC: no space.
 */
int judge_set_verdict(struct judge *judge, const char *sender, const struct manual_order *verdict,
		      const struct now *now, struct error *error);
/* Removes a manual verdict; 0 also where there is none. -ENOENT: neither configured nor seen. */
int judge_clear_verdict(struct judge *judge, const char *sender, const struct now *now,
			struct error *error);

/* ---- connections */

/* The datapath reports that this sender has opened flows. */
void judge_connections(struct judge *judge, uint32_t sender_id, const struct now *now);

/* ---- for views */

struct policy *judge_policy(const struct judge *judge);
struct surges *judge_surges(const struct judge *judge);

struct judge_stats {
	struct policy_stats policy;
	uint64_t reports;
	uint64_t unanswered; /* messages whose reporter got no answer */
	uint64_t left_out;   /* records that were not restored */
	struct mail_dns mail_dns;
	uint64_t logins_evicted; /* envelope senders whose logins were forgotten (logins.h) */
};
void judge_stats(const struct judge *judge, struct judge_stats *ret_stats);

/*
 * Writes everything into `state` (failover_owner.rewrite). Where the file could not be read at the
 * start, its standings, orders and states of pools are read first.
 */
int judge_rewrite(struct judge *judge, struct state *state, struct error *error);
