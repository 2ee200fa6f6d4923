/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mail host as a whole: a real Postfix with what `postern mta postfix` prints, nothing else about lanes
 * and milters; a real scanner (rspamd) in front of `postern milter`; a name server; the receivers of
 * inbox.h on the internet. Mail is given by smtp.h.
 *
 * Postfix has a connection for each message (a setting of tools/postfix-instance), takes mail for
 * everybody from everybody, believes XCLIENT, and finds next hops in the DNS. Postern asks a name server of
 * its own, so that a test may end or silence it while Postfix still delivers.
 */
#pragma once

#include <sys/types.h>

#include "netns/inbox.h"
#include "netns/postern.h"
#include "netns/smtp.h"

struct mailhost_setup {
	const char *conf; /* lines of postern.conf; NULL: none */
	const char *main; /* lines of main.cf, the last word; NULL: none */
};

struct mailhost {
	pid_t agent;
	pid_t milter;
	pid_t nameserver; /* Postern's */
};
extern struct mailhost mailhost;

/* For the suite: .init = world_init, .fini = mailhost_done. */
void mailhost_begin(const struct mailhost_setup *setup);
void mailhost_done(void);

/* Starts what a test has ended; returns when it answers. */
void mailhost_start_agent(void);
void mailhost_start_milter(void);

/* Awaits that Postfix has nothing left to do, then the letters that came. The caller's. */
struct inbox mailhost_settle(int within_ms);
/* How many messages are in Postfix's queue, in any of its states. */
unsigned mailhost_queued(void);

/* Gives the mail and asserts which pool it left by; what came of it. The caller's. */
struct letter mailhost_expect(const struct mail *mail, const char *pool);
/* What `postern explain` says of it: "POOL REASON". The caller's. */
char *mailhost_explain(const char *id);
