/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail given to the world's MTA as any client would: every byte is the test's. Who the client is (its
 * address, whether it has logged in) is told by XCLIENT, which the MTA must allow.
 */
#pragma once

#include <stddef.h>

#include "netns/host.h"

#define SUBMISSION_PORT 2525

struct mail {
	const char *client;  /* XCLIENT ADDR; NULL: 127.0.0.1, without XCLIENT */
	const char *login;   /* XCLIENT LOGIN; NULL: nobody */
	const char *user;    /* AUTH PLAIN, with any password; NULL: nobody */
	const char *from;    /* what follows MAIL FROM: "<a@example.net>", parameters and all */
	const char *to;	     /* what follows RCPT TO; NULL: <bob@example.org> */
	unsigned copies;     /* so many recipients more, <copy-N@example.org> from 1 on */
	const char *id;	     /* Message-ID, without brackets; NULL: has none */
	const char *author;  /* From; NULL: `from` without its parameters */
	const char *headers; /* more of them, each ended with CRLF */
	const char *body;    /* ended with CRLF; NULL: one line. No line is to begin with a dot */
	size_t more_bytes;   /* so much is added to the body */
};

/* Connects to that port of the mail host, and says EHLO. Every call that waits gives up after a minute. */
int smtp_open_port(unsigned port);
int smtp_open(void); /* SUBMISSION_PORT */

/*
 * Gives one mail. The reply that ended it: the one to the end of data, or the first that refused it
 * ("550 5.7.1 …"); "" where the connection ended. One that was refused is reset, and the
 * connection can be used on. The caller's.
 */
char *smtp_give(int fd, const struct mail *mail);

/* A connection for one mail; and for one that must be taken. */
char *smtp_try(const struct mail *mail);
void smtp_send(const struct mail *mail);

/* What rspamd marks, whatever else it thinks of it (tools/rspamd-instance). */
#define SPAM_BODY "YJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"

/* A report of a failed delivery (RFC 3464), whoever sends it. */
#define REPORT_HEADERS                                                                             \
	"MIME-Version: 1.0\r\n"                                                                    \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n"
#define REPORT_BODY                                                                                \
	"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"                                        \
	"--b\r\nContent-Type: message/delivery-status\r\n\r\n"                                     \
	"Reporting-MTA: dns; mx.example.net\r\n\r\n"                                               \
	"Final-Recipient: rfc822; nobody@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"       \
	"--b--\r\n"
