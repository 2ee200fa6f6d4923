/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections from pool addresses that are older than the datapath stay untranslated, and no flow
 * gets their ports. Later sockets on pool addresses are steered like all others.
 */
#include <criterion/criterion.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/hostile.h"
#include "netns/postern.h"
#include "postern/abi.h"

TestSuite(netns_older, .init = world_init, .fini = world_done, .timeout = 45);

#define POOL_IPV4 "192.0.2.10"
#define POOL_IPV6 "2001:db8:1::10"
#define PORT	  40500

/* Assigns pool addresses before `up`; after it the pool has no other active address. */
static void put_pool_addresses(void)
{
	free(host_must(MAIL, "ip address add " POOL_IPV4 "/32 dev wan;"
			     "ip address add " POOL_IPV6 "/128 dev wan nodad"));
}

static void begin_with_one_address(void)
{
	postern_begin(NULL);
	free(postern_must("pool drain normal 192.0.2.11"));
	free(postern_must("pool drain normal 2001:db8:1::11"));
}

static struct talk talk_from(int receiver, uid_t uid, const char *bind, uint16_t port,
			     const char *destination)
{
	const struct origin origin = {.host = MAIL, .uid = uid, .bind = bind, .port = port};

	return talk_must(receiver, &origin, destination, 25);
}

/*
 * A new flow from the pool address to the receiver gets another port than the connection `older`.
 */
static void expect_port_kept(int receiver, const char *bind, const char *address,
			     const char *destination)
{
	_cleanup_talk_ struct talk talk = talk_from(receiver, 0, bind, PORT, destination);

	cr_assert_str_eq(talk.from, address);
	cr_assert_neq(talk.from_port, PORT);
	cr_assert(talk_lives(&talk));
}

Test(netns_older, a_connection_from_a_pool_address_continues_and_keeps_its_port)
{
	int receiver = receiver_open(25);

	NOT_HOSTILE("it masquerades connections older than up");
	put_pool_addresses();
	{
		_cleanup_talk_ struct talk four =
			talk_from(receiver, 0, POOL_IPV4, PORT, RECEIVER_IPV4);
		_cleanup_talk_ struct talk six =
			talk_from(receiver, 0, POOL_IPV6, PORT, RECEIVER_IPV6);

		begin_with_one_address();
		expect_port_kept(receiver, MAIL_IPV4, POOL_IPV4, RECEIVER_IPV4);
		expect_port_kept(receiver, MAIL_IPV6, POOL_IPV6, RECEIVER_IPV6);
		free(postern_must("up"));
		expect_port_kept(receiver, MAIL_IPV4, POOL_IPV4, RECEIVER_IPV4);
		cr_assert(talk_transfer(&four, 1 << 20, 1 << 20));
		cr_assert(talk_transfer(&six, 1 << 20, 1 << 20));
	}
}

Test(netns_older, a_connection_of_a_known_sender_continues_is_listed_and_can_be_cut)
{
	int receiver = receiver_open(25);
	char byte = 'x';

	NOT_HOSTILE("it masquerades connections older than up");
	put_pool_addresses();
	{
		_cleanup_talk_ struct talk talk =
			talk_from(receiver, SENDER_UID, POOL_IPV4, PORT, RECEIVER_IPV4);
		_cleanup_(free_p) char *listed = NULL;

		postern_begin(NULL);
		cr_assert(talk_lives(&talk));
		listed = postern_must("-j flow list webmail | jq -r '.[] |"
				      " \"\\(.source) \\(.address) \\(.pool) \\(.state)\"'");
		cr_assert_str_eq(listed, POOL_IPV4 ":40500 " POOL_IPV4 ":40500 null established\n");
		free(postern_must("flow cut webmail"));
		cr_assert_eq(send(talk.client, &byte, 1, MSG_NOSIGNAL), 1);
		cr_assert_lt(recv(talk.client, &byte, 1, 0), 0);
		cr_assert_eq(errno, ECONNRESET);
	}
}

static char *older_state(void)
{
	return postern_must("-j flow list | jq -r '.[] | select(.source == \"" POOL_IPV4
			    ":40500\") | .state'");
}

Test(netns_older, a_connection_that_is_closing_keeps_its_port_too)
{
	int receiver = receiver_open(25);

	put_pool_addresses();
	{
		_cleanup_talk_ struct talk talk =
			talk_from(receiver, 0, POOL_IPV4, PORT, RECEIVER_IPV4);
		_cleanup_(free_p) char *state = NULL;

		shutdown(talk.client, SHUT_WR);
		shutdown(talk.server, SHUT_WR);
		talk_close(&talk);
		begin_with_one_address();
		state = older_state();
		cr_assert_str_eq(state, "closing\n");
		expect_port_kept(receiver, MAIL_IPV4, POOL_IPV4, RECEIVER_IPV4);
	}
}

/* Removes the flow of an idle connection, as its expiry does; then another flow takes its port. */
static void forget_older(void)
{
	free(host_must(MAIL, "for map in flows returns; do"
			     "	bpftool -j map dump pinned $pin_path/postern_$map |"
			     "	jq -r '.[].key | join(\" \")' | while read key; do"
			     "		bpftool map delete pinned $pin_path/postern_$map key $key;"
			     "	done; done; "
			     "test $(bpftool -j map dump pinned $pin_path/postern_returns) = []"));
}

/* As a flow of another sender does. */
static void take_port(void)
{
	struct return_key key = {.port = PORT, .remote_port = 25};
	struct return_entry entry = {.source_port = 1};
	struct address address;
	char path[128];
	int map;

	cr_assert_eq(address_parse(POOL_IPV4, &address), 0);
	memcpy(key.address, address.bytes, sizeof(key.address));
	cr_assert_eq(address_parse(RECEIVER_IPV4, &address), 0);
	memcpy(key.remote, address.bytes, sizeof(key.remote));
	snprintf(path, sizeof(path), "%s/postern_returns", world.pin_path);
	map = bpf_obj_get(path);
	cr_assert_eq(bpf_map_update_elem(map, &key, &entry, BPF_NOEXIST), 0);
	close(map);
}

Test(netns_older, up_reports_a_port_that_a_flow_uses_already)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;
	_cleanup_(free_p) char *said = NULL, *quiet = NULL;

	NOT_HOSTILE("up has more to report");
	put_pool_addresses();
	talk = talk_from(receiver, 0, POOL_IPV4, PORT, RECEIVER_IPV4);
	begin_with_one_address();
	quiet = postern_must("up");
	cr_assert_str_eq(quiet, "");
	forget_older();
	take_port();
	said = postern_must("up");
	cr_assert_not_null(strstr(said, "1 existing connection "), "%s", said);
	cr_assert_not_null(strstr(said, "flows use them already"), "%s", said);
}

Test(netns_older, an_address_that_a_later_up_gives_to_a_pool_keeps_the_ports_in_use)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk older = talk_from(receiver, 0, MAIL_IPV4, PORT, RECEIVER_IPV4);
	const struct origin tenant = {.host = TENANT, .bind = TENANT_IPV4, .port = PORT};
	_cleanup_talk_ struct talk talk = TALK_NONE;

	postern_begin(NULL);
	free(host_must(MAIL, "sed -i 's/\"192.0.2.10\", \"192.0.2.11\"/\"" MAIL_IPV4 "\"/' %s",
		       postern_configure(NULL)));
	free(postern_must("up"));
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	cr_assert_str_eq(talk.from, MAIL_IPV4);
	cr_assert_neq(talk.from_port, PORT);
	cr_assert(talk_lives(&talk));
	cr_assert(talk_transfer(&older, 1 << 20, 1 << 20));
}

Test(netns_older, a_new_connection_from_a_pool_address_is_steered_and_tracked_like_any_other)
{
	int receiver = receiver_open(25);
	struct capture *capture;

	NOT_HOSTILE("it masquerades connections older than up");
	postern_begin(NULL);
	free(postern_must("sender set webmail high-risk"));
	capture = capture_start();
	{
		_cleanup_talk_ struct talk talk =
			talk_from(receiver, SENDER_UID, POOL_IPV4, PORT, RECEIVER_IPV4);
		_cleanup_(free_p) char *listed = NULL;

		cr_assert_str_eq(pool_of(talk.from), "high-risk", "seen from %s", talk.from);
		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20));
		free(postern_must("up"));
		cr_assert(talk_lives(&talk));
		listed = postern_must(
			"-j flow list webmail | jq -r '.[] | \"\\(.source) \\(.pool)\"'");
		cr_assert_str_eq(listed, POOL_IPV4 ":40500 high-risk\n");
	}
	expect_pools_only(capture);
}

/*
 * A socket that is only bound has no remote end yet, so no port is reserved for it, nor needs to
 * be.
 */
Test(netns_older, a_socket_bound_to_a_pool_address_and_port_in_use_outside_gets_through)
{
	int receiver = receiver_open(25);

	put_pool_addresses();
	begin_with_one_address();
	{
		_cleanup_talk_ struct talk first =
			talk_from(receiver, 0, MAIL_IPV4, PORT, RECEIVER_IPV4);
		_cleanup_talk_ struct talk second =
			talk_from(receiver, 0, POOL_IPV4, PORT, RECEIVER_IPV4);

		cr_assert_str_eq(first.from, POOL_IPV4);
		cr_assert_eq(first.from_port, PORT);
		cr_assert_str_eq(second.from, POOL_IPV4);
		cr_assert_neq(second.from_port, PORT);
		cr_assert(talk_transfer(&first, 1 << 20, 1 << 20));
		cr_assert(talk_transfer(&second, 1 << 20, 1 << 20));
	}
}

static int open_control(struct control *ret)
{
	uint32_t zero = 0;
	char path[128];
	int map;

	snprintf(path, sizeof(path), "%s/postern_control", world.pin_path);
	map = bpf_obj_get(path);
	cr_assert_geq(map, 0);
	cr_assert_eq(bpf_map_lookup_elem(map, &zero, ret), 0);
	return map;
}

static uint64_t first_up_ns(void)
{
	struct control control;

	close(open_control(&control));
	return control.first_up_ns;
}

Test(netns_older, a_later_up_grants_older_connections_no_more_time)
{
	uint64_t first_ns;

	postern_begin(NULL);
	first_ns = first_up_ns();
	cr_assert_gt(first_ns, 0);
	free(postern_must("up"));
	cr_assert_eq(first_up_ns(), first_ns);
}

/* All flows expire, and the time of older connections has passed. */
static void expire_all(void)
{
	struct control control;
	int map = open_control(&control);

	control.established_ns = control.transitory_ns = 1;
	cr_assert_eq(bpf_map_update_elem(map, &(uint32_t){0}, &control, BPF_ANY), 0);
	close(map);
}

static void expect_reset_after_expiry(const char *bind, const char *destination)
{
	int receiver = receiver_open(25);
	struct capture *capture;
	char byte = 'x';

	postern_begin(NULL);
	capture = capture_start();
	{
		_cleanup_talk_ struct talk talk = talk_from(receiver, 0, bind, PORT, destination);

		expire_all();
		free(host_must(MAIL, "timeout 5 sh -c 'until test $(bpftool -j map dump pinned"
				     " $pin_path/postern_flows) = []; do sleep .1; done'"));
		cr_assert_eq(send(talk.client, &byte, 1, MSG_NOSIGNAL), 1);
		cr_assert_lt(recv(talk.client, &byte, 1, 0), 0);
		cr_assert_eq(errno, ECONNRESET);
	}
	expect_pools_only(capture);
}

Test(netns_older, an_unknown_senders_connection_is_reset_after_its_flow_has_expired)
{
	expect_reset_after_expiry(MAIL_IPV4, RECEIVER_IPV4);
}

Test(netns_older, an_unknown_senders_connection_over_ipv6_is_reset_after_its_flow_has_expired)
{
	expect_reset_after_expiry(MAIL_IPV6, RECEIVER_IPV6);
}
