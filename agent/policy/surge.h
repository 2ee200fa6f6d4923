/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sudden rises of bounces (NDRs) by sender domain, and their likely cause.
 *
 * Bounces are counted in intervals of SURGE_INTERVAL_SEC. Each domain is compared with its own
 * past: a surge begins with the bounce that raises the count of an interval to
 *
 *     max(SURGE_MIN, SURGE_FACTOR * baseline)
 *
 * where the baseline is a moving average of earlier intervals: each weighs 1/SURGE_MEMORY, so that
 * half of the average comes from the last two hours, and none counts for more than the count at
 * which a surge begins. A surge ends with an interval below that count. Its beginning is one event.
 *
 * Likely causes, the first that fits:
 *
 *   rogue-server  most bounces are about mail that this host never sent, and connections of unknown
 *                 senders have risen
 *   spoofing      the same without such connections: another host uses the domain's name
 *   harvest       most bounces are about different recipients that do not exist
 *   spam-attack   the domain's own senders have more messages marked as spam than usual
 *   rogue-server  connections of unknown senders have risen
 *   unknown       none of these
 *
 * The number of different recipients is estimated by linear counting (Whang and others 1990) in
 * SURGE_SKETCH_BITS bits: within a few percent up to some thousands, no higher beyond.
 *
 * The table is bounded. A new domain evicts the one that was idle longest among the SURGE_WAYS
 * places of its set. Pure, like policy.h.
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
	SURGE_CAUSES,
};
const char *surge_cause_name(enum surge_cause cause); /* unknown, harvest, spoofing, … */

/* Origin of the message that bounced. */
enum surge_origin { SURGE_ORIGIN_UNKNOWN, SURGE_SENT_HERE, SURGE_NOT_SENT_HERE };

struct surge_bounce {
	const char *domain;	       /* domain of the sender that the bounce goes to */
	const char *unknown_recipient; /* recipient that does not exist; NULL: another cause */
	enum surge_origin origin;
};

/* The current interval. */
struct surge_state {
	const char *domain; /* borrowed; in lower case */
	bool surging;
	enum surge_cause cause; /* the likely cause now */
	uint32_t bounces;
	double baseline;	     /* bounces per interval */
	uint32_t unknown_recipients; /* different ones, estimated */
	uint32_t not_sent_here;
	uint32_t spam;		      /* messages marked as spam */
	uint32_t unknown_connections; /* of the whole host */
};

struct surges;

/* domains_max is rounded up to a multiple of SURGE_WAYS. -ENOMEM; -EINVAL: domains_max is 0. */
int surges_new(uint32_t domains_max, const uint8_t secret[SIPHASH_KEY_SIZE],
	       struct surges **ret_surges);
void surges_free(struct surges *surges);

/*
 * True: a surge begins with this bounce, and ret_state describes it. A domain that is empty or too
 * long counts nothing.
 */
bool surges_bounce(struct surges *surges, const struct surge_bounce *bounce, int64_t now_sec,
		   struct surge_state *ret_state);
/* A message of a sender of the domain was marked as spam. */
void surges_spam(struct surges *surges, const char *domain, int64_t now_sec);
/* Connections of unknown senders. */
void surges_unknown_connections(struct surges *surges, uint32_t count, int64_t now_sec);

struct surges_stats {
	uint64_t begun[SURGE_CAUSES]; /* by their likely cause at the beginning */
	uint64_t evicted;
	uint32_t domains;
	uint32_t surging;
};
void surges_stats(struct surges *surges, int64_t now_sec, struct surges_stats *ret_stats);
