/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of commands; one function for each form of data. */
#include "milter/protocol.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define VERSION_MIN 2

#define ACTIONS (PROTOCOL_CAN_ADD_HEADERS | PROTOCOL_CAN_CHANGE_HEADERS)
/* Before its end nothing is decided about a message, so the MTA need not wait for replies. */
#define STEPS                                                                                      \
	(PROTOCOL_NO_HELO | PROTOCOL_NO_UNKNOWN | PROTOCOL_NO_DATA | PROTOCOL_CAN_SKIP |           \
	 PROTOCOL_NO_REPLY_CONNECT | PROTOCOL_NO_REPLY_MAIL | PROTOCOL_NO_REPLY_RCPT |             \
	 PROTOCOL_NO_REPLY_HEADER | PROTOCOL_NO_REPLY_EOH)

/* ---- data */

/* What is left of a packet's data. */
struct rest {
	const char *at;
	size_t size;
};

/* NULL: no NUL in the rest. */
static const char *take_text(struct rest *rest)
{
	const char *text = rest->at;
	const char *end = rest->size ? memchr(text, '\0', rest->size) : NULL;

	if (!end)
		return NULL;
	rest->size -= (size_t)(end + 1 - text);
	rest->at = end + 1;
	return text;
}

static int read_nothing(struct protocol *protocol, struct rest *rest,
			struct protocol_packet *packet)
{
	(void)protocol, (void)packet;
	return rest->size ? -EPROTO : 0;
}

static int read_bytes(struct protocol *protocol, struct rest *rest, struct protocol_packet *packet)
{
	(void)protocol;
	packet->bytes = rest->at;
	packet->size = rest->size;
	return 0;
}

/* Texts to the end, one at least. */
static int read_texts(struct protocol *protocol, struct rest *rest, struct protocol_packet *packet)
{
	(void)protocol;
	packet->text = take_text(rest);
	return packet->text && (!rest->size || rest->at[rest->size - 1] == '\0') ? 0 : -EPROTO;
}

/* A NUL inside of the value ends it: MTAs have no headers with NULs. */
static int read_header(struct protocol *protocol, struct rest *rest, struct protocol_packet *packet)
{
	int r = read_texts(protocol, rest, packet);

	if (r == 0)
		packet->value = take_text(rest);
	return packet->value ? 0 : -EPROTO;
}

/* A later version may append to it. */
static int read_negotiation(struct protocol *protocol, struct rest *rest,
			    struct protocol_packet *packet)
{
	uint32_t numbers[3]; /* version, actions, steps */

	(void)packet;
	if (rest->size < sizeof(numbers))
		return -EPROTO;
	memcpy(numbers, rest->at, sizeof(numbers));
	for (size_t i = 0; i < 3; i++)
		numbers[i] = ntohl(numbers[i]);
	if (numbers[0] < VERSION_MIN || (numbers[1] & ACTIONS) != ACTIONS)
		return -EOPNOTSUPP;
	protocol->version = numbers[0] < PROTOCOL_VERSION ? numbers[0] : PROTOCOL_VERSION;
	protocol->steps = numbers[2] & STEPS;
	return 0;
}

/* Sendmail writes an IPv6 address as an address literal does (RFC 5321, 4.1.3). */
static bool read_address(const char *text, struct address *ret_address)
{
	static const char prefix[] = "IPv6:";

	if (strncasecmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	return address_parse(text, ret_address) == 0;
}

/* Families: '4', '6', 'L' (unix), 'U' (unknown, without the rest). */
static int read_connect(struct protocol *protocol, struct rest *rest,
			struct protocol_packet *packet)
{
	const char *text;
	char family;

	(void)protocol;
	if (!take_text(rest) || !rest->size)
		return -EPROTO;
	family = *rest->at++;
	rest->size--;
	if (family == 'U')
		return rest->size ? -EPROTO : 0;
	if ((family != '4' && family != '6' && family != 'L') || rest->size < 2)
		return -EPROTO;
	rest->at += 2; /* the port */
	rest->size -= 2;
	text = take_text(rest);
	if (!text || rest->size)
		return -EPROTO;
	packet->has_address = family != 'L' && read_address(text, &packet->address);
	return 0;
}

static int read_macros(struct protocol *protocol, struct rest *rest, struct protocol_packet *packet)
{
	const char *name, *value;

	(void)protocol;
	if (!rest->size)
		return -EPROTO;
	packet->stage = *rest->at++;
	rest->size--;
	while (rest->size) {
		name = take_text(rest);
		value = name ? take_text(rest) : NULL;
		if (!value)
			return -EPROTO;
		if (strcmp(name, "{auth_authen}") == 0)
			packet->value = value;
	}
	return 0;
}

/* ---- commands */

#define IN(state)     (1u << PROTOCOL_STATE_##state)
#define IN_MESSAGE    (IN(ENVELOPE) | IN(HEADERS) | IN(BODY))
#define IN_CONNECTION (IN(CONNECTED) | IN_MESSAGE)
#define NEGOTIATED    (IN(NEGOTIATED) | IN_CONNECTION)
#define SAME	      -1

struct rule {
	char command;
	bool replies;
	int next; /* a state, or SAME */
	unsigned expected_in;
	uint32_t silent; /* the step that means: no reply */
	int (*read)(struct protocol *protocol, struct rest *rest, struct protocol_packet *packet);
};

static const struct rule rules[] = {
	{PROTOCOL_HEADER, true, PROTOCOL_STATE_HEADERS, IN(ENVELOPE) | IN(HEADERS),
	 PROTOCOL_NO_REPLY_HEADER, read_header},
	{PROTOCOL_MACRO, false, SAME, NEGOTIATED, 0, read_macros},
	{PROTOCOL_RCPT, true, SAME, IN(ENVELOPE), PROTOCOL_NO_REPLY_RCPT, read_texts},
	{PROTOCOL_MAIL, true, PROTOCOL_STATE_ENVELOPE, IN_CONNECTION, PROTOCOL_NO_REPLY_MAIL,
	 read_texts},
	{PROTOCOL_EOH, true, PROTOCOL_STATE_BODY, IN(ENVELOPE) | IN(HEADERS), PROTOCOL_NO_REPLY_EOH,
	 read_nothing},
	{PROTOCOL_BODY, true, SAME, IN(BODY), 0, read_bytes},
	{PROTOCOL_BODYEOB, false, PROTOCOL_STATE_CONNECTED, IN_MESSAGE, 0, read_bytes},
	{PROTOCOL_ABORT, false, SAME, NEGOTIATED, 0, read_nothing},
	{PROTOCOL_CONNECT, true, PROTOCOL_STATE_CONNECTED, IN(NEGOTIATED),
	 PROTOCOL_NO_REPLY_CONNECT, read_connect},
	{PROTOCOL_HELO, true, SAME, IN(CONNECTED), 0, read_texts},
	{PROTOCOL_DATA, true, SAME, IN(ENVELOPE), 0, read_nothing},
	{PROTOCOL_UNKNOWN, true, SAME, IN_CONNECTION, 0, read_texts},
	{PROTOCOL_OPTNEG, false, PROTOCOL_STATE_NEGOTIATED, IN(NEW), 0, read_negotiation},
	{PROTOCOL_QUIT_NC, false, PROTOCOL_STATE_NEGOTIATED, NEGOTIATED, 0, read_nothing},
	{PROTOCOL_QUIT, false, SAME, IN(NEW) | NEGOTIATED, 0, read_nothing},
};

static const struct rule *find_rule(char command)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].command == command)
			return &rules[i];
	return NULL;
}

long protocol_peek(struct evbuffer *in, const char **ret_packet)
{
	uint32_t length;
	size_t size;

	if (evbuffer_copyout(in, &length, sizeof(length)) < (ev_ssize_t)sizeof(length))
		return 0;
	length = ntohl(length);
	if (length == 0 || length > PROTOCOL_DATA_MAX + 1)
		return -EPROTO;
	size = sizeof(length) + length;
	if (evbuffer_get_length(in) < size)
		return 0;
	*ret_packet = (const char *)evbuffer_pullup(in, (ev_ssize_t)size);
	return *ret_packet ? (long)size : -ENOMEM;
}

int protocol_take(struct protocol *protocol, const char *packet, size_t size,
		  struct protocol_packet *ret_packet)
{
	const char command = packet[PROTOCOL_HEAD_BYTES - 1];
	const struct rule *rule = find_rule(command);
	struct protocol_packet taken = {.command = (enum protocol_command)command};
	struct rest rest = {packet + PROTOCOL_HEAD_BYTES, size - PROTOCOL_HEAD_BYTES};
	int r;

	if (!rule || !(rule->expected_in & 1u << protocol->state))
		return -EPROTO;
	r = rule->read(protocol, &rest, &taken);
	if (r < 0)
		return r;
	if (rule->next != SAME)
		protocol->state = (enum protocol_state)rule->next;
	else if (command == PROTOCOL_ABORT && protocol->state > PROTOCOL_STATE_CONNECTED)
		protocol->state = PROTOCOL_STATE_CONNECTED;
	taken.wants_reply = rule->replies && !(protocol->steps & rule->silent);
	*ret_packet = taken;
	return 0;
}

/* ---- replies */

/* The head of a packet with `size` bytes of data, which follow. */
static bool put_head(struct evbuffer *out, char reply, size_t size)
{
	const uint32_t length = htonl((uint32_t)size + 1);
	char head[PROTOCOL_HEAD_BYTES];

	memcpy(head, &length, sizeof(length));
	head[sizeof(length)] = reply;
	return evbuffer_add(out, head, sizeof(head)) == 0;
}

static bool put_texts(struct evbuffer *out, const char *first, const char *second)
{
	return evbuffer_add(out, first, strlen(first) + 1) == 0 &&
	       evbuffer_add(out, second, strlen(second) + 1) == 0;
}

bool protocol_reply(struct evbuffer *out, enum protocol_reply reply)
{
	return put_head(out, (char)reply, 0);
}

bool protocol_reply_negotiated(struct evbuffer *out, const struct protocol *protocol)
{
	const uint32_t numbers[] = {htonl(protocol->version), htonl(ACTIONS),
				    htonl(protocol->steps)};

	return put_head(out, PROTOCOL_OPTNEG, sizeof(numbers)) &&
	       evbuffer_add(out, numbers, sizeof(numbers)) == 0;
}

bool protocol_add_header(struct evbuffer *out, const char *name, const char *value)
{
	return put_head(out, PROTOCOL_ADD_HEADER, strlen(name) + strlen(value) + 2) &&
	       put_texts(out, name, value);
}

bool protocol_remove_header(struct evbuffer *out, const char *name, uint32_t which)
{
	const uint32_t number = htonl(which);

	return put_head(out, PROTOCOL_CHANGE_HEADER, sizeof(number) + strlen(name) + 2) &&
	       evbuffer_add(out, &number, sizeof(number)) == 0 && put_texts(out, name, "");
}

bool protocol_reply_code(struct evbuffer *out, const char *code, const char *status,
			 const char *text)
{
	char line[PROTOCOL_REPLY_BYTES + 1];
	int size = snprintf(line, sizeof(line), "%s %s %s", code, status, text);

	size = size < (int)sizeof(line) ? size : (int)sizeof(line) - 1;
	return put_head(out, PROTOCOL_REPLY_CODE, (size_t)size + 1) &&
	       evbuffer_add(out, line, (size_t)size + 1) == 0;
}
