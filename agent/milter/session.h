/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection of the MTA: its packets in, replies out. It does no I/O.
 *
 * A message may be left at any step; the next begins with MAIL. ABORT, MAIL or the end of the
 * connection, whichever comes first, drops the transaction.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "milter/config_ref.h"
#include "milter/end_of_message.h"
#include "milter/protocol.h"
#include "milter/transaction.h"

struct evbuffer;

/* Shared by all connections. */
struct session_shared {
	struct config_refs rules;
	struct end_of_message_shared end;
};

struct session {
	struct session_shared *shared;
	struct evbuffer *out;
	void (*resume)(void *data);
	void *data;
	struct protocol protocol;
	struct address address; /* of the client, where it is known */
	bool has_address;
	char client[ADDRESS_TEXT_SIZE]; /* "": unknown */
	char user[POLICY_NAME_SIZE];	/* the login of the message that begins next; "": none */
	struct transaction transaction;
	struct end_of_message end;
	bool deciding; /* about a message; no further packet until `resume` */
	bool failed;   /* a reply could not be written: the connection must end */
};

/*
 * Replies go to `out`. `resume` follows each decision that does not come within session_take():
 * there are replies, and the next packet may be taken.
 */
void session_init(struct session *session, struct session_shared *shared, struct evbuffer *out,
		  void (*resume)(void *data), void *data);
void session_done(struct session *session);

/*
 * Takes one packet (protocol_peek()), while no decision is awaited. -ESHUTDOWN: QUIT; -ENOMEM;
 * -EPROTO, -EOPNOTSUPP: see protocol.h. The connection must end then.
 */
int session_take(struct session *session, const char *packet, size_t size);

/* The decision under way takes long: asks the MTA to wait on. */
void session_progress(struct session *session);
