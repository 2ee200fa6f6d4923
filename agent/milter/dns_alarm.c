/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the counters of a minute. */
#include "milter/dns_alarm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define MODULE "milter"

static void judge(struct dns_alarm *alarm, uint64_t asked, uint64_t unknown)
{
	if (asked < DNS_ALARM_FEW)
		return;
	if (2 * unknown >= asked) {
		log_warning(MODULE,
			    "DNS: %" PRIu64 " of %" PRIu64 " lookups in the last minute were not "
			    "answered: which senders' domains have neither A nor MX is not known",
			    unknown, asked);
		alarm->failing = true;
	} else if (alarm->failing) {
		log_info(MODULE, "DNS answers again");
		alarm->failing = false;
	}
}

void dns_alarm_note(struct dns_alarm *alarm, const char *note)
{
	if (strcmp(alarm->note, note) == 0)
		return;
	snprintf(alarm->note, sizeof(alarm->note), "%s", note);
	if (*note)
		log_warning(MODULE, "DNS: %s, ignoring it", note);
}

void dns_alarm_watch(struct dns_alarm *alarm, const struct maildns_counters *now, uint64_t now_ns)
{
	if (alarm->since_ns && now_ns - alarm->since_ns < DNS_ALARM_REPORT_SEC * NS_PER_SEC)
		return;
	if (alarm->since_ns)
		judge(alarm, now->lookups - alarm->before.lookups,
		      now->unknowns - alarm->before.unknowns);
	alarm->before = *now;
	alarm->since_ns = now_ns;
}
