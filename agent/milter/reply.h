/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of rejections and deferrals: one line, for the sender of the message. */
#pragma once

#include "wire/decision.h"

#define REPLY_SIZE 512 /* a line of SMTP (RFC 5321, 4.5.3.1.5) */

struct reply {
	const char *code;      /* "451", "550" */
	const char *status;    /* RFC 3463; borrowed from the decision */
	char text[REPLY_SIZE]; /* printable ASCII without '%', which Sendmail takes for a format */
};

/* For a decision to defer or to reject. */
void reply_of_decision(const struct received_decision *decision, struct reply *ret_reply);
/* For an agent that does not answer, with on_agent_down = "defer". */
void reply_agent_down(struct reply *ret_reply);
/* For more forged headers than are removed. */
void reply_forged(struct reply *ret_reply);
