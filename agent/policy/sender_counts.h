/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of senders: a table of fixed size, allocated at the start; the system provides the part
 * that is used.
 *
 * The key of a sender is the hash of its name, so that a million fit: 192 bytes each, and 4 to 8
 * more for the heads of the hash table. Names are stored for senders with a standing only
 * (standing_table.h).
 *
 * A full table evicts: a new sender replaces the least recently seen of the next
 * SENDER_COUNTS_SAMPLE places, which rotate through the table. The cost does not depend on the
 * size, and a sender seen lately stays. Never evicted are senders with a standing, and those near a
 * limit (80 %) within the last day; who has authenticated within the last day goes only where no
 * other is found among SENDER_COUNTS_SEARCH places. So a flood of names does not push out senders
 * that count.
 *
 * Within policy/ only, except struct sender_record, which the state stores.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "policy/siphash.h"
#include "policy/window.h"

#define SENDER_COUNTS_SAMPLE 16
#define SENDER_COUNTS_SEARCH 256
#define SENDER_VERSION	     2
/* After that all windows are empty: a day, and the widest sub-bucket. */
#define SENDER_STALE_SEC (86400 + 14400)

/* One window for each limit of a sender, and one for complaints, in one array. */
enum sender_window {
	SENDER_REPORTS_PER_DAY = CONFIG_LIMITS_OF_SENDER, /* the others are enum config_limit */
	SENDER_WINDOWS,
};
#define SENDER_COUNTERS                                                                            \
	(2 * (WINDOW_HOUR_BUCKETS + 1) + (WINDOW_DAY_BUCKETS + 1) +                                \
	 2 * (WINDOW_MINUTE_BUCKETS + 1) + (WINDOW_COARSE_BUCKETS + 1))

/*
 * Stored under the key: plain bytes in the host's order. A record of another version is not read.
 * Version 1 had `version` and `passed` in 16 bits each, SENDER_LOGIN as bit 15, and no `automatic`;
 * sender_record_renew() reads it. `passed` has two bits for each limit: warned, and exceeded; and
 * SENDER_LOGIN. `automatic`: free recipients of automatic messages on the UTC day of base_sec.
 */
#define SENDER_LIMITS_PASSED ((1U << (2 * CONFIG_LIMITS_OF_SENDER)) - 1)
#define SENDER_LOGIN	     (1U << (2 * CONFIG_LIMITS_OF_SENDER)) /* it has authenticated */

struct sender_record {
	uint64_t key[2];
	uint64_t spam_marks; /* bit 0: the last message; 1: it was spam */
	uint32_t base_sec;   /* of all windows (window.h): when the sender was last seen */
	uint32_t version : 5;
	uint32_t passed : 11;
	uint32_t automatic : 16;
	uint16_t counters[SENDER_COUNTERS];
};
_Static_assert(sizeof(struct sender_record) == 176, "raise SENDER_VERSION");

struct sender {
	struct sender_record record;
	uint32_t next;	     /* in the chain of its head; 0: the last */
	uint32_t next_dirty; /* on the list of senders to export */
	uint32_t standing;   /* number of its standing; 0: none */
	uint32_t dirty;	     /* 0 or 1 */
};
_Static_assert(sizeof(struct sender) == 192, "200 bytes a sender, the table's heads included");

struct sender_counts;

/* A record of an older version becomes one of this. -EINVAL: another version. */
int sender_record_renew(struct sender_record *record);

/* -ENOMEM; -EINVAL: max is 0. */
int sender_counts_new(uint32_t max, struct sender_counts **ret_senders);
void sender_counts_free(struct sender_counts *senders);

uint32_t sender_counts_count(const struct sender_counts *senders);
uint64_t sender_counts_evicted(const struct sender_counts *senders); /* so far */

/* Borrowed until the next sender_counts_add(). NULL: not in the table. */
struct sender *sender_counts_find(const struct sender_counts *senders, const struct siphash *key);

/*
 * Adds a sender that is not in the table, and may evict another. NULL: none was found that may be
 * evicted.
 */
struct sender *sender_counts_add(struct sender_counts *senders, const struct siphash *key,
				 int64_t now_sec);

/* Required before the windows are read. */
void sender_advance(struct sender *sender, int64_t now_sec);
uint32_t sender_sum(const struct sender *sender, unsigned window);
void sender_count(struct sender *sender, unsigned window, uint32_t n);
void sender_forget(struct sender *sender, unsigned window);
/* Recipients of automatic messages that count nothing else. */
void sender_count_automatic(struct sender *sender, uint32_t n);
/* Time at which the sum is below `limit` if nothing is added. */
int64_t sender_below_at(const struct sender *sender, unsigned window, uint32_t limit);

/* Senders that changed since they were cleaned, the latest first. NULL: none. */
void sender_counts_mark_dirty(struct sender_counts *senders, struct sender *sender);
void sender_counts_mark_all(struct sender_counts *senders);
struct sender *sender_counts_first_dirty(const struct sender_counts *senders);
void sender_counts_clean_first(struct sender_counts *senders);
