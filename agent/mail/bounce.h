/* SPDX-License-Identifier: BSD-2-Clause */
/* Recognises bounces and automatic replies, by headers and body. The rules are in message.h. */
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
	char from[POLICY_NAME_SIZE]; /* the first mailbox; "": none */
	struct dsn dsn;
};

/* All zero before the first header. */
void bounce_header(struct bounce *bounce, const char *name, const char *value);

/* Once, after the last header. False: the body has nothing to find. */
bool bounce_begin_body(struct bounce *bounce);

bool bounce_is_bounce(const struct bounce *bounce, bool null_sender);
/* Of a bounce. False: it shows that no recipient has failed. */
bool bounce_is_failure(const struct bounce *bounce);
bool bounce_is_automatic(const struct bounce *bounce);
