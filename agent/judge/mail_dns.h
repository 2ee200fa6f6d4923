/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Do name servers say whether senders' domains have A and MX? While they do not, the rule
 * no-mail-dns matches nothing, and only this shows it. Milter, Exim and Haraka each report what
 * they found for a message, so the last MAIL_DNS_LAST messages that were looked up tell.
 *
 *   answered ──(MAIL_DNS_MANY of the last are unknown)──► unknown
 *   unknown ──(MAIL_DNS_FEW of the last are unknown)──► answered
 *
 * A single domain whose name servers fail changes nothing. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "policy/decision.h"

#define MAIL_DNS_LAST 8
#define MAIL_DNS_MANY 6
#define MAIL_DNS_FEW  2

/* All zero: nothing was looked up. */
struct mail_dns {
	uint8_t unknown;   /* bit 0: the last message; 1: unknown */
	int64_t since_sec; /* 0: answered; else unknown since then */
	uint64_t counts[FACTS_DNS_ANSWERS];
};
_Static_assert(MAIL_DNS_LAST == 8, "a bit of mail_dns.unknown for each");

/* A message was looked up. True: answered has become unknown, or unknown answered. */
bool mail_dns_note(struct mail_dns *mail_dns, enum facts_dns answer, int64_t now_sec);
