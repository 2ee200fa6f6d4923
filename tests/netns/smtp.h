/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail for the world's MTA from any client: the test decides every byte. XCLIENT, which the MTA
 * must allow, sets the client's address and login.
 */
#pragma once

#include <stddef.h>

#include "netns/host.h"

#define SUBMISSION_PORT 2525

struct mail {
	const char *client;  /* XCLIENT ADDR; NULL: 127.0.0.1, without XCLIENT */
	const char *login;   /* XCLIENT LOGIN; NULL: none */
	const char *user;    /* AUTH PLAIN, with any password; NULL: none */
	const char *from;    /* after MAIL FROM: "<a@example.net>" with its parameters */
	const char *to;	     /* after RCPT TO; NULL: <bob@example.org> */
	unsigned copies;     /* so many more recipients, <copy-N@example.org> from 1 on */
	const char *id;	     /* Message-ID without brackets; NULL: none */
	const char *author;  /* From; NULL: `from` without its parameters */
	const char *headers; /* more headers, each ends with CRLF */
	const char *body;    /* ends with CRLF; no line may begin with a dot; NULL: one line */
	size_t more_bytes;   /* adds so many bytes to the body */
	const char *whole;   /* replaces all of the message but Message-ID; lines end with LF */
};

/*
 * Connects to that port of the mail host and says EHLO. Every call that waits fails after a minute.
 */
int smtp_open_port(unsigned port);
int smtp_open(void); /* SUBMISSION_PORT */

/*
 * Sends one mail. Returns the last reply, the caller's: to the end of data, or the first refusal
 * ("550 5.7.1 …"); "" if the connection ended. After a refusal the session is reset and can be used
 * again.
 */
char *smtp_give(int fd, const struct mail *mail);

/* A connection for one mail; and the same for a mail that must be accepted. */
char *smtp_try(const struct mail *mail);
void smtp_send(const struct mail *mail);

/* Makes rspamd mark the mail as spam (tools/rspamd-instance). */
#define SPAM_BODY "YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"

/* A report of a failed delivery (RFC 3464), from any sender. */
#define REPORT_HEADERS                                                                             \
	"MIME-Version: 1.0\r\n"                                                                    \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n"
#define REPORT_BODY                                                                                \
	"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"                                        \
	"--b\r\nContent-Type: message/delivery-status\r\n\r\n"                                     \
	"Reporting-MTA: dns; mx.example.net\r\n\r\n"                                               \
	"Final-Recipient: rfc822; nobody@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"       \
	"--b--\r\n"
