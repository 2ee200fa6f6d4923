/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection of the MTA, and the message that is on its way in it: libmilter's callbacks.
 *
 *   negotiate → connect → (mail → rcpt … → header … → end of headers → body … → end of message) …
 *             → close
 *
 * A message may be left at any step (abort), and the next begins with MAIL again: what was collected is
 * dropped by whatever comes first, abort, MAIL or close. Callbacks of one connection never run at the same
 * time; those of several do, on libmilter's threads.
 */
#pragma once

#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "milter/forged.h"
#include "milter/outage.h"
#include "milter/config_ref.h"
#include "policy/decision.h"

struct asker;
struct message;

/* What all connections share. */
struct session_shared {
	struct settings_holder settings;
	struct asker *asker;
	struct outage outage;
};

struct transaction {
	struct message *message;	      /* NULL: none is on its way, or no memory */
	struct settings *settings;	      /* while there is a message */
	char envelope_from[POLICY_NAME_SIZE]; /* a key of mailbox.h */
	char user[POLICY_NAME_SIZE];	      /* "": nobody has authenticated */
	const char *sender; /* of the configuration, by the client's address; NULL: none */
	uint32_t recipients_external;
	uint32_t recipients_internal;
	struct forged forged;
	bool wants_body;
};

struct session {
	bool can_skip;			/* the MTA stops sending a body when it is told to */
	char client[ADDRESS_TEXT_SIZE]; /* "": not known */
	struct address address;		/* where it is known */
	struct transaction transaction;
};

/* The callbacks, for smfi_register(). They use `shared` until session_end(). */
struct smfiDesc session_callbacks(struct session_shared *shared);

/*
 * No callback uses anything from here on; messages that still come are deferred. Waits for those that are
 * being decided. False: after `wait_sec` there are still some.
 */
bool session_end(unsigned wait_sec);
