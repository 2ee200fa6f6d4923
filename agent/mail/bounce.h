/* SPDX-License-Identifier: BSD-2-Clause */
/* Is a message a bounce, an automatic reply? By the rules of message.h, from headers and body. */
#pragma once

#include <stdbool.h>

#include "mail/content_type.h"
#include "mail/dsn.h"
#include "policy/decision.h"

struct report {
	struct content content;
	bool replied, generated; /* Auto-Submitted (RFC 3834) */
	bool failed_recipients;	 /* X-Failed-Recipients */
	/* The first mailbox of each header; "": none. */
	char from[POLICY_NAME_SIZE];
	char to[POLICY_NAME_SIZE];
	struct delivery delivery;
};

/* All zero before the first header. */
void report_header(struct report *report, const char *name, const char *value);

/* After the last header, once; False: the body has nothing to find. */
bool report_begin_body(struct report *report);

bool report_is_bounce(const struct report *report, bool null_sender);
bool report_is_automatic(const struct report *report);
