/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports in the log when name servers leave most lookups of sender domains unanswered: mail of
 * domains without mail DNS is not recognised then, and nothing else shows it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dns/maildns.h"

#define DNS_ALARM_REPORT_SEC 60
#define DNS_ALARM_FEW	     10 /* in that time: too few to judge */

/* All zero: no lookup yet. */
struct dns_alarm {
	struct maildns_counters before;
	uint64_t since_ns; /* of `before`; 0: none */
	bool failing;	   /* and reported so */
	char note[128];	   /* that was reported */
};

/* Reports a note of maildns.h once. */
void dns_alarm_note(struct dns_alarm *alarm, const char *note);

/*
 * Call it about every second; it compares counters once in DNS_ALARM_REPORT_SEC. The DNS fails
 * where half of the lookups or more are unknown.
 */
void dns_alarm_watch(struct dns_alarm *alarm, const struct maildns_counters *now, uint64_t now_ns);
