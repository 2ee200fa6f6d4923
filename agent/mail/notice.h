/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text of a bounce for people, read line by line, where no delivery status says the same:
 *
 *   "<bob@example.net>:", "550 5.1.1 no such user"   the recipient that the receiver does not know
 *   "Received: …", "From: …", "Subject: …"           a copy of the original's header
 *   "Message-ID: …"                                  the original's
 */
#pragma once

#include <stdbool.h>

#include "policy/decision.h"

#define NOTICE_ID_MAX_BYTES 998

/* All zero before the first line. */
struct notice {
	bool has_header; /* of the original: at least three fields in a row, one of a trace */
	bool unknown;	 /* the receiver does not know a recipient */
	char recipient[POLICY_NAME_SIZE];	   /* this one, a key of mailbox.h; "": not named */
	char original_id[NOTICE_ID_MAX_BYTES + 1]; /* without brackets; "": none */
	/* Progress: */
	unsigned trace, others;	     /* fields of the header that is being read */
	char path[POLICY_NAME_SIZE]; /* the last address in angle brackets; "": none */
};

/* Without the end of the line. */
void notice_line(struct notice *notice, const char *line);
