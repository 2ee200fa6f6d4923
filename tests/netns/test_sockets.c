/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own sockets: listed, closed, and the effect of --now on a cut. */
#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/sockdiag.h"
#include "netns/postern.h"

TestSuite(netns_sockets, .init = world_init, .fini = world_done, .timeout = 45);

static const struct origin tenant = {.host = TENANT};
static const struct origin local = {.host = MAIL};
static const struct origin webmail = {.host = MAIL, .uid = SENDER_UID};

static bool is_to(const void *data, const struct sockdiag_socket *socket)
{
	return socket->destination_port == *(const uint16_t *)data;
}

/* The only connection of the mail host to that port. */
static struct sockdiag_socket only_socket(uint16_t port)
{
	_cleanup_(free_p) struct sockdiag_socket *sockets = NULL;
	struct error error = {""};
	size_t count;
	int r;

	host_enter(MAIL);
	r = sockdiag_list(is_to, &port, &sockets, &count, &error);
	host_leave();
	cr_assert_eq(r, 0, "%s", error.text);
	cr_assert_eq(count, 1, "%zu connections to port %u", count, port);
	return sockets[0];
}

static size_t destroy_to(uint16_t port)
{
	struct error error = {""};
	size_t count;
	int r;

	host_enter(MAIL);
	r = sockdiag_destroy(is_to, &port, &count, &error);
	host_leave();
	cr_assert_eq(r, 0, "%s", error.text);
	return count;
}

/* It is closed on request, not for lack of a packet. */
static bool is_aborted(const struct talk *talk)
{
	char byte;

	return recv(talk->client, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNABORTED;
}

Test(netns_sockets, a_connection_is_listed_with_its_ends_and_its_owner)
{
	static const struct origin owned = {.host = MAIL,
					    .uid = SENDER_UID,
					    .in_cgroup = true,
					    .bind = MAIL_IPV4,
					    .port = 40111};
	int receiver = receiver_open(2525);
	_cleanup_talk_ struct talk talk = talk_must(receiver, &owned, RECEIVER_IPV4, 2525);
	struct sockdiag_socket found = only_socket(2525);
	char source[ENDPOINT_TEXT_SIZE], destination[ENDPOINT_TEXT_SIZE];
	struct stat cgroup;

	cr_expect_str_eq(endpoint_format(&found.source, found.source_port, source),
			 MAIL_IPV4 ":40111");
	cr_expect_str_eq(endpoint_format(&found.destination, found.destination_port, destination),
			 RECEIVER_IPV4 ":2525");
	cr_expect_eq(found.family, AF_INET);
	cr_expect_eq(found.state, TCP_ESTABLISHED);
	cr_expect_eq(found.uid, SENDER_UID);
	cr_expect_eq(found.mark, 0);
	cr_assert_eq(stat(world.cgroup, &cgroup), 0);
	cr_expect_eq(found.cgroup, cgroup.st_ino);
}

Test(netns_sockets, a_connection_is_listed_with_its_mark)
{
	static const struct origin marked = {.host = MAIL, .mark = SENDER_MARK};
	int receiver = receiver_open(2525);
	_cleanup_talk_ struct talk talk = talk_must(receiver, &marked, RECEIVER_IPV6, 2525);
	struct sockdiag_socket found = only_socket(2525);

	cr_expect_eq(found.mark, SENDER_MARK);
	cr_expect_eq(found.family, AF_INET6);
}

Test(netns_sockets, a_connection_in_time_wait_is_listed)
{
	int receiver = receiver_open(2525);
	struct talk talk = talk_must(receiver, &local, RECEIVER_IPV4, 2525);

	shutdown(talk.client, SHUT_WR);
	close(talk.server);
	talk.server = -1;
	cr_assert(wait_for(only_socket(2525).state == TCP_TIME_WAIT, 2000));
	talk_close(&talk);
	cr_assert_eq(only_socket(2525).state, TCP_TIME_WAIT);
}

static int connect_mapped(uint16_t port)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd;

	inet_pton(AF_INET6, "::ffff:" RECEIVER_IPV4, &to.sin6_addr);
	host_enter(MAIL);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	host_leave();
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0, "%s", strerror(errno));
	return fd;
}

Test(netns_sockets, only_the_chosen_are_closed_also_ipv4_on_an_ipv6_socket)
{
	int receiver = receiver_open(2525), other_receiver = receiver_open(2526);
	_cleanup_talk_ struct talk other = talk_must(other_receiver, &local, RECEIVER_IPV4, 2526);
	_cleanup_talk_ struct talk six = talk_must(receiver, &local, RECEIVER_IPV6, 2525);
	_cleanup_talk_ struct talk mapped = {.client = connect_mapped(2525), .server = -1};

	cr_assert_eq(destroy_to(2525), 2);
	cr_assert(is_aborted(&six));
	cr_assert(is_aborted(&mapped));
	cr_assert(talk_lives(&other));
	cr_assert_eq(destroy_to(2525), 0);
}

Test(netns_sockets, flow_cut_now_closes_idle_sockets_of_that_sender_only)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk four = talk_must(receiver, &webmail, RECEIVER_IPV4, 25);
		_cleanup_talk_ struct talk six = talk_must(receiver, &webmail, RECEIVER_IPV6, 25);
		_cleanup_talk_ struct talk other = talk_must(receiver, &local, RECEIVER_IPV4, 25);

		free(postern_must("flow cut webmail"));
		cr_assert_not(is_aborted(&four));
		free(postern_must("flow cut webmail --now"));
		cr_assert(is_aborted(&four));
		cr_assert(is_aborted(&six));
		cr_assert(talk_lives(&other));
		expect_pool(receiver, &webmail, RECEIVER_IPV4, "normal");
	}
}

/* The handle names the flow, the uid matches, too. */
Test(netns_sockets, a_cut_reaches_the_flows_that_a_sender_has_by_a_handle)
{
	static const struct origin by4 = {.host = MAIL, .uid = SENDER_UID, .bind = HANDLE_NORMAL};
	static const struct origin by6 = {.host = MAIL, .uid = SENDER_UID, .bind = HANDLE_NORMAL6};
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk four = talk_must(receiver, &by4, RECEIVER_IPV4, 25);
		_cleanup_talk_ struct talk six = talk_must(receiver, &by6, RECEIVER_IPV6, 25);
		_cleanup_(free_p) char *flows = NULL;

		flows = postern_must("-j flow list webmail | jq -r '.[] | \"\\(.sender) "
				     "\\(.others[0]) \\(.decider)\"' | sort -u");
		cr_assert_str_eq(flows, "handle/normal webmail handle/normal\n");
		free(postern_must("flow cut webmail"));
		cr_assert(talk_is_reset(&four));
		free(postern_must("sender block webmail --cut --now"));
		cr_assert(is_aborted(&six));
	}
	{
		_cleanup_talk_ struct talk talk = TALK_NONE;
		_cleanup_(free_p) char *explained = NULL;

		free(postern_must("sender set webmail high-risk"));
		talk = talk_must(receiver, &by4, RECEIVER_IPV4, 25);
		explained = postern_must("explain --sender webmail");
		cr_assert_not_null(strstr(explained, "webmail (decides)"), "%s", explained);
	}
}

Test(netns_sockets, sender_set_cut_now_closes_idle_sockets_and_the_next_ones_are_steered_anew)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &webmail, RECEIVER_IPV4, 25);

		free(postern_must("sender set webmail high-risk --cut --now"));
		cr_assert(is_aborted(&talk));
		expect_pool(receiver, &webmail, RECEIVER_IPV4, "high-risk");
	}
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &webmail, RECEIVER_IPV6, 25);

		free(postern_must("sender block webmail --cut --now"));
		cr_assert(is_aborted(&talk));
		expect_refused(receiver, &webmail, RECEIVER_IPV6);
	}
}

static char *cut_flows(void)
{
	return postern_must("-j flow list webmail | jq -r '.[] | \"\\(.pool) \\(.cut)\"' | sort");
}

Test(netns_sockets, flow_list_tells_which_flows_are_cut)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk before =
			talk_must(receiver, &webmail, RECEIVER_IPV4, 25);
		_cleanup_talk_ struct talk after = TALK_NONE;
		_cleanup_(free_p) char *flows = NULL;

		free(postern_must("sender set webmail high-risk --cut"));
		after = talk_must(receiver, &webmail, RECEIVER_IPV4, 25);
		flows = cut_flows();
		cr_assert_str_eq(flows, "high-risk false\nnormal true\n");
	}
}

Test(netns_sockets, a_forwarded_connection_has_no_socket_here_and_ends_at_its_next_packet)
{
	int receiver = receiver_open(25);
	char byte = 'x';

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		free(postern_must("flow cut tenant-7 --now"));
		cr_assert_not(is_aborted(&talk));
		cr_assert_eq(send(talk.client, &byte, 1, MSG_NOSIGNAL), 1);
		cr_assert_lt(recv(talk.client, &byte, 1, 0), 0);
		cr_assert_eq(errno, ECONNRESET);
	}
}

Test(netns_sockets, without_root_now_is_refused_and_nothing_changes)
{
	static const char *const commands[] = {"sender block webmail --cut --now",
					       "flow cut webmail --now"};
	int receiver = receiver_open(25);
	const char *conf;

	postern_begin(NULL);
	conf = postern_configure(NULL);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &webmail, RECEIVER_IPV4, 25);

		for (size_t i = 0; i < 2; i++) {
			_cleanup_result_ struct result refused = host_run(
				MAIL,
				"setpriv --reuid=nobody --regid=nogroup --clear-groups %s -c %s %s",
				getenv("POSTERN"), conf, commands[i]);

			cr_assert_eq(refused.status, 1, "%s", refused.text);
			cr_assert_not_null(strstr(refused.text, "root; nothing was changed"), "%s",
					   refused.text);
		}
		cr_assert(talk_lives(&talk));
	}
	expect_pool(receiver, &webmail, RECEIVER_IPV4, "normal");
}

Test(netns_sockets, now_without_cut_is_wrong_usage)
{
	_cleanup_result_ struct result set = {0}, list = {0};

	postern_configure(NULL);
	set = postern_run("sender set webmail high-risk --now");
	cr_assert_eq(set.status, 2, "%s", set.text);
	cr_assert_not_null(strstr(set.text, "--cut"), "%s", set.text);
	list = postern_run("flow list --now");
	cr_assert_eq(list.status, 2, "%s", list.text);
}
