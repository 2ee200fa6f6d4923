/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders while mail flows: verdicts, pools and addresses. New connections follow at once, live ones
 * stay.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_verdict, .init = world_init, .fini = world_done, .timeout = 30);

static const struct origin tenant = {.host = TENANT};
static const struct origin local = {.host = MAIL};

Test(netns_verdict, sender_set_moves_the_next_connection_and_sender_clear_brings_it_back)
{
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	capture = capture_start();
	{
		_cleanup_talk_ struct talk before = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		free(postern_must("sender set tenant-7 high-risk"));
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
		expect_pool(receiver, &tenant, RECEIVER_IPV6, "high-risk");
		expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
		cr_assert_str_eq(pool_of(before.from), "normal");
		cr_assert(talk_transfer(&before, 1 << 20, 1 << 20), "a live connection broke");
		free(postern_must("sender clear tenant-7"));
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
		cr_assert(talk_lives(&before));
	}
	expect_pools_only(capture);
}

static bool tenant_is_seen_in(int receiver, const char *pool)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

	return !strcmp(pool_of(talk.from), pool);
}

Test(netns_verdict, sender_set_for_a_time_ends_by_itself)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	free(postern_must("sender set tenant-7 high-risk --for %us", 3 * test_patience()));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	cr_assert(wait_for(tenant_is_seen_in(receiver, "normal"), 4000));
}

Test(netns_verdict, sender_block_refuses_new_connections_only)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk before = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		free(postern_must("sender block tenant-7"));
		expect_refused(receiver, &tenant, RECEIVER_IPV4);
		expect_refused(receiver, &tenant, RECEIVER_IPV6);
		expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
		cr_assert(talk_lives(&before));
	}
	free(postern_must("sender clear tenant-7"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
}

/* Connects until each of the two addresses was seen, or 24 times; returns the set that was seen. */
static unsigned addresses_seen(int receiver, const char *first, const char *second)
{
	unsigned seen = 0;

	for (int i = 0; i < 24 && seen != 3; i++) {
		char destination[32];

		/* Sender and destination choose the address, so try several destinations. */
		snprintf(destination, sizeof(destination), "198.51.100.%d", 100 + i);
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, destination, 25);

		seen |= !strcmp(talk.from, first) ? 1 : 0;
		seen |= !strcmp(talk.from, second) ? 2 : 0;
	}
	return seen;
}

Test(netns_verdict, a_drained_address_gets_no_new_connection_and_keeps_its_live_ones)
{
	int receiver = receiver_open(25);
	const char *other;

	for (int i = 0; i < 24; i++)
		free(host_must(INTERNET, "ip address add 198.51.100.%d/32 dev lo", 100 + i));
	postern_begin(NULL);
	cr_assert_eq(addresses_seen(receiver, "192.0.2.10", "192.0.2.11"), 3);
	{
		_cleanup_talk_ struct talk before = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		free(postern_must("pool drain normal %s", before.from));
		other = strcmp(before.from, "192.0.2.10") ? "192.0.2.10" : "192.0.2.11";
		cr_assert_eq(addresses_seen(receiver, before.from, other), 2);
		cr_assert(talk_transfer(&before, 1 << 20, 1 << 20), "a live connection broke");
		free(postern_must("pool activate normal %s", before.from));
		cr_assert_eq(addresses_seen(receiver, before.from, other), 3);
	}
}

Test(netns_verdict, a_pool_that_is_disabled_holds_and_never_falls_back_to_normal)
{
	static const struct origin handle = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	free(postern_must("sender set tenant-7 high-risk"));
	{
		_cleanup_talk_ struct talk before = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		free(postern_must("pool disable high-risk"));
		capture = capture_start();
		expect_refused(receiver, &tenant, RECEIVER_IPV4);
		expect_refused(receiver, &tenant, RECEIVER_IPV6);
		expect_refused(receiver, &handle, RECEIVER_IPV4);
		expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
		cr_assert(talk_lives(&before));
	}
	expect_pools_only(capture);
	free(postern_must("pool enable high-risk"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
}

Test(netns_verdict, draining_every_address_of_a_pool_holds_it)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	free(postern_must("sender set tenant-7 high-risk"));
	free(postern_must("pool drain high-risk 192.0.2.20"));
	free(postern_must("pool drain high-risk 192.0.2.21"));
	expect_refused(receiver, &tenant, RECEIVER_IPV4);
	expect_pool(receiver, &tenant, RECEIVER_IPV6, "high-risk");
	free(postern_must("pool activate high-risk 192.0.2.21"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
}

Test(netns_verdict, sender_set_with_cut_resets_the_live_connections_of_that_sender_only)
{
	static const struct origin webmail = {.host = MAIL, .uid = SENDER_UID};
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk forwarded =
			talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
		_cleanup_talk_ struct talk forwarded6 =
			talk_must(receiver, &tenant, RECEIVER_IPV6, 25);
		_cleanup_talk_ struct talk own = talk_must(receiver, &webmail, RECEIVER_IPV4, 25);
		_cleanup_talk_ struct talk other = talk_must(receiver, &local, RECEIVER_IPV4, 25);

		free(postern_must("sender set tenant-7 high-risk --cut"));
		cr_assert(talk_is_reset(&forwarded));
		cr_assert(talk_is_reset(&forwarded6));
		cr_assert(talk_lives(&own));
		free(postern_must("flow cut webmail"));
		cr_assert(talk_is_reset(&own));
		cr_assert(talk_lives(&other));
		expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
		expect_pool(receiver, &webmail, RECEIVER_IPV4, "normal");
	}
}

Test(netns_verdict, flow_list_shows_both_sides_of_a_live_connection)
{
	int receiver = receiver_open(25);

	postern_begin(NULL);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
		_cleanup_(free_p) char *flows = NULL;
		char address[ENDPOINT_TEXT_SIZE];

		snprintf(address, sizeof(address), "%s:%u", talk.from, talk.from_port);
		cr_assert(talk_lives(&talk));
		flows = postern_must(
			"-j flow list | jq -r '.[] | select(.sender == \"tenant-7\") | "
			"\"\\(.address) \\(.destination) \\(.pool) \\(.state)\"'");
		cr_assert_not_null(strstr(flows, address), "%s is not in: %s", address, flows);
		cr_assert_not_null(strstr(flows, RECEIVER_IPV4 ":25 normal established"), "%s",
				   flows);
	}
}

/* Opens connections from the tenant without end, and closes each at once. */
static void open_many(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(25)};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	host_enter(TENANT);
	inet_pton(AF_INET, RECEIVER_IPV4, &to.sin_addr);
	for (;;) {
		_cleanup_(close_fd_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		connect(fd, (struct sockaddr *)&to, sizeof(to));
	}
}

static long flows_of_tenant(const char *which)
{
	_cleanup_(free_p) char *count = postern_must(
		"-j flow list tenant-7 | jq 'map(select(.pool == \"normal\" and %s)) | length'",
		which);

	return strtol(count, NULL, 10);
}

Test(netns_verdict, a_cut_leaves_none_behind_that_opened_while_it_was_asked_for)
{
	pid_t opener;

	receiver_open(25);
	postern_begin(NULL);
	opener = fork();
	if (!opener)
		open_many();
	cr_assert(wait_for(flows_of_tenant("true") > 100, 5000));
	free(postern_must("sender set tenant-7 high-risk --cut"));
	cr_assert_eq(host_stop(opener, SIGKILL), 128 + SIGKILL);
	cr_assert_eq(flows_of_tenant(".cut == false"), 0);
}
