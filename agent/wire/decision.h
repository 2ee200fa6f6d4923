/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answer to POST /v1/messages (written by the agent, read by the milter), and the same decision
 * explained later.
 *
 * {"message_id","action","pool","lane","helo","handles":{"ipv4","ipv6"},"reason","status","until",
 * "sender","identity","policy","tenant","why":[{"rule","outcome","limit","count","adds","max"}]}:
 * null where a member does not apply; a step leaves out numbers that its rule does not count.
 * Explained, it also has "addresses":[{"address","state"}], "held" (why no new connection
 * leaves by the lane, or null), "time" and "facts" (facts_json()).
 */
#pragma once

#include <jansson.h>

#include "policy/decision.h"
#include "pool/lane.h"

struct error;
struct message_decision;
struct pool;

/*
 * Writes the JSON text directly: every message gets one, and building and printing a jansson tree
 * would be a third of the agent's work. `message_id` may be NULL. *ret_text is the caller's.
 * -ENOMEM.
 */
int decision_print(const struct message_decision *message, const char *message_id, char **ret_text,
		   struct error *error);

struct decision_context {
	int64_t time_sec; /* when it was decided */
	const struct facts *facts;
	const struct pool *pool; /* as it is now; NULL: not steered to one */
	const char *held;	 /* why nothing leaves by the lane now; NULL: mail leaves */
};
/* Likewise. */
int decision_print_explained(const struct message_decision *message,
			     const struct decision_context *context, char **ret_text,
			     struct error *error);

#define DECISION_STATUS_SIZE 12 /* "5.7.711" */
#define DECISION_UNTIL_SIZE  32

/* Checked: a known action, a status that belongs to it, words that a header can carry. */
struct received_decision {
	enum decision_action action;
	enum reason reason;		   /* REASON_GOOD: none, or none that is known */
	char pool[POSTERN_POOL_LABEL];	   /* "": none; steer only */
	char lane[LANE_NAME_SIZE];	   /* "": none; steer only */
	uint32_t max;			   /* of the limit that gave the reason; 0: none */
	char status[DECISION_STATUS_SIZE]; /* defer and reject only */
	char until[DECISION_UNTIL_SIZE];   /* RFC 3339; "": not known */
	char sender[POLICY_NAME_SIZE];	   /* the accountable sender; "": none */
};

/* -EPROTO: not a decision, or one that contradicts itself. */
int decision_read(const json_t *document, struct received_decision *ret_decision,
		  struct error *error);

/* ---- for people: the whole explained decision, borrowed from the document */

struct wire_step {
	const char *rule, *outcome;
	const char *limit;	     /* NULL: the rule has none */
	json_int_t count, adds, max; /* below 0: the rule does not count */
};
void wire_step_read(const json_t *document, struct wire_step *ret);

struct wire_handles {
	const char *ipv4, *ipv6;
};
void wire_handles_read(const json_t *document, struct wire_handles *ret);

/* A text that does not apply is NULL. */
struct wire_decision {
	const char *message_id, *time;
	const char *action, *pool, *lane, *helo;
	const char *reason, *status, *until;
	const char *sender, *identity, *policy, *tenant;
	const char *held;
	json_t *handles, *facts;
	json_t *why;	   /* of struct wire_step */
	json_t *addresses; /* of "address", "state" and "held" of struct wire_address */
	json_t *flows;	   /* only from the CLI: of struct wire_flow */
};
void wire_decision_read(const json_t *document, struct wire_decision *ret);
