/* SPDX-License-Identifier: BSD-2-Clause */
/* What each command does to the transaction. */
#include "milter/session.h"

#include <errno.h>
#include <string.h>

#include "mail/utf8.h"

/* May come while the message's last packet is still being taken: nothing is to be resumed then. */
static void on_decided(void *data, bool replied)
{
	struct session *session = data;

	transaction_done(&session->transaction);
	session->failed |= !replied;
	if (session->deciding) {
		session->deciding = false;
		session->resume(session->data);
	}
}

void session_init(struct session *session, struct session_shared *shared, struct evbuffer *out,
		  void (*resume)(void *data), void *data)
{
	*session = (struct session){
		.shared = shared,
		.out = out,
		.resume = resume,
		.data = data,
		.end = {.shared = &shared->end, .out = out, .done = on_decided, .data = session},
	};
}

void session_done(struct session *session)
{
	end_of_message_cancel(&session->end);
	transaction_done(&session->transaction);
}

/* Without an address, a client of the connection before must not stand for this one. */
static void take_client(struct session *session, const struct protocol_packet *packet)
{
	session->has_address = packet->has_address;
	session->address = packet->address;
	session->client[0] = '\0';
	if (packet->has_address)
		address_format(&packet->address, session->client);
}

static void take_user(struct session *session, char stage, const char *user)
{
	if (stage != PROTOCOL_MAIL)
		return;
	utf8_clean(user ? user : "", user ? strlen(user) : 0, session->user, sizeof(session->user));
}

/* The login is for one message: the MTA says it again for the next. */
static void begin(struct session *session, const char *path)
{
	transaction_done(&session->transaction);
	transaction_begin(&session->transaction, &session->shared->rules, path, session->user,
			  session->has_address ? &session->address : NULL, session->client);
	session->user[0] = '\0';
}

static void end(struct session *session, const struct protocol_packet *packet)
{
	transaction_body(&session->transaction, packet->bytes, packet->size);
	end_of_message_begin(&session->end, &session->transaction);
	session->deciding = end_of_message_is_open(&session->end);
}

static void take(struct session *session, const struct protocol_packet *packet)
{
	struct transaction *transaction = &session->transaction;

	switch (packet->command) {
	case PROTOCOL_CONNECT:
		take_client(session, packet);
		break;
	case PROTOCOL_MACRO:
		take_user(session, packet->stage, packet->value);
		break;
	case PROTOCOL_MAIL:
		begin(session, packet->text);
		break;
	case PROTOCOL_RCPT:
		transaction_recipient(transaction, packet->text);
		break;
	case PROTOCOL_HEADER:
		transaction_header(transaction, packet->text, packet->value);
		break;
	case PROTOCOL_EOH:
		transaction_end_of_headers(transaction);
		break;
	case PROTOCOL_BODY:
		transaction_body(transaction, packet->bytes, packet->size);
		break;
	case PROTOCOL_BODYEOB:
		end(session, packet);
		break;
	case PROTOCOL_ABORT:
	case PROTOCOL_QUIT_NC:
		transaction_done(transaction);
		break;
	default:
		break;
	}
}

static bool reply(const struct session *session, const struct protocol_packet *packet)
{
	bool skips = packet->command == PROTOCOL_BODY && !session->transaction.wants_body &&
		     (session->protocol.steps & PROTOCOL_CAN_SKIP);

	if (packet->command == PROTOCOL_OPTNEG)
		return protocol_reply_negotiated(session->out, &session->protocol);
	return !packet->wants_reply ||
	       protocol_reply(session->out, skips ? PROTOCOL_SKIP : PROTOCOL_CONTINUE);
}

int session_take(struct session *session, const char *packet, size_t size)
{
	struct protocol_packet taken;
	int r = protocol_take(&session->protocol, packet, size, &taken);

	if (r < 0)
		return r;
	if (taken.command == PROTOCOL_QUIT)
		return -ESHUTDOWN;
	take(session, &taken);
	if (!reply(session, &taken))
		session->failed = true;
	return session->failed ? -ENOMEM : 0;
}

void session_progress(struct session *session)
{
	if (!protocol_reply(session->out, PROTOCOL_PROGRESS))
		session->failed = true;
}
