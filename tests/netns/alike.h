/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set of messages that Postfix with the milter, Exim and Haraka judge, with what each makes of
 * them. In texts '~' stands for the letter of the MTA, so that each has senders of its own.
 */
#pragma once

#include <stdbool.h>

#include "netns/smtp.h"

enum alike_mta { ALIKE_POSTFIX, ALIKE_EXIM, ALIKE_HARAKA, ALIKE_MTAS };

struct alike_case {
	const char *name;
	struct mail mail;
	/*
	 * "POOL REASON EXTERNAL INTERNAL DAY MESSAGES": the decision and the counts of the sender
	 * after it ("-": it has none); or the class and status of the refusal ("5 5.1.8").
	 */
	const char *postfix;
	const char *exim, *haraka;	/* NULL: the same */
	const char *leaves[ALIKE_MTAS]; /* the pool that it leaves by; NULL: that of the decision */
	/* The row of the table in postern(8) that says so; NULL: no difference. */
	const char *row;
	bool alone; /* it must have left before the next is sent */
	bool stays; /* its receiver does not take it (SMTPUTF8) */
};

/* Ends with a case without a name. */
extern const struct alike_case alike_cases[];

/* Rows of the table of differences in postern(8), in its order; ends with NULL. */
#define ALIKE_BODY   "signs in the body"
#define ALIKE_AUTH   "SPF and DKIM results"
#define ALIKE_SURGES "surges of bounces"
#define ALIKE_MARKS  "spam_marks"
#define ALIKE_QUEUE  "limits and mail that waits"
extern const char *const alike_rows[];
