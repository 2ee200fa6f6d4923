/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a receiver refused a message: does it not know the recipient? By the enhanced status code
 * (RFC 3463), and by a few words where the code leaves it open.
 *
 *   code                               unknown recipient
 *   5.1.1, 5.1.10, 5.1.351 (M365)      yes
 *   5.x.x, none                        by the words "user unknown", "no such user", …
 *   5.4.1 (M365)                       also by "recipient address rejected: access denied"
 *   5.1.7, 5.1.8 (the sender's own)    no
 *   5.2.2 (a full mailbox), 4.x.x      no
 *
 * 5.1.10 is also RFC 7505's code for a domain that accepts no mail.
 */
#pragma once

enum refusal {
	REFUSAL_VAGUE, /* it does not say why */
	REFUSAL_UNKNOWN_RECIPIENT,
	REFUSAL_OTHER,
};

/* The value of a Status field, "5.1.1". It has no words; security and policy (5.7.x) are others. */
enum refusal refusal_of_status(const char *status);

/* The value of a Diagnostic-Code. Its type may be missing. */
enum refusal refusal_of_diagnostic(const char *diagnostic);

/* A line of text. It is vague without a reply code, "550", but for qmail's "(#5.1.1)". */
enum refusal refusal_of_text(const char *line);
