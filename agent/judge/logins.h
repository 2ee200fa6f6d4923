/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The logins that submitted mail under an envelope sender: what waits in a queue names the envelope
 * sender alone, but a block of the login must reach it.
 *
 * An envelope sender has its LOGINS_EACH latest logins, for LOGINS_SEC after its latest message: no
 * queue keeps mail longer. The table has a fixed size; a new envelope sender evicts the one among
 * LOGINS_WAYS that was seen longest ago. It is not stored: a new agent begins with an empty one.
 * Names are keys of the engine (policy_key()).
 */
#pragma once

#include <stdint.h>

#include "policy/siphash.h"

#define LOGINS_EACH   2
#define LOGINS_WAYS   8
#define LOGINS_PLACES 32768
#define LOGINS_SEC    (5 * 86400)

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
