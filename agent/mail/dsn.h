/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body of a delivery status notification (RFC 3464 in RFC 6522), line by line as it comes.
 *
 *   preamble ──boundary──► header of a part ──empty line──► status    (message/delivery-status)
 *                               ▲                           original  (message/rfc822, text/rfc822-headers)
 *                               │                           skipped   (anything else)
 *                               └────────────boundary──────────┘
 *
 * A boundary that closes, or the end of the original's headers, ends it: nothing that follows is of use.
 * Only the outermost level is looked at: a report within a report is somebody else's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mail/content_type.h"
#include "policy/decision.h"

/* Longer lines and fields lose their ends. A Message-ID may have a line for itself. */
#define DSN_LINE_SIZE	 1024
#define DSN_FIELD_SIZE	 2048
#define DSN_ID_MAX_BYTES 998

enum dsn_where {
	DSN_PREAMBLE,
	DSN_PART,
	DSN_STATUS,
	DSN_ORIGINAL,
	DSN_SKIPPED,
	DSN_DONE,
};

struct dsn {
	/* Found: */
	bool has_status;			  /* there is a part message/delivery-status */
	char unknown_recipient[POLICY_NAME_SIZE]; /* a key of mailbox.h; "": none */
	char original_id[DSN_ID_MAX_BYTES + 1];	  /* without brackets; "": none */
	/* How far it is: */
	enum dsn_where where;
	char boundary[CONTENT_TYPE_BOUNDARY_SIZE];
	struct content_type part;
	/* One recipient's fields so far. */
	char recipient[POLICY_NAME_SIZE];
	bool failed;
	bool status_says_unknown, status_is_vague, diagnostic_says_unknown;
	char line[DSN_LINE_SIZE];
	size_t line_size;
	char field[DSN_FIELD_SIZE]; /* unfolded */
	size_t field_size;
};

/* `boundary` "": nothing will be found. */
void dsn_begin(struct dsn *dsn, const char *boundary);

/* Chunks cut anywhere; lines end with LF or CRLF. False: nothing more can be found. */
bool dsn_read(struct dsn *dsn, const unsigned char *bytes, size_t size);

/* What is pending is at its end. */
void dsn_end(struct dsn *dsn);
