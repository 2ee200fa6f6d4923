/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine (policy/) at work: facts come in, answers go out, and what follows goes its ways.
 *
 *   facts, reports, connections ──► engine ──► answer, kept for an hour to be explained
 *                                     │
 *                  a standing changes │ durable in the state, then in map verdict, then told
 *                  counts change      │ every second to the state (judge_write)
 *                  something happens  ▼ told (on_event)
 *
 * The agent has one, on top of one steering. Nothing here waits for anybody; times are arguments.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
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
	/* Something happened. The event is borrowed for the call. */
	void (*on_event)(void *data, const struct wire_event *event);
	/* Survived: a map or the state could not be written. */
	void (*on_trouble)(void *data, const struct error *error);
};

/*
 * Borrows all for its life. Restores what the state has kept; where that is not durable, what the maps
 * say of the senders of the configuration.
 */
int judge_open(const struct config *config, struct steering *steering, struct state *state,
	       const struct judge_hooks *hooks, const struct now *now, struct judge **ret_judge,
	       struct error *error);
/* Writes what is not written yet. */
void judge_close(struct judge *judge);

/*
 * Another configuration and the steering that goes by it, in two steps:
 *
 *   judge_prepare()  may fail and changes nothing of the judge. -ENOMEM; or the usage map cannot be read.
 *   judge_commit()   cannot fail. It consumes `next`; from then on the judge borrows the new two.
 *
 * The old two must exist until judge_commit() returns. judge_next_free() gives a preparation up.
 */
struct judge_next;
int judge_prepare(const struct judge *judge, const struct config *config, struct steering *steering,
		  const struct now *now, struct judge_next **ret_next, struct error *error);
void judge_commit(struct judge *judge, struct judge_next *next, const struct now *now);
void judge_next_free(struct judge_next *next);

/* Once a second: ends what is due, makes good for events that were lost. */
void judge_tick(struct judge *judge, const struct now *now);
/* After it: counts that changed, one slice. True: there is more, for another call soon. */
bool judge_write(struct judge *judge);

/* ---- messages */

/* -EINVAL: a text is too long. */
int judge_message(struct judge *judge, const struct message_facts *message, const struct now *now,
		  struct message_decision *ret_answer, struct error *error);

/* What was answered, with the figures of then and the handles of now; borrowed until the next message. */
struct judge_explanation {
	struct decision_record record;
	struct message_decision answer;
};
/* -ENOENT: none in the last hour. */
int judge_explain(const struct judge *judge, const char *message_id, const struct now *now,
		  struct judge_explanation *ret_explanation, struct error *error);
int judge_explain_sender(const struct judge *judge, const char *sender, const struct now *now,
			 struct judge_explanation *ret_explanation, struct error *error);

/* ---- mail that waits in a queue */

/*
 * What holds now for mail of an envelope sender, as far as that alone tells:
 *
 *   the null sender ("")                            high-risk, as a bounce
 *   a standing of it as a name (users and envelope
 *   senders are one name space), else of its
 *   domain where `identity` is "domain"             that: a pool, held (DROP), or PASS
 *   anything else that `identity` makes a sender    normal
 *   nobody (`identity` is "client" or "sender")     the configuration's default
 *
 * Facts of one message (spam, recipients, DNS) are not known here: what they decided goes with the
 * message. Asking counts nothing.
 */
struct judge_envelope {
	enum verdict_action action;
	enum reason reason;
	const char *pool;	 /* NULL unless STEER */
	const struct lane *lane; /* NULL: not STEER, or the pool has none */
};
void judge_envelope(const struct judge *judge, const char *envelope_from, const struct now *now,
		    struct judge_envelope *ret_envelope);

/* ---- senders */

/* Somebody complains about spam of this sender. -EINVAL: no name, or too long. */
int judge_report(struct judge *judge, const char *sender, const struct now *now,
		 struct error *error);
/* -ENOENT: it is neither restricted nor high-risk for spam. */
int judge_release(struct judge *judge, const char *sender, const struct now *now,
		  struct error *error);

/*
 * By hand: durable, then in the map, else nothing has changed. A sender needs no selector, but must be
 * known. -ENOENT: neither configured nor seen; -EINVAL: no such pool; -ENOSPC.
 */
int judge_set_verdict(struct judge *judge, const char *sender, const struct manual_order *verdict,
		      const struct now *now, struct error *error);
/* Back to what policy says; 0 also where nothing was set. */
int judge_clear_verdict(struct judge *judge, const char *sender, const struct now *now,
			struct error *error);

/* ---- connections */

/* The datapath says that this sender has opened flows. */
void judge_connections(struct judge *judge, uint32_t sender_id, const struct now *now);

/* ---- for views */

struct policy *judge_policy(const struct judge *judge);
struct surges *judge_surges(const struct judge *judge);

struct judge_stats {
	struct policy_stats policy;
	uint64_t reports;
	uint64_t unanswered; /* messages that did without */
	uint64_t left_out;   /* records that were not restored */
};
void judge_stats(const struct judge *judge, struct judge_stats *ret_stats);

/*
 * For the state: everything that it should keep (failover_owner.rewrite). Where the state is not durable,
 * what its file holds could not be read at the start: standings, verdicts and pools are taken up first.
 */
int judge_rewrite(struct judge *judge, struct state *state, struct error *error);
