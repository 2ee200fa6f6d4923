/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives a message from a file to the parsers, like the milter (mail/message.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct config_mail;
struct message;

/*
 * Header by header, then the body in pieces with sizes by `seed`; 0: in one piece. Lines end with
 * LF or CRLF. The result is the caller's. Out of memory ends the process.
 */
struct message *mail_feed(const struct config_mail *config, const uint8_t *bytes, size_t size,
			  unsigned seed);

/* All findings as text: "id=1@a from=b@c mark=X-Spam bounce spf=pass …". */
#define MAIL_TOLD_SIZE 4096
void mail_tell(struct message *message, const char *envelope_from, char ret_told[MAIL_TOLD_SIZE]);
