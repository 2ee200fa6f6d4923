/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounds of the MTA's connections, by a listener in a child process; no agent and no name
 * server answers.
 */
#include <criterion/criterion.h>
#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "common/patience.h"
#include "common/served.h"
#include "config/config.h"
#include "milter/listener.h"
#include "milter/peer.h"
#include "milter/session.h"
#include "netns/host.h"
#include "process/listen.h"
#include "unit/config_file.h"

#define CONNECTIONS_MAX 3
#define DNS_TIMEOUT_MS	((LISTENER_PROGRESS_SEC + 3) * 1000)

static char socket_path[96], log_path[96];
static struct config *config;
static pid_t listener_pid;
static size_t connections_max;
static struct error error;

/* A name server that says nothing: a UDP socket of this test. */
static int silent_resolver(char ret_text[32])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(ret_text, 32, "127.0.0.1@%u", ntohs(address.sin_port));
	return fd;
}

static void serve(int ready)
{
	struct session_shared shared = {.rules = {.current = NULL}};
	struct event_base *base = event_base_new();
	struct listener *listener;
	int fd, log = open(log_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	signal(SIGPIPE, SIG_IGN);
	if (dup2(log, STDERR_FILENO) < 0 ||
	    agent_client_new("/nonexistent", base, &shared.end.agent, &error) < 0 ||
	    config_refs_replace(&shared.rules, config, NULL, base, &error) < 0 ||
	    listen_unix(socket_path, &fd, &error) < 0 ||
	    listener_new(base, fd, connections_max, &shared, &listener, &error) < 0 ||
	    write(ready, "", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
}

static void start(size_t max)
{
	_cleanup_(free_p) char *text = NULL;
	char resolver[32];

	config_file_setup();
	snprintf(socket_path, sizeof(socket_path), "%s.sock", config_file);
	snprintf(log_path, sizeof(log_path), "%s.log", config_file);
	silent_resolver(resolver);
	cr_assert_geq(asprintf(&text,
			       "pool \"normal\" { addresses = { \"192.0.2.10\" } }\n"
			       "pool \"high-risk\" { addresses = { \"192.0.2.20\" } }\n"
			       "resolver = { \"%s\" }\n"
			       "dns_timeout_ms = %d\n",
			       resolver, DNS_TIMEOUT_MS),
		      0);
	config = config_file_load(text);
	connections_max = max;
	listener_pid = served_start(serve);
}

static void stop(void)
{
	cr_expect_eq(served_end(listener_pid, SIGKILL), 128 + SIGKILL);
	unlink(socket_path);
	unlink(log_path);
	config_free(config);
	config_file_teardown();
}

TestSuite(milter_listener, .fini = stop, .timeout = 60);

/* Its end decides nothing before DNS_TIMEOUT_MS. */
static const struct peer_message slow = {.from = "<bob@slow.example>", .external = 1};
/* Needs no name server; the agent does not run. */
static const struct peer_message fast = {.from = "<bob@[192.0.2.1]>", .external = 1};

static struct peer dial(void)
{
	return peer_open(socket_path, PEER_STEPS_ALL, "198.51.100.7");
}

static bool is_served(struct peer *peer)
{
	return peer_deliver(peer, &fast).action == PROTOCOL_CONTINUE;
}

static bool has_ended(const struct peer *peer)
{
	char byte;
	ssize_t got = recv(peer->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static bool is_logged(const char *text)
{
	char log[4096] = "";
	_cleanup_(fclose_p) FILE *in = fopen(log_path, "re");

	return in && fread(log, 1, sizeof(log) - 1, in) > 0 && strstr(log, text);
}

Test(milter_listener, the_idlest_connection_is_evicted_for_a_new_one)
{
	struct peer peers[CONNECTIONS_MAX], mute = {.fd = -1}, next;

	start(CONNECTIONS_MAX);
	mute.fd = served_dial(socket_path); /* it never negotiates */
	for (size_t i = 0; i + 1 < CONNECTIONS_MAX; i++) {
		peers[i] = dial();
		cr_assert(is_served(&peers[i]));
	}
	next = dial();
	cr_assert(is_served(&next));
	cr_expect(has_ended(&mute));
	for (size_t i = 0; i + 1 < CONNECTIONS_MAX; i++)
		cr_expect_not(has_ended(&peers[i]));
	cr_assert(is_served(&peers[0]));
	next = dial();
	cr_assert(is_served(&next));
	cr_expect(has_ended(&peers[1]));
	cr_expect(is_served(&peers[0]));
	cr_expect(
		is_logged("connections of the MTA closed, the last one because it was the idlest"));
}

Test(milter_listener, a_connection_that_awaits_a_decision_is_never_evicted)
{
	struct peer waiting[CONNECTIONS_MAX], other, next;

	start(CONNECTIONS_MAX + 1);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		waiting[i] = dial();
		peer_begin(&waiting[i], &slow);
		peer_end(&waiting[i]);
	}
	/* The youngest, and after its reply the ends of the others have been read. */
	other = dial();
	cr_assert(is_served(&other));
	next = dial();
	cr_assert(is_served(&next));
	cr_expect(has_ended(&other));
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		cr_expect_not(has_ended(&waiting[i]), "%zu", i);
}

Test(milter_listener, an_mta_that_waits_for_a_decision_gets_progress)
{
	struct peer peer;
	char data[256];
	size_t size;

	start(CONNECTIONS_MAX);
	peer = dial();
	peer_begin(&peer, &slow);
	peer_end(&peer);
	cr_assert_eq(peer_receive(&peer, data, sizeof(data), &size), PROTOCOL_PROGRESS);
	cr_assert_eq(peer_result(&peer).action, PROTOCOL_CONTINUE);
	cr_expect(is_served(&peer));
}

Test(milter_listener, a_connection_that_ends_while_its_message_is_decided_leaves_the_others_alone)
{
	struct peer stays, leaves;

	start(CONNECTIONS_MAX);
	stays = dial();
	for (unsigned i = 0; i < 20; i++) {
		leaves = dial();
		peer_begin(&leaves, i % 2 ? &slow : &fast);
		peer_end(&leaves);
		close(leaves.fd);
		cr_assert(is_served(&stays));
	}
	/* As long as the name server has kept the others waiting. */
	cr_assert_eq(peer_deliver(&stays, &slow).action, PROTOCOL_PROGRESS);
	cr_assert_eq(peer_result(&stays).action, PROTOCOL_CONTINUE);
}

/* Packets of almost the largest size, each without its last byte. */
Test(milter_listener, all_connections_together_hold_bounded_input)
{
	enum { PEERS = LISTENER_INPUT_MAX_BYTES / PROTOCOL_DATA_MAX + 8 };
	_cleanup_(free_p) char *value = calloc(1, PROTOCOL_DATA_MAX);
	const uint32_t length = htonl(PROTOCOL_DATA_MAX);
	struct peer peers[PEERS];
	unsigned ended = 0;

	start(PEERS + 1);
	for (size_t i = 0; i < PEERS; i++) {
		peers[i] = dial();
		peer_mail(&peers[i], NULL, "<bob@[192.0.2.1]>");
		send(peers[i].fd, &length, 4, MSG_NOSIGNAL);
		send(peers[i].fd, "L", 1, MSG_NOSIGNAL);
		for (size_t sent = 0; sent < PROTOCOL_DATA_MAX - 2;) {
			ssize_t done = send(peers[i].fd, value, PROTOCOL_DATA_MAX - 2 - sent,
					    MSG_NOSIGNAL);

			if (done <= 0)
				break;
			sent += (size_t)done;
		}
	}
	cr_assert(wait_for(({
				   ended = 0;
				   for (size_t i = 0; i < PEERS; i++)
					   ended += has_ended(&peers[i]);
				   ended > 0;
			   }),
			   10000));
	cr_expect_leq(ended, 9);
	cr_expect(is_logged("all hold too much input"));
	cr_expect(({
		struct peer next = dial();

		is_served(&next);
	}));
}

/* An MTA that sends and never reads: its packets wait, and nobody else's. */
Test(milter_listener, replies_that_are_not_read_are_bounded)
{
	static const char noop[] = "\0\0\0\5UFOO";
	struct peer rude, other;
	size_t sent = 0;

	start(CONNECTIONS_MAX);
	rude = dial();
	other = dial();
	while (sent < 64 << 20) {
		ssize_t done = send(rude.fd, noop, sizeof(noop), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (done == sizeof(noop)) {
			sent += sizeof(noop);
			continue;
		}
		if (!wait_for(send(rude.fd, noop, 0, MSG_DONTWAIT) == 0 &&
				      send(rude.fd, noop, sizeof(noop),
					   MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(noop),
			      200))
			break;
	}
	cr_expect_lt(sent, 64 << 20, "%zu bytes were taken", sent);
	cr_expect(is_served(&other));
}
