/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of scanners. Those of Debian 12 were run; the others are by their documentation. Where
 * a mark for spam has no counterpart, the scanner adds no header to clean mail.
 */
#include "config/scanner.h"

#include <stddef.h>
#include <strings.h>

#define SPAM(header, value)                                                                        \
	{                                                                                          \
		header, value, false                                                               \
	}
#define CLEAN(header, value)                                                                       \
	{                                                                                          \
		header, value, true                                                                \
	}

static const struct scanner scanners[] = {
	/* In Debian 12: */
	{"rspamd",
	 false,
	 {SPAM("X-Spam-Status", "Yes"), SPAM("X-Spam", "Yes"),
	  SPAM("X-Rspamd-Action", "add header"), SPAM("X-Rspamd-Action", "rewrite subject"),
	  SPAM("X-Rspamd-Action", "reject"), SPAM("X-Rspamd-Action", "quarantine"),
	  SPAM("X-Rspamd-Action", "discard"), CLEAN("X-Spam-Status", "No"),
	  CLEAN("X-Rspamd-Action", "no action")}},
	{"spamassassin",
	 false,
	 {SPAM("X-Spam-Flag", "YES"), SPAM("X-Spam-Status", "Yes"), CLEAN("X-Spam-Flag", "NO"),
	  CLEAN("X-Spam-Status", "No")}},
	{"amavis",
	 true,
	 {SPAM("X-Spam-Flag", "YES"), SPAM("X-Spam-Status", "Yes"),
	  SPAM("X-Amavis-Alert", "INFECTED"), SPAM("X-Amavis-Alert", "BANNED"),
	  CLEAN("X-Spam-Flag", "NO"), CLEAN("X-Spam-Status", "No")}},
	{"bogofilter",
	 false,
	 {SPAM("X-Bogosity", "Spam"), SPAM("X-Bogosity", "Yes"), CLEAN("X-Bogosity", "Ham"),
	  CLEAN("X-Bogosity", "No"), CLEAN("X-Bogosity", "Unsure")}},
	{"bsfilter", false, {SPAM("X-Spam-Flag", "Yes"), CLEAN("X-Spam-Flag", "No")}},
	{"clamav", true, {SPAM("X-Virus-Status", "Infected"), CLEAN("X-Virus-Status", "Clean")}},
	{"crm114",
	 false,
	 {SPAM("X-CRM114-Status", "SPAM"), CLEAN("X-CRM114-Status", "GOOD"),
	  CLEAN("X-CRM114-Status", "UNSURE")}},
	{"mimedefang", false, {SPAM("X-Spam-Score", "")}},
	{"spamoracle",
	 false,
	 {SPAM("X-Spam", "yes"), CLEAN("X-Spam", "no"), CLEAN("X-Spam", "unknown")}},
	{"spamprobe", false, {SPAM("X-SpamProbe", "SPAM"), CLEAN("X-SpamProbe", "GOOD")}},
	/* Gateways and others: */
	{"barracuda",
	 true,
	 {SPAM("X-Barracuda-Spam-Status", "Yes"), CLEAN("X-Barracuda-Spam-Status", "No")}},
	{"dspam",
	 true,
	 {SPAM("X-DSPAM-Result", "Spam"), CLEAN("X-DSPAM-Result", "Innocent"),
	  CLEAN("X-DSPAM-Result", "Whitelisted")}},
	{"expurgate", true, {SPAM("X-purgate-type", "spam"), CLEAN("X-purgate-type", "clean")}},
	{"kaspersky",
	 true,
	 {SPAM("X-KLMS-AntiSpam-Status", "spam"), SPAM("X-KSMG-AntiSpam-Status", "spam"),
	  CLEAN("X-KLMS-AntiSpam-Status", "not_detected"),
	  CLEAN("X-KSMG-AntiSpam-Status", "not_detected")}},
	{"mailscanner",
	 true,
	 {SPAM("X-MailScanner-SpamCheck", "spam"), CLEAN("X-MailScanner-SpamCheck", "not spam")}},
	{"microsoft",
	 true,
	 {SPAM("X-MS-Exchange-Organization-SCL", "5"), SPAM("X-MS-Exchange-Organization-SCL", "6"),
	  SPAM("X-MS-Exchange-Organization-SCL", "7"), SPAM("X-MS-Exchange-Organization-SCL", "8"),
	  SPAM("X-MS-Exchange-Organization-SCL", "9"),
	  CLEAN("X-MS-Exchange-Organization-SCL", "-1"),
	  CLEAN("X-MS-Exchange-Organization-SCL", "0"),
	  CLEAN("X-MS-Exchange-Organization-SCL", "1")}},
	{"proofpoint",
	 true,
	 {SPAM("X-Proofpoint-Spam-Details", "rule=spam"),
	  CLEAN("X-Proofpoint-Spam-Details", "rule=notspam")}},
	{"trendmicro", true, {SPAM("X-TM-AS-Result", "Yes"), CLEAN("X-TM-AS-Result", "No")}},
	{"vade", true, {SPAM("X-VR-SPAMSTATE", "SPAM"), CLEAN("X-VR-SPAMSTATE", "OK")}},
};

_Static_assert(sizeof(scanners) / sizeof(scanners[0]) <= SCANNERS_MAX, "a bit for each");

const struct scanner *scanner_get(unsigned index)
{
	return index < sizeof(scanners) / sizeof(scanners[0]) ? &scanners[index] : NULL;
}

const struct scanner *scanner_find(const char *name)
{
	for (unsigned i = 0; scanner_get(i); i++)
		if (strcasecmp(scanners[i].name, name) == 0)
			return &scanners[i];
	return NULL;
}

unsigned scanner_index(const struct scanner *scanner)
{
	return (unsigned)(scanner - scanners);
}
