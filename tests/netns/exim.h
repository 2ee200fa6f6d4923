/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mail host with a real Exim (tools/exim-instance) and exactly what `postern mta exim` prints, a name
 * server, and the receivers of inbox.h. Mail is given by smtp.h; a domain local.example is Exim's own, and
 * nobody lives there.
 */
#pragma once

#include "netns/host.h"
#include "netns/smtp.h"

/* Ours, so that mail of them does not leave by the pool relay. */
#define EXIM_DOMAINS "internal_domains = { \"example.net\", \"*.example\" }\n"

struct exim_setup {
	/* An expression of sed's, for all parts and exim4.conf; NULL: as they were written. */
	const char *edit;
	bool waits; /* what Exim takes stays in the queue, else it is looked at every second */
};

/* With these lines of postern.conf; returns the agent. */
pid_t exim_begin(const char *more);
pid_t exim_begin_with(const char *more, const struct exim_setup *exim);

/* A program of the mail host hands over a mail to bob@example.org; the caller's. */
struct result exim_sendmail(const char *id, const char *from);

/* Whether the queue has n messages, and whether a line of the log is like that (grep -E). */
bool exim_queued(unsigned n);
bool exim_logged(const char *pattern);

/* Awaits that message: it came once, from that pool, with its name in HELO. */
void exim_expect_letter(const char *id, const char *pool);
/* And `explain` names that pool, too. */
void exim_expect_left(const char *id, const char *pool);
/* Gives the mail; the reply begins so. */
void exim_expect_refused(const struct mail *mail, const char *begins);
/* Awaits that nothing is left in the queue. */
void exim_expect_empty(void);
