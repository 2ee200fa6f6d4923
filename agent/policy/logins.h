/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The logins that submitted mail under an envelope sender: what waits in a queue names the envelope
 * sender alone, but a block of the login must reach it.
 *
 * An envelope sender has its LOGINS_EACH latest logins, for LOGINS_SEC after its latest message: no
 * queue keeps mail longer. The table has a fixed size; a new envelope sender evicts the one among
 * LOGINS_WAYS that was seen longest ago. Its records are stored with the counts. Names are keys of
 * the engine (policy_key()).
 */
#pragma once

#include <stdint.h>

#include "policy/siphash.h"

#define LOGINS_EACH   2
#define LOGINS_WAYS   8
#define LOGINS_PLACES 32768
#define LOGINS_SEC    (5 * 86400)
/* A record that changes only in its time is stored again after this. */
#define LOGINS_EXPORT_SEC 3600
#define LOGINS_VERSION	  1

/* Stored: plain bytes in the host's order. A record of another version is not read. */
struct logins_record {
	struct siphash envelope;
	struct siphash logins[LOGINS_EACH]; /* the latest first; both words 0: none */
	int64_t seen_sec;
	uint32_t version;
	uint32_t reserved; /* 0 */
};
_Static_assert(sizeof(struct logins_record) == 64, "raise LOGINS_VERSION");

struct logins;

/* -ENOMEM. */
int logins_new(struct logins **ret_logins);
void logins_free(struct logins *logins); /* NULL is fine */

void logins_note(struct logins *logins, struct siphash envelope, struct siphash login,
		 int64_t now_sec);

/* The logins of an envelope sender, the latest first. Returns their number. */
unsigned logins_of(const struct logins *logins, struct siphash envelope, int64_t now_sec,
		   struct siphash ret_logins[LOGINS_EACH]);

/* Envelope senders that were evicted before their time, so far. */
uint64_t logins_evicted(const struct logins *logins);
/* Places that are used. */
uint32_t logins_count(const struct logins *logins);

/*
 * A record that is to be stored; NULL: none. Borrowed until the next message. Once it is stored,
 * call the second function, and the next record follows.
 */
const struct logins_record *logins_next(const struct logins *logins);
void logins_exported(struct logins *logins);
/* Marks all records, where the stored ones are lost. */
void logins_export_all(struct logins *logins);

/* In the order in which they were stored; one that is too old is left out. -EINVAL: its version. */
int logins_import(struct logins *logins, const struct logins_record *record, int64_t now_sec);
