/* SPDX-License-Identifier: BSD-2-Clause */
/* From a request to the judge's answer, in Postfix's words. */
#include "mta/lookup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "judge/judge.h"
#include "mail/mailbox.h"
#include "pool/lane.h"

#define TABLE	    "lane "
#define NULL_SENDER "\"<>\"" /* <> as a quoted local part */

/* False: not a text, or for another table. */
static bool read_request(const char *request, size_t size, char ret_sender[LOOKUP_REQUEST_MAX])
{
	size_t before = strlen(TABLE);

	if (size < before || size >= LOOKUP_REQUEST_MAX || memcmp(request, TABLE, before) != 0 ||
	    memchr(request, '\0', size))
		return false;
	memcpy(ret_sender, request + before, size - before);
	ret_sender[size - before] = '\0';
	return true;
}

static int write_answer(const struct judge_envelope *envelope, char ret_reply[LOOKUP_REPLY_MAX])
{
	if (envelope->held)
		return snprintf(ret_reply, LOOKUP_REPLY_MAX, "OK " LOOKUP_RETRY LOOKUP_HELD,
				envelope->lane->pool->name, envelope->held);
	if (envelope->lane)
		return snprintf(ret_reply, LOOKUP_REPLY_MAX, "OK %s:", envelope->lane->name);
	switch (envelope->action) {
	case VERDICT_STEER:
		if (strcmp(envelope->pool, "normal") == 0)
			break;
		return snprintf(ret_reply, LOOKUP_REPLY_MAX, "OK " LOOKUP_RETRY LOOKUP_NO_LANE,
				envelope->pool);
	case VERDICT_DROP:
		return snprintf(ret_reply, LOOKUP_REPLY_MAX,
				"OK " LOOKUP_RETRY "mail of this sender waits: %s",
				reason_name(envelope->reason));
	default: /* VERDICT_PASS */
		break;
	}
	return snprintf(ret_reply, LOOKUP_REPLY_MAX, "NOTFOUND ");
}

size_t lookup_reply(const struct judge *judge, const char *request, size_t size,
		    const struct now *now, char ret_reply[LOOKUP_REPLY_MAX])
{
	char sender[LOOKUP_REQUEST_MAX], mailbox[POLICY_NAME_SIZE];
	struct judge_envelope envelope;

	if (!read_request(request, size, sender))
		return (size_t)snprintf(ret_reply, LOOKUP_REPLY_MAX,
					"PERM no such table, expected 'lane' and a sender");
	/* The same key as in the milter. */
	mailbox_parse(strcmp(sender, NULL_SENDER) == 0 ? "" : sender, mailbox);
	judge_envelope(judge, mailbox, now, &envelope);
	return (size_t)write_answer(&envelope, ret_reply);
}
