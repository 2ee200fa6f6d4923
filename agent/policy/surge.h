/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sudden rises of bounces (NDRs), by sender domain, and what is likely behind them.
 *
 * Bounces are counted in intervals of SURGE_INTERVAL_SEC. Each domain is held against its own past: a
 * surge begins with the bounce that brings an interval's count up to
 *
 *     max(SURGE_MIN, SURGE_FACTOR * baseline)
 *
 * where the baseline is a moving average of the intervals before (each weighs 1/SURGE_MEMORY, so half
 * of it is from the last two hours), and no interval counts for more than what would have been a
 * surge. It ends when an interval stays below. One event is given when it begins.
 *
 * Likely causes, the first that fits:
 *
 *   rogue-server  most bounces are for mail that was never sent through here, and connections from no
 *                 known sender have risen
 *   spoofing      the same without such connections: somebody else uses the domain's name
 *   harvest       most bounces are of different recipients that do not exist
 *   spam-attack   the domain's own senders have more messages marked as spam than usual
 *   rogue-server  connections from no known sender have risen
 *   unknown       none of these
 *
 * How many different recipients is estimated by linear counting (Whang and others 1990) in
 * SURGE_SKETCH_BITS bits: within a few percent up to some thousands, and no more than that beyond.
 *
 * The table holds a bounded number of domains; of those that share a set of SURGE_WAYS places the
 * one not seen for longest gives way. Pure, as policy.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/siphash.h"

#define SURGE_INTERVAL_SEC 300
#define SURGE_MIN	   20
#define SURGE_FACTOR	   4
#define SURGE_MEMORY	   32
#define SURGE_SKETCH_BITS  1024
#define SURGE_WAYS	   8
#define SURGE_DOMAIN_SIZE  256

enum surge_cause {
	SURGE_UNKNOWN,
	SURGE_HARVEST,
	SURGE_SPOOFING,
	SURGE_SPAM_ATTACK,
	SURGE_ROGUE_SERVER,
	SURGE_CAUSES, /* number of those above */
};
const char *surge_cause_name(enum surge_cause cause); /* unknown, harvest, spoofing, … */

/* Whether the message that bounced had been sent through here. */
enum surge_origin { SURGE_ORIGIN_UNKNOWN, SURGE_SENT_HERE, SURGE_NOT_SENT_HERE };

struct surge_bounce {
	const char *domain;	       /* whose sender the bounce goes to */
	const char *unknown_recipient; /* who does not exist; NULL: bounced for something else */
	enum surge_origin origin;
};

/* Of the interval that runs. */
struct surge_state {
	const char *domain; /* borrowed; in lower case */
	bool surging;
	enum surge_cause cause; /* the likely one now */
	uint32_t bounces;
	double baseline;	     /* bounces an interval */
	uint32_t unknown_recipients; /* estimated, different ones */
	uint32_t not_sent_here;
	uint32_t spam;		      /* messages marked as spam */
	uint32_t unknown_connections; /* of the whole host */
};

struct surges;

/* domains_max is rounded up to a multiple of SURGE_WAYS. -ENOMEM; -EINVAL: it is 0. */
int surges_new(uint32_t domains_max, const uint8_t secret[SIPHASH_KEY_SIZE],
	       struct surges **ret_surges);
void surges_free(struct surges *surges);

/* True: a surge begins with this one; ret_state says of what. Domains too long or empty count nothing. */
bool surges_bounce(struct surges *surges, const struct surge_bounce *bounce, int64_t now_sec,
		   struct surge_state *ret_state);
/* A message of one of the domain's senders was marked as spam. */
void surges_spam(struct surges *surges, const char *domain, int64_t now_sec);
/* Connections from no known sender. */
void surges_unknown_connections(struct surges *surges, uint32_t count, int64_t now_sec);

struct surges_stats {
	uint64_t begun[SURGE_CAUSES]; /* by what was likely when they began */
	uint64_t evicted;
	uint32_t domains;
	uint32_t surging;
};
void surges_stats(struct surges *surges, int64_t now_sec, struct surges_stats *ret_stats);
