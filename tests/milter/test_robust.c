/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail of any size and form, connections that end at any point. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "milter/milter.h"
#include "milter/peer.h"
#include "milter/milter_fixture.h"

TestSuite(milter_robust, .fini = milter_fixture_close, .timeout = 60);

#define MANY	      "policy \"default\" { messages_per_minute = 10000 }\n"
#define ALL_BYTES_MAX 255

static const struct peer_message plain = {
	.user = "bob",
	.from = "<bob@example.net>",
	.external = 1,
	.headers = {{"Subject", " plain"}},
};

static void expect_pool(struct peer *peer, const char *pool)
{
	struct peer_result result;

	peer_end(peer);
	result = peer_result(peer);
	cr_expect_eq(result.action, PROTOCOL_CONTINUE, "%d: %s", result.action, result.reply);
	cr_expect_str_eq(result.pool, pool);
}

static void expect_plain(struct peer *peer)
{
	peer_begin(peer, &plain);
	expect_pool(peer, "normal");
}

static json_int_t number(json_t *decision, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(decision, "facts"), name));
}

/* ---- recipients */

Test(milter_robust, every_one_of_5000_recipients_is_counted)
{
	static const unsigned counts[] = {1000, 5000};
	struct peer peer;

	milter_fixture_open(MANY);
	peer = milter_fixture_connect();
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		char id[32];
		struct peer_message message = {
			.from = "<bob@example.net>",
			.external = counts[i],
			.internal = counts[i] / 2,
			.headers = {{"Message-ID", id}},
		};
		json_t *decision;

		snprintf(id, sizeof(id), "<%u@example.net>", counts[i]);
		peer_begin(&peer, &message);
		expect_pool(&peer, "normal");
		id[strlen(id) - 1] = '\0';
		decision = milter_fixture_explain(id + 1);
		cr_expect_eq(number(decision, "recipients_external"), counts[i]);
		cr_expect_eq(number(decision, "recipients_internal"), counts[i] / 2);
		json_decref(decision);
	}
	peer_close(&peer);
}

Test(milter_robust, internal_recipients_are_found_in_every_form)
{
	static const char *const internal[] = {
		"<a@example.net>",	 "<a@EXAMPLE.net.>",	  "<@x,@y:a@example.net>",
		"<\"a@b\"@example.net>", "<\"a b\"@example.net>", "<postmaster>",
		"a@example.net",
	};
	static const char *const external[] = {
		"<a@example.org>",  "<@example.net:a@example.org>",    "<a@example.net.org>",
		"<a@xexample.net>", "<\"a@example.net\"@example.org>", "<a@b\xc3\xbc.example>",
		"<\xff@\xff>",
	};
	json_t *decision;
	struct peer peer;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	peer_mail(&peer, "bob", "<bob@example.net>");
	for (size_t i = 0; i < sizeof(internal) / sizeof(internal[0]); i++)
		peer_rcpt(&peer, internal[i]);
	for (size_t i = 0; i < sizeof(external) / sizeof(external[0]); i++)
		peer_rcpt(&peer, external[i]);
	peer_header(&peer, "Message-ID", "<9@x>", 5);
	peer_end_of_headers(&peer);
	expect_pool(&peer, "normal");
	decision = milter_fixture_explain("9@x");
	cr_expect_eq(number(decision, "recipients_internal"), 7);
	cr_expect_eq(number(decision, "recipients_external"), 7);
	json_decref(decision);
	peer_close(&peer);
}

/* ---- bytes */

/* All bytes except NUL, which ends a text in the protocol. */
static void fill(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		text[i] = (char)(i % ALL_BYTES_MAX + 1);
	text[size] = '\0';
}

Test(milter_robust, garbage_in_every_field_passes_and_counts_for_its_sender)
{
	char garbage[ALL_BYTES_MAX * 4 + 1], from[sizeof(garbage) + 32];
	struct peer_result result;
	struct peer peer;

	fill(garbage, sizeof(garbage) - 1);
	snprintf(from, sizeof(from), "<\xff\xfe%.64s\x80@example.net>", garbage + 160);
	milter_fixture_open(
		"policy \"default\" { messages_per_minute = 3 on_limit = \"defer\" }\n");
	peer = milter_fixture_connect();
	for (unsigned i = 0; i < 4; i++) {
		const struct peer_message message = {
			.from = from,
			.external = 1,
			.headers = {{garbage, garbage},
				    {"From", garbage},
				    {"Message-ID", garbage},
				    {"Content-Type", garbage},
				    {"Authentication-Results", garbage},
				    {"X-Spam-Status", garbage},
				    {"X-Postern-Lane", garbage},
				    {"X-Postern-\xff\x80", garbage}},
			.body = garbage,
		};

		result = peer_deliver(&peer, &message);
		if (i < 3) {
			cr_expect_eq(result.action, PROTOCOL_CONTINUE, "%c %s", result.action,
				     result.reply);
			cr_expect_str_eq(result.pool, "normal");
			cr_expect_str_eq(result.removed, "X-Postern-Lane:1 X-Postern-\xff\x80:1 ");
		} else {
			cr_expect_eq(result.action, PROTOCOL_REPLY_CODE);
			cr_expect_eq(strncmp(result.reply, "451 4.7.1 ", 10), 0, "%s",
				     result.reply);
		}
	}
	peer_close(&peer);
}

Test(milter_robust, a_garbage_login_is_counted)
{
	char garbage[4 * ALL_BYTES_MAX + 1];
	struct peer_message message = {.user = garbage, .from = "<a@example.net>", .external = 1};
	struct peer_result result;
	struct peer peer;

	fill(garbage, sizeof(garbage) - 1);
	milter_fixture_open(
		"policy \"default\" { messages_per_minute = 1 on_limit = \"defer\" }\n");
	peer = milter_fixture_connect();
	result = peer_deliver(&peer, &message);
	cr_expect_str_eq(result.pool, "normal");
	result = peer_deliver(&peer, &message);
	cr_expect_eq(result.action, PROTOCOL_REPLY_CODE);
	peer_close(&peer);
}

/* Local parts that differ only after the cut are one sender; the domain still counts. */
Test(milter_robust, addresses_that_are_too_long_are_cut_and_counted)
{
	static char from[2100];
	struct peer_message message = {.from = from, .external = 1};
	struct peer_result result;
	struct peer peer;

	memset(from, 'a', 2000);
	from[0] = '<';
	milter_fixture_open(
		"policy \"default\" { messages_per_minute = 1 on_limit = \"defer\" }\n");
	peer = milter_fixture_connect();
	strcpy(from + 2000, "@example.net>");
	result = peer_deliver(&peer, &message);
	cr_expect_str_eq(result.pool, "normal");
	strcpy(from + 2000, "b@example.net>");
	result = peer_deliver(&peer, &message);
	cr_expect_eq(result.action, PROTOCOL_REPLY_CODE);
	strcpy(from + 2000, "@sub.example.net>");
	result = peer_deliver(&peer, &message);
	cr_expect_str_eq(result.pool, "relay");
	peer_close(&peer);
}

Test(milter_robust, an_empty_message_is_decided)
{
	struct peer peer;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	peer_mail(&peer, NULL, "");
	peer_rcpt(&peer, "");
	expect_pool(&peer, "high-risk");
	peer_mail(&peer, NULL, "<>");
	peer_rcpt(&peer, "<>");
	peer_header(&peer, "X", "", 0);
	peer_end_of_headers(&peer);
	expect_pool(&peer, "high-risk");
	peer_close(&peer);
}

/* ---- sizes */

Test(milter_robust, a_header_of_1_mb_hides_no_later_header)
{
	_cleanup_(free_p) char *value = malloc(1 << 20);
	struct peer_result result;
	struct peer peer;

	cr_assert_not_null(value);
	memset(value, 'x', 1 << 20);
	milter_fixture_open("");
	peer = milter_fixture_connect();
	peer_mail(&peer, "bob", "<bob@example.net>");
	peer_rcpt(&peer, "<a@example.org>");
	peer_header(&peer, "X-Large", value, 1 << 20);
	peer_header(&peer, "X-Spam", " Yes", 4);
	peer_header(&peer, "X-Postern-Lane", value, 1 << 20);
	peer_end_of_headers(&peer);
	peer_end(&peer);
	result = peer_result(&peer);
	cr_expect_str_eq(result.pool, "high-risk");
	cr_expect_str_eq(result.removed, "X-Postern-Lane:1 ");
	expect_plain(&peer);
	peer_close(&peer);
}

Test(milter_robust, a_header_past_the_limit_ends_its_connection_only)
{
	size_t size = PROTOCOL_DATA_MAX + 100;
	_cleanup_(free_p) char *value = malloc(size);
	struct peer large, other;
	struct peer_result result;

	cr_assert_not_null(value);
	memset(value, 'x', size);
	milter_fixture_open("");
	large = milter_fixture_connect();
	other = milter_fixture_connect();
	peer_mail(&large, "bob", "<bob@example.net>");
	peer_rcpt(&large, "<a@example.org>");
	peer_header(&large, "X-Large", value, size);
	peer_end(&large);
	result = peer_result(&large);
	cr_expect_eq(result.action, '\0');
	expect_plain(&other);
	peer_close(&large);
	peer_close(&other);
}

/* The bytes that the milter takes of 50 MB, in an MTA's chunks. */
static size_t wanted_bytes(struct peer *peer, const char *content_type)
{
	static char chunk[65535];
	size_t sent = 0;
	char answer;

	memset(chunk, '\n', sizeof(chunk));
	peer_mail(peer, "bob", "<bob@example.net>");
	peer_rcpt(peer, "<a@example.org>");
	peer_header(peer, "Content-Type", content_type, strlen(content_type));
	peer_end_of_headers(peer);
	do {
		answer = peer_body(peer, chunk, sizeof(chunk));
		sent += sizeof(chunk);
	} while (answer == PROTOCOL_CONTINUE && sent < 50000000);
	cr_expect_eq(answer, PROTOCOL_SKIP);
	return sent;
}

Test(milter_robust, of_50_mb_only_the_start_is_taken)
{
	struct peer peer;

	milter_fixture_open("");
	peer = milter_fixture_connect();
	cr_expect_eq(wanted_bytes(&peer, "text/plain"), 65535);
	expect_pool(&peer, "normal");
	cr_expect_leq(wanted_bytes(&peer, "multipart/report; boundary=b"), 2 * 65535);
	expect_pool(&peer, "normal");
	peer_close(&peer);
}

/* An MTA without SKIP sends everything; the milter keeps none of it. */
Test(milter_robust, an_old_mta_may_send_all_of_50_mb)
{
	static char chunk[65535];
	struct peer peer;

	milter_fixture_open("");
	peer = peer_open(milter_fixture_socket, PEER_STEPS_OLD, "192.0.2.1");
	peer_begin(&peer, &plain);
	for (size_t sent = 0; sent < 50000000; sent += sizeof(chunk))
		cr_assert_eq(peer_body(&peer, chunk, sizeof(chunk)), PROTOCOL_CONTINUE);
	expect_pool(&peer, "normal");
	peer_close(&peer);
}

/* ---- connections that end */

Test(milter_robust, connections_that_end_at_any_point_leave_the_others_alone)
{
	static const struct peer_message message = {
		.user = "bob",
		.from = "<bob@example.net>",
		.external = 3,
		.headers = {{"Content-Type", " multipart/report"}, {"X-Postern-Lane", " x"}},
		.body = "--b\r\n",
	};
	struct peer stays;

	milter_fixture_open(MANY);
	stays = milter_fixture_connect();
	for (unsigned i = 0; i < 50; i++) {
		struct peer peer = milter_fixture_connect();

		if (i % 5 > 0)
			peer_mail(&peer, "bob", "<bob@example.net>");
		if (i % 5 > 1)
			peer_header(&peer, "X-Postern-Lane", " x", 2);
		if (i % 5 > 2)
			peer_begin(&peer, &message);
		if (i % 5 > 3)
			peer_end(&peer);
		close(peer.fd);
		expect_plain(&stays);
	}
	peer_close(&stays);
}

Test(milter_robust, a_broken_protocol_ends_its_own_connection_only)
{
	struct peer stays, peer;
	struct peer_result result;

	milter_fixture_open("");
	stays = milter_fixture_connect();
	peer = milter_fixture_connect();
	cr_assert(peer_send(&peer, 'z', "\0\1\2", 3));
	result = peer_result(&peer);
	cr_expect_eq(result.action, '\0');
	close(peer.fd);
	peer = milter_fixture_connect();
	cr_assert_eq(write(peer.fd, "EHLO mail.example.net\r\n", 23), 23);
	result = peer_result(&peer);
	cr_expect_eq(result.action, '\0');
	close(peer.fd);
	/* An end without a message. */
	peer = milter_fixture_connect();
	peer_end(&peer);
	peer_begin(&peer, &plain);
	close(peer.fd);
	expect_plain(&stays);
	peer_close(&stays);
}
