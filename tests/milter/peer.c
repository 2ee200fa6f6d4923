/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets: a length, a command, data with NULs in it. */
#include "milter/peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "common/served.h"

#define REPLY_ROOM  4096
#define ACTIONS_ALL 0x1ff

static bool write_all(int fd, const void *bytes, size_t size)
{
	while (size > 0) {
		ssize_t done = send(fd, bytes, size, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes = (const char *)bytes + done;
		size -= (size_t)done;
	}
	return true;
}

static bool read_all(int fd, void *bytes, size_t size)
{
	while (size > 0) {
		ssize_t got = recv(fd, bytes, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		bytes = (char *)bytes + got;
		size -= (size_t)got;
	}
	return true;
}

bool peer_send(struct peer *peer, char command, const void *data, size_t size)
{
	_cleanup_(free_p) char *packet = malloc(size + 5);
	uint32_t length = htonl((uint32_t)size + 1);

	cr_assert_not_null(packet);
	memcpy(packet, &length, 4);
	packet[4] = command;
	if (size)
		memcpy(packet + 5, data, size);
	return write_all(peer->fd, packet, size + 5);
}

char peer_receive(struct peer *peer, char *data, size_t room, size_t *ret_size)
{
	uint32_t length;
	char command;

	if (!read_all(peer->fd, &length, 4) || !read_all(peer->fd, &command, 1))
		return '\0';
	*ret_size = ntohl(length) - 1;
	cr_assert_lt(*ret_size, room);
	if (!read_all(peer->fd, data, *ret_size))
		return '\0';
	data[*ret_size] = '\0';
	return command;
}

/* The reply to a command, unless the milter may leave it out. */
static void expect_continue(struct peer *peer, uint32_t silent)
{
	char data[REPLY_ROOM];
	size_t size;

	if (!(peer->steps & silent))
		cr_assert_eq(peer_receive(peer, data, sizeof(data), &size), PROTOCOL_CONTINUE);
}

/* ---- the connection */

static void negotiate(struct peer *peer, uint32_t steps)
{
	uint32_t words[3] = {htonl(6), htonl(ACTIONS_ALL), htonl(steps)};
	char data[REPLY_ROOM];
	size_t size;

	cr_assert(peer_send(peer, PROTOCOL_OPTNEG, words, sizeof(words)));
	cr_assert_eq(peer_receive(peer, data, sizeof(data), &size), PROTOCOL_OPTNEG);
	cr_assert_geq(size, sizeof(words));
	memcpy(words, data, sizeof(words));
	peer->steps = ntohl(words[2]);
	cr_assert_eq(peer->steps & ~steps, 0, "the milter asks for 0x%x", peer->steps & ~steps);
}

void peer_connect(struct peer *peer, const char *client)
{
	char data[256] = "client.example";
	size_t size = strlen(data) + 1;
	uint16_t port = htons(1025);

	data[size++] = !client ? 'L' : strchr(client, ':') ? '6' : '4';
	memcpy(data + size, &port, 2);
	size += 2;
	size += (size_t)snprintf(data + size, sizeof(data) - size, "%s",
				 client ? client : "/run/x") +
		1;
	cr_assert(peer_send(peer, PROTOCOL_CONNECT, data, size));
	expect_continue(peer, PROTOCOL_NO_REPLY_CONNECT);
}

struct peer peer_open(const char *socket_path, uint32_t steps, const char *client)
{
	struct peer peer = {.fd = served_dial(socket_path)};

	negotiate(&peer, steps);
	peer_connect(&peer, client);
	return peer;
}

void peer_close(struct peer *peer)
{
	peer_send(peer, PROTOCOL_QUIT, NULL, 0);
	close(peer->fd);
	peer->fd = -1;
}

/* ---- the message */

static void send_text(struct peer *peer, char command, const char *text)
{
	peer_send(peer, command, text, strlen(text) + 1);
}

void peer_mail(struct peer *peer, const char *user, const char *from)
{
	static const char name[] = "{auth_authen}";
	char data[2048] = "M";
	size_t size = 1;

	if (user) {
		memcpy(data + size, name, sizeof(name));
		size += sizeof(name);
		cr_assert_lt(size + strlen(user) + 1, sizeof(data));
		memcpy(data + size, user, strlen(user) + 1);
		size += strlen(user) + 1;
	}
	peer_send(peer, PROTOCOL_MACRO, data, size);
	send_text(peer, PROTOCOL_MAIL, from);
	expect_continue(peer, PROTOCOL_NO_REPLY_MAIL);
}

void peer_rcpt(struct peer *peer, const char *to)
{
	send_text(peer, PROTOCOL_RCPT, to);
	expect_continue(peer, PROTOCOL_NO_REPLY_RCPT);
}

void peer_header(struct peer *peer, const char *name, const char *value, size_t size)
{
	size_t name_size = strlen(name) + 1;
	_cleanup_(free_p) char *data = malloc(name_size + size + 1);

	cr_assert_not_null(data);
	memcpy(data, name, name_size);
	memcpy(data + name_size, value, size);
	data[name_size + size] = '\0';
	peer_send(peer, PROTOCOL_HEADER, data, name_size + size + 1);
	expect_continue(peer, PROTOCOL_NO_REPLY_HEADER);
}

void peer_end_of_headers(struct peer *peer)
{
	peer_send(peer, PROTOCOL_EOH, NULL, 0);
	expect_continue(peer, PROTOCOL_NO_REPLY_EOH);
}

char peer_body(struct peer *peer, const void *bytes, size_t size)
{
	char data[REPLY_ROOM];
	size_t got;

	peer_send(peer, PROTOCOL_BODY, bytes, size);
	return peer_receive(peer, data, sizeof(data), &got);
}

void peer_begin(struct peer *peer, const struct peer_message *message)
{
	char to[64];

	peer_mail(peer, message->user, message->from);
	for (unsigned i = 0; i < message->external; i++) {
		snprintf(to, sizeof(to), "<r%u@example.org>", i);
		peer_rcpt(peer, to);
	}
	for (unsigned i = 0; i < message->internal; i++) {
		snprintf(to, sizeof(to), "<r%u@Example.NET>", i);
		peer_rcpt(peer, to);
	}
	for (const struct peer_header *header = message->headers;
	     header < message->headers + PEER_HEADERS_MAX && header->name; header++)
		peer_header(peer, header->name, header->value, strlen(header->value));
	peer_end_of_headers(peer);
	if (message->body)
		peer_body(peer, message->body, strlen(message->body));
}

void peer_end(struct peer *peer)
{
	peer_send(peer, PROTOCOL_BODYEOB, NULL, 0);
}

static void take_header(struct peer_result *result, const char *name)
{
	const char *value = name + strlen(name) + 1;

	result->added++;
	if (strcmp(name, "X-Postern-Pool") == 0)
		snprintf(result->pool, sizeof(result->pool), "%s", value);
	if (strcmp(name, "X-Postern-Lane") == 0)
		snprintf(result->lane, sizeof(result->lane), "%s", value);
}

static void take_change(struct peer_result *result, const char *data, size_t size)
{
	size_t used = strlen(result->removed);
	uint32_t which;

	memcpy(&which, data, 4);
	cr_expect_str_empty(data + 4 + strlen(data + 4) + 1, "a header is changed, not removed");
	cr_expect_eq(size, 4 + strlen(data + 4) + 2);
	snprintf(result->removed + used, sizeof(result->removed) - used, "%.200s:%u ", data + 4,
		 ntohl(which));
}

struct peer_result peer_result(struct peer *peer)
{
	struct peer_result result = {.action = '\0'};
	char data[REPLY_ROOM];
	size_t size;

	while ((result.action = peer_receive(peer, data, sizeof(data), &size))) {
		if (result.action == PROTOCOL_ADD_HEADER)
			take_header(&result, data);
		else if (result.action == PROTOCOL_CHANGE_HEADER)
			take_change(&result, data, size);
		else
			break;
	}
	if (result.action == PROTOCOL_REPLY_CODE)
		snprintf(result.reply, sizeof(result.reply), "%.1000s", data);
	return result;
}

struct peer_result peer_deliver(struct peer *peer, const struct peer_message *message)
{
	peer_begin(peer, message);
	peer_end(peer);
	return peer_result(peer);
}
