/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sender of a message is told that does not pass: one line, for people. */
#pragma once

#include "wire/decision.h"

#define REPLY_SIZE 512 /* a line of SMTP (RFC 5321, 4.5.3.1.5) */

struct reply {
	const char *code;      /* "451", "550" */
	const char *status;    /* RFC 3463; borrowed from the answer */
	char text[REPLY_SIZE]; /* printable ASCII, '%' doubled as smfi_setreply(3) has it */
};

/* Of a decision to defer or to reject. */
void reply_of_decision(const struct received_decision *decision, struct reply *ret_reply);
/* The agent is away, and mail waits until it is back. */
void reply_agent_down(struct reply *ret_reply);
/* More forged headers than are removed. */
void reply_forged(struct reply *ret_reply);
