/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The document of a sender, in parts. The maps know the first; the agent adds its counts.
 *
 * Printing returns a new reference and consumes the json_t members; NULL: out of memory. Reading
 * borrows everything from the document; a member that is missing, null or of another type is
 * NULL, 0 or false. postern(8) has the types.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct wire_verdict {
	const char *action;
	const char *pool; /* NULL unless steered */
	const char *reason;
	const char *until;
};
json_t *wire_verdict_json(const struct wire_verdict *source);
void wire_verdict_read(const json_t *document, struct wire_verdict *ret);

/* In the datapath; 0: no limit. */
struct wire_limits {
	json_int_t connections_per_minute;
	json_int_t flows_max;
};
json_t *wire_limits_json(const struct wire_limits *source);

struct wire_usage {
	json_int_t flows;
	json_int_t connections;
	json_int_t refused;
	json_int_t over_limit;
	json_int_t idle_sec; /* below 0: no traffic yet */
};
json_t *wire_usage_json(const struct wire_usage *source);
void wire_usage_read(const json_t *document, struct wire_usage *ret);

struct wire_window {
	json_int_t count;
	json_int_t limit; /* below 0: none */
};
json_t *wire_window_json(const struct wire_window *source);
void wire_window_read(const json_t *document, struct wire_window *ret);

struct wire_spam {
	json_int_t marked;
	json_int_t of;
	json_int_t reports;
};
json_t *wire_spam_json(const struct wire_spam *source);
void wire_spam_read(const json_t *document, struct wire_spam *ret);

struct wire_sender {
	const char *name;
	json_t *selectors; /* texts */
	json_t *verdict;   /* NULL: none */
	json_t *limits;	   /* struct wire_limits */
	json_t *usage;	   /* NULL: no selector */
};
json_t *wire_sender_json(const struct wire_sender *source);
void wire_sender_read(const json_t *document, struct wire_sender *ret);

/* The members of a sender that come from the agent. */
struct wire_counts {
	const char *policy;
	json_t *windows; /* by name of limit */
	json_t *spam;	 /* struct wire_spam */
	bool restricted;
	const char *restricted_until;
};
json_t *wire_counts_json(const struct wire_counts *source);
void wire_counts_read(const json_t *document, struct wire_counts *ret);
