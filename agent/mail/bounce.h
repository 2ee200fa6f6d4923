/* SPDX-License-Identifier: BSD-2-Clause */
/* Recognises bounces and automatic messages, by headers and body. The rules are in message.h. */
#pragma once

#include <stdbool.h>

#include "mail/content_type.h"
#include "mail/dsn.h"
#include "policy/decision.h"

struct bounce {
	struct content_type content;
	bool replied, generated; /* Auto-Submitted (RFC 3834) */
	bool notified;		 /* auto-notified (RFC 5436), or a reply of Exchange or iCloud */
	bool failed_recipients;	 /* X-Failed-Recipients */
	bool nobody;		 /* From has a name and an empty address, "Mail System <>" */
	bool named;		 /* From has the name of a mail system */
	bool fails;		 /* Subject begins as a bounce's: "Undelivered Mail …" */
	char failed_recipient[POLICY_NAME_SIZE]; /* the first of these; "": none */
	char from[POLICY_NAME_SIZE];		 /* the first mailbox; "": none */
	struct dsn dsn;
};

/* All zero before the first header. */
void bounce_header(struct bounce *bounce, const char *name, const char *value);

/* Once, after the last header. False: the body has nothing to find. */
bool bounce_begin_body(struct bounce *bounce);

/* `envelope_from` is a key of mailbox.h; "": the null sender; NULL: unknown. */
bool bounce_is_bounce(const struct bounce *bounce, const char *envelope_from);
/* Of a bounce. False: it shows that no recipient has failed. */
bool bounce_is_failure(const struct bounce *bounce);
/* Of a bounce; NULL: none. */
const char *bounce_unknown_recipient(const struct bounce *bounce);
const char *bounce_original_id(const struct bounce *bounce);

bool bounce_is_automatic(const struct bounce *bounce);
