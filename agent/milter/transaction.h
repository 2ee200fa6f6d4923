/* SPDX-License-Identifier: BSD-2-Clause */
/* One message in progress: what the MTA has said of it so far. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "milter/forged.h"
#include "policy/decision.h"

struct address;
struct config_ref;
struct config_refs;
struct message;

/* All zero: no message in progress. */
struct transaction {
	struct message *message;		/* NULL: none in progress, or out of memory */
	struct config_ref *rules;		/* those that the message started under; with it */
	char envelope_from[POLICY_NAME_SIZE];	/* a key of mailbox.h */
	char user[POLICY_NAME_SIZE];		/* the login; "": none */
	const char *client;			/* its address as text, borrowed; "": unknown */
	const char *sender;			/* configured for that address; NULL: none */
	char first_recipient[POLICY_NAME_SIZE]; /* a key of mailbox.h; "": none */
	uint32_t recipients_external;
	uint32_t recipients_internal;
	struct forged forged;
	bool wants_body;
};

/*
 * MAIL. `user` is "" without a login; `address` is NULL where the client has none, `client` is its
 * text. Without memory there is no message, and its end defers it.
 */
void transaction_begin(struct transaction *transaction, struct config_refs *refs, const char *path,
		       const char *user, const struct address *address, const char *client);
void transaction_done(struct transaction *transaction);

/* The commands that follow; nothing without a message, but for forged headers. */
void transaction_recipient(struct transaction *transaction, const char *path);
void transaction_header(struct transaction *transaction, const char *name, const char *value);
void transaction_end_of_headers(struct transaction *transaction);
void transaction_body(struct transaction *transaction, const void *bytes, size_t size);
