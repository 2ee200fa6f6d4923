/* SPDX-License-Identifier: BSD-2-Clause */
/* The milter protocol, packet by packet: forms, order, negotiation, replies. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>

#include "milter/protocol.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define ACTIONS_ALL  0x1ffu
#define STEPS_ALL    0x1fffffu

static char bytes[PROTOCOL_DATA_MAX + 64];
static struct protocol_packet packet;

/* One packet, in memory of its own. */
static int take(struct protocol *protocol, char command, const void *data, size_t size)
{
	uint32_t length = htonl((uint32_t)size + 1);

	memcpy(bytes, &length, 4);
	bytes[4] = command;
	if (size)
		memcpy(bytes + PROTOCOL_HEAD_BYTES, data, size);
	return protocol_take(protocol, bytes, PROTOCOL_HEAD_BYTES + size, &packet);
}

#define TAKE(protocol, command, text) take(protocol, command, text, sizeof(text) - 1)

static int negotiate(struct protocol *protocol, uint32_t version, uint32_t actions, uint32_t steps)
{
	const uint32_t words[] = {htonl(version), htonl(actions), htonl(steps)};

	return take(protocol, PROTOCOL_OPTNEG, words, sizeof(words));
}

/* In that state, by the packets that lead to it. */
static struct protocol protocol_in(enum protocol_state state)
{
	struct protocol protocol = {.version = 0};

	if (state >= PROTOCOL_STATE_NEGOTIATED)
		cr_assert_eq(negotiate(&protocol, 6, ACTIONS_ALL, STEPS_ALL), 0);
	if (state >= PROTOCOL_STATE_CONNECTED)
		cr_assert_eq(TAKE(&protocol, 'C',
				  "host\0"
				  "4\4\1"
				  "192.0.2.1\0"),
			     0);
	if (state >= PROTOCOL_STATE_ENVELOPE)
		cr_assert_eq(TAKE(&protocol, 'M', "<a@b>\0"), 0);
	if (state == PROTOCOL_STATE_HEADERS)
		cr_assert_eq(TAKE(&protocol, 'L', "a\0b\0"), 0);
	if (state == PROTOCOL_STATE_BODY)
		cr_assert_eq(TAKE(&protocol, 'N', ""), 0);
	cr_assert_eq(protocol.state, state);
	return protocol;
}

/* ---- order */

/* No pointers: the test has another memory. */
struct step {
	char command;
	char data[16];
	size_t size;
	char next[8]; /* a digit for each state: the state after it; '-': not expected */
};

#define DATA(text) text, sizeof(text) - 1

/* clang-format off */
static const struct step steps[] = {
	{'A', DATA(""), "-12222"},
	{'B', DATA("x"), "-----5"},
	{'C', DATA("host\0U"), "-2----"},
	{'D', DATA("M"), "-12345"},
	{'E', DATA(""), "---222"},
	{'H', DATA("client.example\0"), "--2---"},
	{'K', DATA(""), "-11111"},
	{'L', DATA("Subject\0x\0"), "---44-"},
	{'M', DATA("<a@b>\0SIZE=1\0"), "--3333"},
	{'N', DATA(""), "---55-"},
	{'O', DATA("\0\0\0\6\0\0\1\377\0\0\0\0"), "1-----"},
	{'Q', DATA(""), "012345"},
	{'R', DATA("<c@d>\0"), "---3--"},
	{'T', DATA(""), "---3--"},
	{'U', DATA("FOO\0"), "--2345"},
	{'z', DATA(""), "------"},
	{'\0', DATA(""), "------"},
};
/* clang-format on */

ParameterizedTestParameters(milter_protocol, each_command_is_taken_where_it_is_expected)
{
	return cr_make_param_array(struct step, (void *)steps, COUNT(steps));
}

ParameterizedTest(const struct step *step, milter_protocol,
		  each_command_is_taken_where_it_is_expected)
{
	for (int state = PROTOCOL_STATE_NEW; state <= PROTOCOL_STATE_BODY; state++) {
		struct protocol protocol = protocol_in((enum protocol_state)state);
		int r = take(&protocol, step->command, step->data, step->size);

		if (step->next[state] == '-') {
			cr_expect_eq(r, -EPROTO, "'%c' in %d", step->command, state);
			cr_expect_eq(protocol.state, (enum protocol_state)state);
		} else {
			cr_expect_eq(r, 0, "'%c' in %d", step->command, state);
			cr_expect_eq(protocol.state, (enum protocol_state)(step->next[state] - '0'),
				     "'%c' in %d", step->command, state);
		}
	}
}

/* ---- forms */

Test(milter_protocol, malformed_data_is_rejected)
{
	static const struct {
		enum protocol_state state;
		char command;
		const char *data;
		size_t size;
	} cases[] = {
		{PROTOCOL_STATE_NEW, 'O', DATA("\0\0\0\6\0\0\1\377\0\0\0")},
		{PROTOCOL_STATE_NEGOTIATED, 'D', DATA("")},
		{PROTOCOL_STATE_NEGOTIATED, 'D', DATA("Mi\0")},
		{PROTOCOL_STATE_NEGOTIATED, 'D', DATA("Mi\0value")},
		{PROTOCOL_STATE_NEGOTIATED, 'C', DATA("")},
		{PROTOCOL_STATE_NEGOTIATED, 'C', DATA("host")},
		{PROTOCOL_STATE_NEGOTIATED, 'C', DATA("host\0")},
		{PROTOCOL_STATE_NEGOTIATED, 'C', DATA("host\0Ux")},
		{PROTOCOL_STATE_NEGOTIATED, 'C',
		 DATA("host\0"
		      "9\0\0x\0")},
		{PROTOCOL_STATE_NEGOTIATED, 'C',
		 DATA("host\0"
		      "4\4")},
		{PROTOCOL_STATE_NEGOTIATED, 'C',
		 DATA("host\0"
		      "4\4\1")},
		{PROTOCOL_STATE_NEGOTIATED, 'C',
		 DATA("host\0"
		      "4\4\1"
		      "192.0.2.1")},
		{PROTOCOL_STATE_NEGOTIATED, 'C',
		 DATA("host\0"
		      "4\4\1"
		      "192.0.2.1\0x\0")},
		{PROTOCOL_STATE_CONNECTED, 'H', DATA("")},
		{PROTOCOL_STATE_CONNECTED, 'M', DATA("")},
		{PROTOCOL_STATE_CONNECTED, 'M', DATA("<a@b>")},
		{PROTOCOL_STATE_CONNECTED, 'M', DATA("<a@b>\0SIZE=1")},
		{PROTOCOL_STATE_ENVELOPE, 'R', DATA("<a@b>")},
		{PROTOCOL_STATE_ENVELOPE, 'T', DATA("x")},
		{PROTOCOL_STATE_ENVELOPE, 'N', DATA("x")},
		{PROTOCOL_STATE_ENVELOPE, 'L', DATA("")},
		{PROTOCOL_STATE_ENVELOPE, 'L', DATA("a\0")},
		{PROTOCOL_STATE_ENVELOPE, 'L', DATA("a\0b")},
		{PROTOCOL_STATE_ENVELOPE, 'A', DATA("x")},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct protocol protocol = protocol_in(cases[i].state);

		cr_expect_eq(take(&protocol, cases[i].command, cases[i].data, cases[i].size),
			     -EPROTO, "case %zu", i);
	}
}

static void expect_client(const char *data, size_t size, const char *client)
{
	struct protocol protocol = protocol_in(PROTOCOL_STATE_NEGOTIATED);
	char text[ADDRESS_TEXT_SIZE] = "";

	cr_assert_eq(take(&protocol, 'C', data, size), 0, "%s", client);
	if (packet.has_address)
		address_format(&packet.address, text);
	cr_expect_str_eq(text, client);
}

Test(milter_protocol, a_client_is_known_by_its_address)
{
	expect_client(DATA("host\0"
			   "4\4\1"
			   "192.0.2.1\0"),
		      "192.0.2.1");
	expect_client(DATA("host\0"
			   "6\4\1"
			   "2001:db8::7\0"),
		      "2001:db8::7");
	/* Sendmail's. */
	expect_client(DATA("host\0"
			   "6\4\1"
			   "IPv6:2001:db8::7\0"),
		      "2001:db8::7");
	expect_client(DATA("host\0L\0\0/run/x\0"), "");
	expect_client(DATA("host\0U"), "");
	expect_client(DATA("host\0"
			   "4\0\0unknown\0"),
		      "");
}

Test(milter_protocol, the_texts_of_a_packet_are_found)
{
	struct protocol protocol = protocol_in(PROTOCOL_STATE_CONNECTED);

	cr_assert_eq(TAKE(&protocol, 'D',
			  "Mi\0"
			  "4X1\0{auth_authen}\0bob\0{auth_type}\0\0"),
		     0);
	cr_expect_eq(packet.stage, 'M');
	cr_expect_str_eq(packet.value, "bob");
	cr_assert_eq(TAKE(&protocol, 'D',
			  "Mi\0"
			  "4X1\0"),
		     0);
	cr_expect_null(packet.value);
	cr_assert_eq(TAKE(&protocol, 'M', "<a@b>\0SIZE=1\0"), 0);
	cr_expect_str_eq(packet.text, "<a@b>");
	cr_assert_eq(TAKE(&protocol, 'L', "Subject\0\0"), 0);
	cr_expect_str_eq(packet.text, "Subject");
	cr_expect_str_eq(packet.value, "");
	cr_assert_eq(TAKE(&protocol, 'E', "last"), 0);
	cr_expect_eq(packet.size, 4);
	cr_expect_eq(memcmp(packet.bytes, "last", 4), 0);
}

/* ---- negotiation */

Test(milter_protocol, an_mta_that_is_too_old_or_forbids_changes_is_rejected)
{
	struct protocol protocol = {.version = 0};

	cr_expect_eq(negotiate(&protocol, 1, ACTIONS_ALL, STEPS_ALL), -EOPNOTSUPP);
	cr_expect_eq(negotiate(&protocol, 6, ACTIONS_ALL & ~0x01u, STEPS_ALL), -EOPNOTSUPP);
	cr_expect_eq(negotiate(&protocol, 6, ACTIONS_ALL & ~0x10u, STEPS_ALL), -EOPNOTSUPP);
	cr_expect_eq(negotiate(&protocol, 2, 0x3f, 0x7f), 0);
}

Test(milter_protocol, the_known_steps_of_the_offered_ones_are_taken)
{
	static const uint32_t cases[][4] = {
		/* offered version and steps, taken version and steps */
		{2, 0x7f, 2, 0x2},
		{6, 0x1fffff, 6, 0x4d782},
		{6, 0x1ffbff, 6, 0x4d382}, /* no SKIP */
		{7, 0xffffffff, 6, 0x4d782},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct protocol protocol = {.version = 0};
		struct evbuffer *out = evbuffer_new();
		uint32_t words[3];
		char head[PROTOCOL_HEAD_BYTES];

		cr_assert_eq(negotiate(&protocol, cases[i][0], ACTIONS_ALL, cases[i][1]), 0);
		cr_assert(protocol_reply_negotiated(out, &protocol));
		cr_assert_eq(evbuffer_get_length(out), sizeof(head) + sizeof(words));
		evbuffer_remove(out, head, sizeof(head));
		evbuffer_remove(out, words, sizeof(words));
		cr_expect_eq(memcmp(head, "\0\0\0\15O", 5), 0);
		cr_expect_eq(ntohl(words[0]), cases[i][2]);
		cr_expect_eq(ntohl(words[1]), 0x11);
		cr_expect_eq(ntohl(words[2]), cases[i][3], "0x%x", ntohl(words[2]));
		evbuffer_free(out);
	}
}

Test(milter_protocol, a_command_wants_its_reply_unless_negotiated_otherwise)
{
	struct protocol silent = protocol_in(PROTOCOL_STATE_CONNECTED);
	struct protocol old = {.version = 0};

	cr_assert_eq(TAKE(&silent, 'M', "<a@b>\0"), 0);
	cr_expect_not(packet.wants_reply);
	cr_assert_eq(TAKE(&silent, 'T', ""), 0);
	cr_expect(packet.wants_reply);
	cr_assert_eq(TAKE(&silent, 'N', ""), 0);
	cr_expect_not(packet.wants_reply);
	cr_assert_eq(TAKE(&silent, 'B', "x"), 0);
	cr_expect(packet.wants_reply);
	cr_assert_eq(negotiate(&old, 2, 0x3f, 0x7f), 0);
	cr_assert_eq(TAKE(&old, 'C', "host\0U"), 0);
	cr_expect(packet.wants_reply);
	cr_assert_eq(TAKE(&old, 'D', "M"), 0);
	cr_expect_not(packet.wants_reply);
	cr_assert_eq(TAKE(&old, 'M', "<a@b>\0"), 0);
	cr_expect(packet.wants_reply);
	cr_assert_eq(TAKE(&old, 'A', ""), 0);
	cr_expect_not(packet.wants_reply);
}

/* ---- lengths */

static long peek(const void *input, size_t size, size_t more)
{
	struct evbuffer *in = evbuffer_new();
	const char *front;
	long found;

	evbuffer_add(in, input, size);
	memset(bytes, 'x', more);
	evbuffer_add(in, bytes, more);
	found = protocol_peek(in, &front);
	evbuffer_free(in);
	return found;
}

Test(milter_protocol, a_packet_has_its_stated_length_and_no_more_than_allowed)
{
	const uint32_t most = htonl(PROTOCOL_DATA_MAX + 1), more = htonl(PROTOCOL_DATA_MAX + 2);

	cr_expect_eq(peek("", 0, 0), 0);
	cr_expect_eq(peek("\0\0\0", 3, 0), 0);
	cr_expect_eq(peek("\0\0\0\1", 4, 0), 0);
	cr_expect_eq(peek("\0\0\0\1A", 5, 0), 5);
	cr_expect_eq(peek("\0\0\0\1AA", 6, 0), 5);
	cr_expect_eq(peek("\0\0\0\0A", 5, 0), -EPROTO);
	cr_expect_eq(peek(&most, 4, PROTOCOL_DATA_MAX), 0);
	cr_expect_eq(peek(&most, 4, PROTOCOL_DATA_MAX + 1), PROTOCOL_DATA_MAX + 5);
	cr_expect_eq(peek(&more, 4, 0), -EPROTO);
}

/* ---- replies */

static void expect_written(struct evbuffer *out, const char *expected, size_t size)
{
	cr_expect_eq(evbuffer_get_length(out), size);
	cr_expect_eq(memcmp(evbuffer_pullup(out, -1), expected, size), 0);
	evbuffer_drain(out, evbuffer_get_length(out));
}

Test(milter_protocol, replies_are_packets)
{
	struct evbuffer *out = evbuffer_new();
	static char text[2 * PROTOCOL_REPLY_BYTES];

	cr_assert(protocol_reply(out, PROTOCOL_PROGRESS));
	expect_written(out, DATA("\0\0\0\1p"));
	cr_assert(protocol_add_header(out, "X-A", "b"));
	expect_written(out, DATA("\0\0\0\7hX-A\0b\0"));
	cr_assert(protocol_remove_header(out, "X-A", 258));
	expect_written(out, DATA("\0\0\0\12m\0\0\1\2X-A\0\0"));
	cr_assert(protocol_reply_code(out, "550", "5.1.8", "no"));
	expect_written(out, DATA("\0\0\0\16y550 5.1.8 no\0"));
	memset(text, 'x', sizeof(text) - 1);
	cr_assert(protocol_reply_code(out, "550", "5.1.8", text));
	cr_expect_eq(evbuffer_get_length(out), PROTOCOL_HEAD_BYTES + PROTOCOL_REPLY_BYTES + 1);
	evbuffer_free(out);
}
