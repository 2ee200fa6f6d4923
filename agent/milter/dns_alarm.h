/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells in the log when name servers leave most questions about senders' domains unanswered: mail of
 * domains without mail DNS is not found out then, and nothing else would show it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dns/maildns.h"

#define LOOKUPS_TELL_SEC 60
#define LOOKUPS_FEW	 10 /* in that time: too few to say anything */

/* A zeroed one has seen nothing. */
struct lookups {
	struct maildns_counters before;
	uint64_t since_ns; /* 0: not begun */
	bool failing;	   /* and told so */
};

/* As often as one likes; looks once in LOOKUPS_TELL_SEC. Fails: half of the lookups and more. */
void lookups_watch(struct lookups *lookups, const struct maildns_counters *now, uint64_t now_ns);
