/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The body of a delivery status notification (RFC 3464 in RFC 6522), read line by line.
 *
 *   preamble ──boundary──► header of a part ──empty line──► status    (message/delivery-status)
 *                               ▲                           original  (message/rfc822,
 *                               │                                      text/rfc822-headers)
 *                               │                           text      (text/plain: notice.h)
 *                               │                           skipped   (anything else)
 *                               └────────────boundary──────────┘
 *
 * The closing boundary or the end of the original's headers ends the reading: nothing useful
 * follows. A message without parts is a text. Only the outermost level counts: a report within a
 * report belongs to another message.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mail/content_type.h"
#include "mail/notice.h"
#include "mail/refusal.h"
#include "policy/decision.h"

/* Longer lines and fields are cut. A Message-ID may fill a whole line. */
#define DSN_LINE_SIZE	 1024
#define DSN_FIELD_SIZE	 2048
#define DSN_ID_MAX_BYTES 998

enum dsn_where {
	DSN_PREAMBLE,
	DSN_PART,
	DSN_STATUS,
	DSN_ORIGINAL,
	DSN_TEXT,
	DSN_SKIPPED,
	DSN_DONE,
};

struct dsn {
	/* Found: */
	bool has_status;			  /* a part is message/delivery-status */
	bool has_original;			  /* a part is a message, or its header */
	bool has_failed, has_other_action;	  /* an Action is failed; is anything else */
	char unknown_recipient[POLICY_NAME_SIZE]; /* a key of mailbox.h; "": none */
	/* A recipient failed without a cause or without a name: this one, "": not named. */
	bool leaves_to_text;
	char vague_recipient[POLICY_NAME_SIZE];
	char original_id[DSN_ID_MAX_BYTES + 1]; /* without brackets; "": none */
	struct notice notice;			/* of the parts that are text */
	/* Progress: */
	enum dsn_where where;
	char boundary[CONTENT_TYPE_BOUNDARY_SIZE];
	struct content_type part;
	/* The current recipient: */
	char recipient[POLICY_NAME_SIZE];
	bool has_action, failed;
	enum refusal status, diagnostic;
	char line[DSN_LINE_SIZE];
	size_t line_size;
	char field[DSN_FIELD_SIZE]; /* unfolded */
	size_t field_size;
};

/* All zero before. `boundary` "": nothing is found. */
void dsn_begin(struct dsn *dsn, const char *boundary);
/* All zero before. The body is a single text. */
void dsn_begin_text(struct dsn *dsn);

/* Takes chunks, cut anywhere; lines end with LF or CRLF. False: nothing more can be found. */
bool dsn_read(struct dsn *dsn, const unsigned char *bytes, size_t size);

/* The message ends: takes the last line and field. */
void dsn_end(struct dsn *dsn);
