/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells in the log when name servers leave most questions about senders' domains unanswered: mail of
 * domains without mail DNS is not found out then, and nothing else would show it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dns/maildns.h"

#define DNS_ALARM_REPORT_SEC 60
#define DNS_ALARM_FEW	     10 /* in that time: too few to say anything */

/* A zeroed one has seen nothing. */
struct dns_alarm {
	struct maildns_counters before;
	uint64_t since_ns; /* 0: not begun */
	bool failing;	   /* and told so */
};

/* As often as one likes; looks once in DNS_ALARM_REPORT_SEC. Fails: half of the lookups and more. */
void dns_alarm_watch(struct dns_alarm *alarm, const struct maildns_counters *now, uint64_t now_ns);
