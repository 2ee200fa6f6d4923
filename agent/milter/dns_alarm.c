/* SPDX-License-Identifier: BSD-2-Clause */
/* Differences of counters, once a minute. */
#include "milter/dns_alarm.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"

#define MODULE "milter"

static void judge(struct lookups *lookups, uint64_t asked, uint64_t unknown)
{
	if (asked < LOOKUPS_FEW)
		return;
	if (2 * unknown >= asked) {
		log_warning(MODULE,
			    "DNS: %" PRIu64 " of %" PRIu64 " lookups in the last minute were not "
			    "answered: which senders' domains have neither A nor MX is not known",
			    unknown, asked);
		lookups->failing = true;
	} else if (lookups->failing) {
		log_info(MODULE, "DNS answers again");
		lookups->failing = false;
	}
}

void lookups_watch(struct lookups *lookups, const struct maildns_counters *now, uint64_t now_ns)
{
	if (lookups->since_ns && now_ns - lookups->since_ns < LOOKUPS_TELL_SEC * NS_PER_SEC)
		return;
	if (lookups->since_ns)
		judge(lookups, now->lookups - lookups->before.lookups,
		      now->unknowns - lookups->before.unknowns);
	lookups->before = *now;
	lookups->since_ns = now_ns;
}
