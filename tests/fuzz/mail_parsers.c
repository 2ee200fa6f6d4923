/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds any bytes to the parsers of mail, and checks their results; see mail_parsers.h. */
#include "fuzz/mail_parsers.h"

#include <ctype.h>
#include <errno.h>
#include <event2/buffer.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uninorm.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "fuzz/mail_feed.h"
#include "mail/authres.h"
#include "mail/utf8.h"
#include "mail/mailbox.h"
#include "mail/message.h"
#include "milter/protocol.h"
#include "policy/owner.h"

#define FAIL(error, ...) error_set(error, -EBADMSG, __VA_ARGS__)
#define COUNT(table)	 (sizeof(table) / sizeof((table)[0]))

static struct config_mark marks[] = {
	{.header = "X-Spam-Flag", .value = "YES"},
	{.header = "X-Spam-Status", .value = "Yes"},
	{.header = "X-Rspamd-Action", .value = "add header"},
};
static char *ids[] = {"mx.example.net", "a"};
static const struct config_mail config = {
	.spam_marks = marks,
	.n_spam_marks = COUNT(marks),
	.authserv_ids = {ids, COUNT(ids)},
};

/* In memory of exactly its size: a sanitizer sees any read past it. A NUL ends it. */
static char *text_of(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	if (!text)
		abort();
	return text;
}

static bool is_clean(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;
	char again[MESSAGE_ID_MAX_BYTES + 1];

	if (!text)
		return true;
	json_decref(string);
	utf8_clean(text, strlen(text), again, sizeof(again));
	return string && strcmp(again, text) == 0;
}

/* ---- messages */

static int check_findings(const struct message_findings *found, bool null_sender,
			  struct error *error)
{
	const char *const texts[] = {found->message_id, found->header_from,
				     found->unknown_recipient, found->original_id};

	for (size_t i = 0; i < COUNT(texts); i++)
		if (!is_clean(texts[i]) || (texts[i] && !*texts[i]))
			return FAIL(error, "text %zu: '%s'", i, texts[i]);
	if (null_sender && !found->bounce)
		return FAIL(error, "the null sender is no bounce");
	if (!found->bounce && (found->failure || found->unknown_recipient || found->original_id))
		return FAIL(error, "what is no bounce has a bounce's findings");
	if (found->spam != (found->mark != NULL))
		return FAIL(error, "spam without a mark, or a mark without spam");
	return 0;
}

static int read_message(const uint8_t *data, size_t size, unsigned seed, const char *sender,
			char told[MAIL_TOLD_SIZE], struct error *error)
{
	struct message *message = mail_feed(&config, data, size, seed);
	struct message_findings findings;
	int r;

	message_findings(message, sender, &findings);
	r = check_findings(&findings, sender && !*sender, error);
	mail_tell(message, sender, told);
	message_free(message);
	return r;
}

int mail_parsers_message(const uint8_t *data, size_t size, struct error *error)
{
	static const char *const senders[] = {NULL, "", "bob@example.net"};
	char whole[MAIL_TOLD_SIZE], pieces[MAIL_TOLD_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(senders); i++) {
		r = read_message(data, size, 0, senders[i], whole, error);
		for (unsigned seed = 1; r == 0 && seed < 4; seed++) {
			r = read_message(data, size, seed * (unsigned)(size + 1), senders[i],
					 pieces, error);
			if (r == 0 && strcmp(whole, pieces) != 0)
				r = FAIL(error, "'%.400s' as a whole, '%.400s' in pieces", whole,
					 pieces);
		}
	}
	return r;
}

/* ---- Authentication-Results */

static bool is_same(const struct authres *a, const struct authres *b)
{
	return a->spf == b->spf && a->dkim == b->dkim && a->spf_said == b->spf_said &&
	       a->dkim_said == b->dkim_said;
}

int mail_parsers_authres(const uint8_t *data, size_t size, struct error *error)
{
	static const struct config_texts nobody = {NULL, 0};
	_cleanup_(free_p) char *value = text_of(data, size);
	_cleanup_(free_p) char *commented = malloc(strlen(value) + 16);
	struct authres once = {.spf = FACTS_AUTH_UNKNOWN}, other = once;

	authres_read(&once, &config.authserv_ids, value);
	if (once.spf > FACTS_AUTH_FAIL || once.dkim > FACTS_AUTH_FAIL)
		return FAIL(error, "spf %d, dkim %d", once.spf, once.dkim);
	if ((once.spf && !once.spf_said) || (once.dkim && !once.dkim_said))
		return FAIL(error, "a result that nobody said");
	sprintf(commented, "\n (a\\)(b)c)\t%s", value);
	authres_read(&other, &config.authserv_ids, commented);
	if (!is_same(&once, &other))
		return FAIL(error, "a comment makes a difference");
	authres_read(&other, &config.authserv_ids, "a; spf=pass; dkim=fail");
	authres_read(&other, &config.authserv_ids, value);
	if ((once.spf_said && other.spf != once.spf) || (once.dkim_said && other.dkim != once.dkim))
		return FAIL(error, "a header further down changed what is known");
	other = (struct authres){.spf = FACTS_AUTH_UNKNOWN};
	authres_read(&other, &nobody, value);
	return other.spf_said || other.dkim_said ? FAIL(error, "nobody was believed") : 0;
}

/* ---- mailboxes */

static int check_key(const char *key, struct error *error)
{
	char again[POLICY_NAME_SIZE], ascii[MAILBOX_DOMAIN_SIZE], header[POLICY_NAME_SIZE + 8];
	const char *domain = mailbox_domain(key);

	if (!is_clean(key))
		return FAIL(error, "'%s' is no text", key);
	mailbox_parse(key, again);
	if (strcmp(again, key) != 0)
		return FAIL(error, "the key of '%s' is '%s'", key, again);
	if (domain && !strstr(key, domain))
		return FAIL(error, "the domain of '%s' is '%s'", key, domain);
	if (!domain || *domain == '[' || mailbox_domain_ascii(domain, ascii) < 0)
		return 0;
	if (strcmp(ascii, domain) != 0)
		return FAIL(error, "the domain '%s' of a key is '%s'", domain, ascii);
	snprintf(header, sizeof(header), "B (\\)) <%s>", key);
	if (!mailbox_of_header(header, again) || strcmp(again, key) != 0)
		return FAIL(error, "'%s' is '%s'", header, again);
	return 0;
}

/* The configuration of the owners: all forms. */
static char *forms[] = {"plus", "prvs", "btv1", "srs", "verp", "@a.example"};
static const struct config owners = {.sender_forms = {forms, COUNT(forms)}};

/* Another text of the same name has the same owner. */
static int check_spelling(const char *name, const char *owner, struct error *error)
{
	char other[POLICY_NAME_SIZE];

	owner_of(&owners, name, true, other);
	return strcasecmp(other, owner) == 0
		       ? 0
		       : FAIL(error, "'%s' has the owner '%s', not '%s'", name, other, owner);
}

static int check_owner(const char *name, struct error *error)
{
	char owner[POLICY_NAME_SIZE], other[POLICY_NAME_SIZE];
	size_t size = sizeof(other) - 1;
	uint8_t *apart;
	int r;

	owner_of(&owners, name, true, owner);
	if (!is_clean(owner))
		return FAIL(error, "the owner '%s' is no text", owner);
	r = check_spelling(owner, owner, error);
	for (size_t i = 0; i <= strlen(name); i++)
		other[i] = (char)toupper((unsigned char)name[i]);
	if (r == 0)
		r = check_spelling(other, owner, error);
	size = sizeof(other) - 1;
	apart = u8_normalize(UNINORM_NFD, (const uint8_t *)name, strlen(name), (uint8_t *)other,
			     &size);
	if (r == 0 && apart == (const uint8_t *)other) {
		other[size] = '\0';
		r = check_spelling(other, owner, error);
	} else if (apart != (const uint8_t *)other) {
		free(apart);
	}
	return r;
}

int mail_parsers_mailbox(const uint8_t *data, size_t size, struct error *error)
{
	_cleanup_(free_p) char *text = text_of(data, size);
	char key[POLICY_NAME_SIZE];
	int r;

	mailbox_parse(text, key);
	r = check_key(key, error);
	if (r == 0)
		r = check_owner(key, error);
	if (r == 0 && mailbox_of_header(text, key))
		r = *key ? check_key(key, error) : FAIL(error, "a header gave the null sender");
	return r;
}

/* ---- the milter protocol */

/*
 * The commands that may follow, by the SMTP session behind them; a second opinion on protocol.c's
 * table.
 */
struct order {
	bool negotiated, connected, message, header, body;
};

static bool may_follow(const struct order *order, enum protocol_command command)
{
	switch (command) {
	case PROTOCOL_OPTNEG:
		return !order->negotiated;
	case PROTOCOL_QUIT:
		return true;
	case PROTOCOL_MACRO:
	case PROTOCOL_ABORT:
	case PROTOCOL_QUIT_NC:
		return order->negotiated;
	case PROTOCOL_CONNECT:
		return order->negotiated && !order->connected;
	case PROTOCOL_HELO:
		return order->connected && !order->message;
	case PROTOCOL_MAIL:
	case PROTOCOL_UNKNOWN:
		return order->connected;
	case PROTOCOL_RCPT:
	case PROTOCOL_DATA:
		return order->message && !order->header && !order->body;
	case PROTOCOL_HEADER:
	case PROTOCOL_EOH:
		return order->message && !order->body;
	case PROTOCOL_BODY:
		return order->body;
	case PROTOCOL_BODYEOB:
		return order->message;
	}
	return false;
}

static void follow(struct order *order, enum protocol_command command)
{
	order->negotiated = true;
	if (command == PROTOCOL_CONNECT)
		order->connected = true;
	if (command == PROTOCOL_QUIT_NC)
		order->connected = false;
	if (strchr("MEAK", command))
		order->message = order->header = order->body = false;
	order->message |= command == PROTOCOL_MAIL;
	order->header |= command == PROTOCOL_HEADER;
	order->body |= command == PROTOCOL_EOH;
}

static bool lies_in(const char *text, const char *data, size_t size)
{
	return text >= data && text < data + size &&
	       memchr(text, '\0', size - (size_t)(text - data));
}

static int check_packet(const struct protocol_packet *packet, const char *data, size_t size,
			struct error *error)
{
	const bool has_path = packet->command == PROTOCOL_MAIL || packet->command == PROTOCOL_RCPT;

	if ((has_path && !packet->text) ||
	    (packet->command == PROTOCOL_HEADER && (!packet->text || !packet->value)))
		return FAIL(error, "a '%c' without its texts", packet->command);
	if ((packet->text && !lies_in(packet->text, data, size)) ||
	    (packet->value && !lies_in(packet->value, data, size)))
		return FAIL(error, "a text of '%c' ends outside of it", packet->command);
	if (packet->size > size - PROTOCOL_HEAD_BYTES)
		return FAIL(error, "%zu bytes in a packet of %zu", packet->size, size);
	return 0;
}

/* In memory of exactly its size. 1: goes on; 0: QUIT; -EPROTO: it breaks the protocol; -EBADMSG. */
static int take_packet(struct protocol *protocol, struct order *order, const char *bytes,
		       size_t size, struct evbuffer *told, struct error *error)
{
	_cleanup_(free_p) char *copy = malloc(size);
	struct protocol_packet packet;
	int r;

	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	r = protocol_take(protocol, copy, size, &packet);
	if (r < 0)
		return -EPROTO;
	if (!may_follow(order, packet.command))
		return FAIL(error, "a '%c' out of order", packet.command);
	follow(order, packet.command);
	r = check_packet(&packet, copy, size, error);
	if (r < 0)
		return r;
	evbuffer_add_printf(told, "%c%d %s=%s %zu;", packet.command, packet.wants_reply,
			    packet.text ? packet.text : "", packet.value ? packet.value : "",
			    packet.size);
	return packet.command != PROTOCOL_QUIT;
}

/* The input in pieces by `seed`; 0: as a whole. Writes the packets and the end to `told`. */
static int read_packets(const uint8_t *data, size_t size, unsigned seed, struct evbuffer *told,
			struct error *error)
{
	struct evbuffer *in = evbuffer_new();
	struct protocol protocol = {.version = 0};
	struct order order = {.negotiated = false};
	const char *packet;
	long found = 0;
	int r = 1;

	while (r > 0 && (size > 0 || found > 0)) {
		size_t piece = seed ? 1 + seed % 37 : size;

		seed = seed ? seed * 1103515245 + 12345 : 0;
		piece = piece < size ? piece : size;
		evbuffer_add(in, data, piece);
		data += piece;
		size -= piece;
		while (r > 0 && (found = protocol_peek(in, &packet)) > 0) {
			r = take_packet(&protocol, &order, packet, (size_t)found, told, error);
			evbuffer_drain(in, (size_t)found);
		}
		if (found < 0)
			r = -EPROTO;
	}
	evbuffer_free(in);
	evbuffer_add_printf(told, "%d%c", r, '\0');
	return r == -EBADMSG ? r : 0;
}

int mail_parsers_milter(const uint8_t *data, size_t size, struct error *error)
{
	struct evbuffer *whole = evbuffer_new(), *pieces = evbuffer_new();
	int r = read_packets(data, size, 0, whole, error);

	if (r == 0)
		r = read_packets(data, size, (unsigned)size + 1, pieces, error);
	if (r == 0 && (evbuffer_get_length(whole) != evbuffer_get_length(pieces) ||
		       memcmp(evbuffer_pullup(whole, -1), evbuffer_pullup(pieces, -1),
			      evbuffer_get_length(whole)) != 0))
		r = FAIL(error, "'%.400s' as a whole, '%.400s' in pieces",
			 (const char *)evbuffer_pullup(whole, -1),
			 (const char *)evbuffer_pullup(pieces, -1));
	evbuffer_free(whole);
	evbuffer_free(pieces);
	return r;
}
