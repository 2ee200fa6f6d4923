/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mail host with a real Exim (tools/exim-instance) whose lanes are the output of `postern mta
 * exim`, a name server, and the receivers of inbox.h. smtp.h sends the mail. Exim owns the domain
 * local.example, which has no mailbox.
 */
#pragma once

#include "netns/host.h"
#include "netns/smtp.h"

/* Internal domains: their mail does not leave by the pool relay. */
#define EXIM_DOMAINS "internal_domains = { \"example.net\", \"*.example\" }\n"

struct exim_setup {
	/* A sed expression for all parts and exim4.conf; NULL: none. */
	const char *edit;
	bool waits;    /* accepted mail stays in the queue; else Exim runs the queue every second */
	unsigned port; /* 0: SUBMISSION_PORT */
};

/* Starts the mail host with these lines in postern.conf; returns the agent. */
pid_t exim_begin(const char *more);
pid_t exim_begin_with(const char *more, const struct exim_setup *exim);
/* Exim alone, on a host with the agent and a name server at 127.0.0.1. */
void exim_start(const struct exim_setup *exim);

/*
 * A local program of the mail host sends a mail to bob@example.org. Returns its Message-ID, the
 * caller's.
 */
struct result exim_sendmail(const char *id, const char *from);

/* Does the queue have n messages? Does a line of the log match (grep -E)? */
bool exim_queued(unsigned n);
bool exim_logged(const char *pattern);

/* Awaits the message: one copy, from that pool, with the pool's name in HELO. */
void exim_expect_letter(const char *id, const char *pool);
/* The same, and `explain` names that pool. */
void exim_expect_left(const char *id, const char *pool);
/* Sends the mail; the reply must begin like this. */
void exim_expect_refused(const struct mail *mail, const char *begins);
/* Awaits an empty queue. */
void exim_expect_empty(void);
