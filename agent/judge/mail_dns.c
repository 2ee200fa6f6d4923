/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the bits of the last messages. */
#include "judge/mail_dns.h"

bool mail_dns_note(struct mail_dns *mail_dns, enum facts_dns answer, int64_t now_sec)
{
	bool was_unknown = mail_dns->since_sec != 0;
	unsigned unknown;

	mail_dns->counts[answer]++;
	mail_dns->unknown = (uint8_t)(mail_dns->unknown << 1 | (answer == FACTS_DNS_UNKNOWN));
	unknown = (unsigned)__builtin_popcount(mail_dns->unknown);
	if (!was_unknown && unknown >= MAIL_DNS_MANY)
		mail_dns->since_sec = now_sec;
	else if (was_unknown && unknown <= MAIL_DNS_FEW)
		mail_dns->since_sec = 0;
	return was_unknown != (mail_dns->since_sec != 0);
}
