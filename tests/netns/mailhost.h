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
	const char *main; /* settings of main.cf, the last word; NULL: none */
	bool no_scanner;
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

/* What `postern explain` says of it: "POOL REASON". The caller's. */
char *mailhost_explain(const char *id);

/*
 * Gives the mail and awaits it: it came from an address of the pool, under the pool's name, without any
 * header of ours, once; and `explain` gives that pool and this reason.
 */
void mailhost_expect(const struct mail *mail, const char *pool, const char *reason);
/* The same of one that was given already. */
void mailhost_expect_letter(const char *id, const char *pool, const char *reason);
/* Of whatever letter: address and HELO are of that pool, and no header is ours. */
void mailhost_expect_lane(const struct letter *letter, const char *pool);

/* Postfix's; the caller's. */
char *mailhost_log(void);
