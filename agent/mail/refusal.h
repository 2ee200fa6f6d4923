/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a receiver refused a message: does it not know the recipient? By the enhanced status code
 * (RFC 3463), and by words where the code leaves it open (phrases.h).
 *
 *   code                               unknown recipient
 *   5.1.1, 5.1.10, 5.1.351 (M365)      yes, unless words name another cause: a limit, a block
 *   other 5.x.x, none                  by words: "user unknown", "no such mailbox", …
 *   5.4.1 (M365)                       also by "recipient address rejected: access denied"
 *   5.1.6, 5.1.7, 5.1.8                no: it has moved; the sender's own address
 *   5.2.2 (a full mailbox), 4.x.x      no
 *
 * 5.1.10 is also RFC 7505's code for a domain that accepts no mail.
 */
#pragma once

#include <stdbool.h>

enum refusal {
	REFUSAL_VAGUE, /* it does not say why */
	REFUSAL_UNKNOWN_RECIPIENT,
	REFUSAL_UNKNOWN_BY_WORDS,
	REFUSAL_POLICY, /* 5.7.x without words; some servers refuse unknown recipients so */
	REFUSAL_OTHER,
};

/* The value of a Status field, "5.1.1". */
enum refusal refusal_of_status(const char *status);

/* The value of a Diagnostic-Code. Its type may be missing. */
enum refusal refusal_of_diagnostic(const char *diagnostic);

/*
 * A recipient's Status, of the server that reports, and its Diagnostic-Code, of the receiver:
 * neither may speak against it, but words outweigh 5.7.x. One of vague, unknown recipient, other.
 */
enum refusal refusal_weigh(enum refusal status, enum refusal diagnostic);

/* A line of text, with or without a reply code: "550 …", "User unknown", qmail's "(#5.1.1)". */
bool refusal_text_is_unknown(const char *line);
