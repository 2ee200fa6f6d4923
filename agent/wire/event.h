/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: the judge and the daemon fill in a struct, the followers of the API read its JSON, one
 * object each: {"time": RFC 3339, "event": kind, …}. Members that do not apply are left out.
 *
 *   warning, over-limit         sender or tenant, limit, count, max
 *   restricted, spam-sender     sender, until (null: until released)
 *   restriction-ended, spam-sender-ended, standings-full         sender
 *   verdict                     sender, action, pool, reason, until
 *   bounce-surge                domain, cause, bounces, baseline, unknown_recipients, not_sent_here
 *   state                       trouble: why the state file refuses writes; null: it takes them
 *                               again
 *   mail-dns                    trouble: name servers do not answer; null: they answer again
 *   clock                       leap_sec: wall clock minus the calendar (base/calendar.h); state:
 *                               "leapt", then "taken" or "back"
 *   order                       by, uid: the user; request ("PUT /v1/senders/…"), body: as it came
 *   host                        part ("interface", "address", "handle"), name, pool, state (as in
 *                               the status, or "put-back"), held, put_back (count), cause
 *   error                       what, text, sender, pool, source, destination
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct policy_event;
struct sender_verdict;
struct surge_state;

enum wire_event_kind {
	WIRE_EVENT_POLICY,  /* one of enum policy_event_kind */
	WIRE_EVENT_VERDICT, /* a sender's verdict changed */
	WIRE_EVENT_SURGE,
	WIRE_EVENT_STATE,
	WIRE_EVENT_MAIL_DNS,
	WIRE_EVENT_CLOCK,
	WIRE_EVENT_ORDER, /* carried out for a user of the API */
	WIRE_EVENT_HOST,  /* a part of the host was lost, or has come back */
	WIRE_EVENT_ERROR,
};

/* All pointers are borrowed. */
struct wire_event {
	enum wire_event_kind kind;
	int64_t now_sec;
	union {
		const struct policy_event *policy;
		struct {
			const char *sender;
			const struct sender_verdict *verdict;
			const char *pool; /* NULL unless steered */
		} verdict;
		const struct surge_state *surge;
		struct {
			const char *by; /* the user's name */
			uint32_t uid;
			const char *method, *path;
			const char *body; /* NULL: none */
		} order;
		struct {
			const char *part, *name;
			const char *pool; /* NULL: not an address of a pool */
			const char *state;
			bool held;
			uint64_t put_back;
			const char *cause; /* NULL: none yet */
		} host;
		struct {
			int64_t leap_sec;
			const char *state;
		} clock;
		const char *trouble;   /* "" or NULL: the state file takes writes again */
		bool mail_dns_unknown; /* judge/mail_dns.h */
		/* A text that is "" is left out. */
		struct {
			const char *what, *text;
			const char *sender, *pool;
			const char *source, *destination;
		} error;
	};
};

/* A new reference; NULL: out of memory. */
struct json_t *event_json(const struct wire_event *event);
