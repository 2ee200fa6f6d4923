/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A complete mail host: a real Postfix with the output of `postern mta postfix` and no other
 * setting of lanes or milters; a real scanner (rspamd) in front of `postern milter`; a name server;
 * the receivers of inbox.h on the internet. smtp.h sends the mail.
 *
 * Postfix opens a connection for each message (a setting of tools/postfix-instance), relays for
 * everybody, trusts XCLIENT, and finds next hops in the DNS. Postern has a name server of its own:
 * a test can stop it while Postfix still delivers.
 */
#pragma once

#include <sys/types.h>

#include "netns/inbox.h"
#include "netns/postern.h"
#include "netns/smtp.h"

struct mailhost_setup {
	const char *conf; /* lines for postern.conf; NULL: none */
	const char *main; /* settings of main.cf that override all others; NULL: none */
	bool no_scanner;
};

struct mailhost {
	pid_t agent;
	pid_t milter;
	pid_t nameserver;     /* the name server of Postern */
	pid_t mta_nameserver; /* of the mail server */
};
extern struct mailhost mailhost;

/* For the suite: .init = world_init, .fini = mailhost_done. */
void mailhost_begin(const struct mailhost_setup *setup);
void mailhost_done(void);

/* Starts a process that a test has stopped; returns when it answers. */
void mailhost_start_agent(void);
void mailhost_start_milter(void);

/* Awaits an empty queue of Postfix, then returns all letters, the caller's. */
struct inbox mailhost_settle(int within_ms);
/* The number of messages in Postfix's queue, in any state. */
unsigned mailhost_queued(void);

/* The explanation of `postern explain`: "POOL REASON". The caller's. */
char *mailhost_explain(const char *id);

/*
 * Sends the mail and awaits it: one copy, from an address of the pool, with the pool's name in
 * HELO, without any header of Postern; and `explain` gives that pool and this reason.
 */
void mailhost_expect(const struct mail *mail, const char *pool, const char *reason);
/* The same for a mail that was sent already. */
void mailhost_expect_letter(const char *id, const char *pool, const char *reason);
/* For any letter: address and HELO belong to the pool, and no header is Postern's. */
void mailhost_expect_lane(const struct letter *letter, const char *pool);

/* The directory of Postfix's queue; the caller's. */
char *mailhost_log(void);
