/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Only pool addresses are ever on the wire to port 25, whatever fails: each case drops, counts
 * under its own name and is reported to the agent. A packet is translated once, however many hooks
 * it passes.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/hostile.h"
#include "netns/postern.h"
#include "postern/abi.h"

TestSuite(netns_leak, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};
static const struct origin other = {.host = TENANT, .bind = TENANT_OTHER};
static const struct origin local = {.host = MAIL};

static long counter(const char *name)
{
	_cleanup_(free_p) char *text = postern_must("-j status | jq .datapath.counters.%s", name);

	return strtol(text, NULL, 10);
}

static bool agent_has_error(const char *name)
{
	return host_succeeds(MAIL,
			     "%s -c %s/postern.conf -j status | "
			     "jq -e '.agent.errors[] | select(.what == \"%s\")' >/dev/null",
			     getenv("POSTERN"), world.directory, name);
}

/* The counter is higher than `before`, and the agent has the event. */
static void expect_reported(const char *name, long before)
{
	cr_assert_gt(counter(name), before, "%s was not counted", name);
	cr_assert(wait_for(agent_has_error(name), 3000), "the agent was not told of %s", name);
}

static void expect_reported_refusal(int receiver, const struct origin *origin, const char *name)
{
	long before = counter(name);

	expect_refused(receiver, origin, RECEIVER_IPV4);
	expect_reported(name, before);
}

/* ---- the cases */

static void pool_empty(int receiver)
{
	free(postern_must("pool disable normal"));
	expect_reported_refusal(receiver, &tenant, "dropped_pool_empty");
	expect_reported_refusal(receiver, &local, "dropped_pool_empty");
	free(postern_must("pool enable normal"));
}

static void blocked(int receiver)
{
	free(postern_must("sender block tenant-8"));
	expect_reported_refusal(receiver, &other, "dropped_blocked");
	free(postern_must("sender clear tenant-8"));
}

static int open_map(const char *name)
{
	char file[96];
	int fd;

	snprintf(file, sizeof(file), "%s/postern_%s", world.pin_path, name);
	fd = bpf_obj_get(file);
	cr_assert_geq(fd, 0, "%s: %s", file, strerror(errno));
	return fd;
}

static void map_address(uint8_t to[16], const char *text)
{
	memcpy(to, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	cr_assert_eq(inet_pton(AF_INET, text, to + 12), 1);
}

/* Takes each port of the address towards the remote end, until -E2BIG, as flows of others would. */
static int take_ports(int returns, const char *address, const char *remote)
{
	struct return_key key = {.remote_port = 25};
	struct return_entry entry = {.source_port = 1};

	map_address(key.address, address);
	map_address(key.remote, remote);
	for (uint32_t port = 1024; port < 65536; port++) {
		key.port = (uint16_t)port;
		if (bpf_map_update_elem(returns, &key, &entry, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* Keys of flows and of returns have the same size. */
static void empty(int map)
{
	struct return_key key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &key);

	while (more) {
		more = !bpf_map_get_next_key(map, &key, &next);
		bpf_map_delete_elem(map, &key);
		key = next;
	}
}

static void no_port(int receiver)
{
	_cleanup_(close_fd_p) int returns = open_map("returns");

	cr_assert_eq(take_ports(returns, "192.0.2.10", RECEIVER_IPV4), 0);
	cr_assert_eq(take_ports(returns, "192.0.2.11", RECEIVER_IPV4), 0);
	expect_reported_refusal(receiver, &tenant, "dropped_no_port");
	empty(returns);
}

static void table_full(int receiver)
{
	_cleanup_(close_fd_p) int returns = open_map("returns");
	char remote[32];
	int r = 0;

	for (int i = 1; r == 0; i++) {
		snprintf(remote, sizeof(remote), "203.0.113.%d", i);
		r = take_ports(returns, "192.0.2.10", remote);
	}
	cr_assert_eq(r, -E2BIG);
	expect_reported_refusal(receiver, &tenant, "dropped_table_full");
	expect_reported_refusal(receiver, &local, "dropped_table_full");
	empty(returns);
}

/* A connection older than the datapath: its next packet finds no flow. */
static void mid_stream(int receiver)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	_cleanup_(close_fd_p) int returns = open_map("returns"), flows = open_map("flows");
	long before = counter("dropped_no_flow"), resets = counter("resets_sent");
	char byte = 'x';

	empty(returns);
	empty(flows);
	cr_assert_eq(send(talk.client, &byte, 1, MSG_NOSIGNAL), 1);
	cr_assert(recv(talk.client, &byte, 1, 0) < 0 && errno == ECONNRESET, "it was not reset");
	expect_reported("dropped_no_flow", before);
	cr_assert_gt(counter("resets_sent"), resets);
}

/* Sends from the tenant by a raw socket: `bytes` of TCP, `fragment` as in the IP header. */
static void send_raw(uint8_t flags, uint16_t fragment, size_t bytes)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
		char payload[64];
	} packet = {
		.ip = {.version = 4,
		       .ihl = 5,
		       .ttl = 64,
		       .id = htons(7),
		       .protocol = IPPROTO_TCP,
		       .frag_off = htons(fragment)},
		.tcp = {.source = htons(4444), .dest = htons(25), .doff = 5, .seq = 1},
	};
	struct sockaddr_in to = {.sin_family = AF_INET};
	size_t size = sizeof(packet.ip) + bytes;
	int fd;

	packet.tcp.th_flags = flags;
	inet_pton(AF_INET, TENANT_IPV4, &packet.ip.saddr);
	inet_pton(AF_INET, RECEIVER_IPV4, &packet.ip.daddr);
	inet_pton(AF_INET, RECEIVER_IPV4, &to.sin_addr);
	host_enter(TENANT);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	host_leave();
	cr_assert_geq(fd, 0);
	cr_assert_eq(sendto(fd, &packet, size, 0, (struct sockaddr *)&to, sizeof(to)),
		     (ssize_t)size, "%s", strerror(errno));
	close(fd);
}

static void raw_case(uint8_t flags, uint16_t fragment, size_t bytes, const char *name)
{
	long before = counter(name);

	send_raw(flags, fragment, bytes);
	cr_assert(wait_for(counter(name) > before, 2000), "%s was not counted", name);
	expect_reported(name, before);
}

static void odd_packets(void)
{
	/* A masquerade keeps fragments until they are a packet: these never are. */
	for (int i = 0; i < 2 && hostile(); i++)
		send_raw(i ? TH_SYN : TH_ACK, IP_MF, 64);
	if (!hostile()) {
		raw_case(TH_SYN, IP_MF, 64, "dropped_fragment");
		raw_case(TH_ACK, IP_MF, 64, "dropped_fragment");
	}
	raw_case(TH_ACK, 0, 12, "dropped_malformed");
	raw_case(TH_ACK, 0, 64, "dropped_no_flow");
	raw_case(TH_RST, 0, 20, "dropped_no_flow");
}

static void cut(int receiver)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	long before = counter("dropped_cut");
	char byte = 'x';

	free(postern_must("sender block tenant-7 --cut"));
	cr_assert_eq(send(talk.client, &byte, 1, MSG_NOSIGNAL), 1);
	cr_assert(recv(talk.client, &byte, 1, 0) < 0 && errno == ECONNRESET, "it was not reset");
	cr_assert(recv(talk.server, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	expect_reported("dropped_cut", before);
	free(postern_must("sender clear tenant-7"));
}

/* The last verdicts stay in force. */
static void agent_dead(int receiver, pid_t agent)
{
	free(postern_must("sender block tenant-8"));
	cr_assert_eq(host_stop(agent, SIGKILL), 128 + SIGKILL);
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
	expect_refused(receiver, &other, RECEIVER_IPV4);
	send_raw(TH_ACK, 0, 64);
}

Test(netns_leak, nothing_but_pool_addresses_leaves_whatever_goes_wrong)
{
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(NULL);
	struct capture *capture = capture_start();

	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	pool_empty(receiver);
	blocked(receiver);
	no_port(receiver);
	table_full(receiver);
	mid_stream(receiver);
	odd_packets();
	cut(receiver);
	agent_dead(receiver, agent);
	expect_pools_only(capture);
}

/* ---- to an address of our own (RFC 5382 REQ-8) */

Test(netns_leak, a_connection_to_an_address_of_our_own_pool_arrives_as_it_is)
{
	static const char *const addresses[] = {"192.0.2.10", "2001:db8:1::20"};
	_cleanup_(close_fd_p) int receiver = receiver_open_on(MAIL, 25);
	long opened;

	postern_begin(NULL);
	opened = counter("flows_opened");
	for (size_t i = 0; i < 2; i++) {
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, addresses[i], 25);

		cr_assert_str_eq(talk.from, i ? TENANT_IPV6 : TENANT_IPV4);
		cr_assert(talk_lives(&talk));
	}
	cr_assert_eq(counter("flows_opened"), opened);
}

/*
 * The address is routed to this host but not assigned to it: without a check the packet would
 * leave, come back and leave again until its hops are used up.
 */
Test(netns_leak, a_packet_that_returns_on_its_way_to_a_pool_address_is_dropped)
{
	static const char *const destinations[] = {"192.0.2.10", "2001:db8:1::20"};
	int receiver = receiver_open(25);
	long opened, looped;

	postern_begin(&(struct setup){.more = "plumb = false\n"});
	free(host_must(MAIL, "ip route add 192.0.2.10 via 192.0.2.1;"
			     "ip route add 2001:db8:1::20 via 2001:db8:1::1"));
	free(host_must(INTERNET, "echo 1 >/proc/sys/net/ipv4/ip_forward;"
				 "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding;"
				 "ip route add 192.0.2.10 via " MAIL_IPV4 ";"
				 "ip route add 2001:db8:1::20 via " MAIL_IPV6));
	for (size_t i = 0; i < 2; i++) {
		opened = counter("flows_opened");
		looped = counter("dropped_loop");
		for (int j = 0; j < 4; j++) {
			_cleanup_talk_ struct talk talk = TALK_NONE;

			cr_assert_lt(talk_open(receiver, &tenant, destinations[i], 25, 300, &talk),
				     0);
		}
		/*
		 * If the pool chooses the destination itself as source, the packet is dropped at
		 * once.
		 */
		cr_assert_leq(counter("flows_opened"), opened + 4);
		/* A strict rp_filter drops it before the hook sees it again. */
		cr_assert(hostile() || counter("dropped_loop") > looped);
	}
}

/* ---- two hooks */

/* Attaches the egress program on clsact too, behind TCX. */
static void attach_on_clsact_too(void)
{
	free(host_must(MAIL,
		       "set -e\n"
		       "id=$(bpftool -j link show pinned $pin_path/link_wan_egress | jq .prog_id)\n"
		       "bpftool prog pin id $id $pin_path/second\n"
		       "tc qdisc add dev wan clsact\n"
		       "tc filter add dev wan egress prio 1 bpf da object-pinned $pin_path/second\n"
		       "rm $pin_path/second"));
}

Test(netns_leak, behind_a_second_hook_a_packet_is_still_translated_once)
{
	static const struct origin same_port = {.host = TENANT, .port = 40000};
	static const struct origin same_port_too = {
		.host = TENANT, .bind = TENANT_OTHER, .port = 40000};
	struct talk talks[2] = {TALK_NONE, TALK_NONE};
	struct capture *capture;
	int receiver = receiver_open(25);

	NEEDS_TCX();
	postern_begin(&(struct setup){.egress = "tcx"});
	capture = capture_start();
	talks[0] = talk_must(receiver, &same_port, RECEIVER_IPV4, 25);
	attach_on_clsact_too();
	talks[1] = talk_must(receiver, &same_port_too, RECEIVER_IPV4, 25);
	for (int i = 0; i < 2; i++)
		cr_assert(talk_transfer(&talks[i], 1 << 20, 1 << 20), "connection %d", i);
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
	cr_assert_eq(counter("flows_opened"), 3);
	cr_assert_eq(counter("untouched"), 0);
	free(host_must(MAIL, "tc qdisc del dev wan clsact"));
	for (int i = 0; i < 2; i++)
		cr_assert(talk_lives(&talks[i]), "connection %d", i);
	for (int i = 0; i < 2; i++)
		talk_close(&talks[i]);
	expect_pools_only(capture);
}

static bool agent_has_read_again(void)
{
	return host_succeeds(MAIL, "grep -q 'reloaded' $directory/agent.log");
}

/* An MTA learns of another handle later than the agent. */
Test(netns_leak, a_handle_that_is_no_more_in_the_configuration_is_no_way_to_the_normal_pool)
{
	static const struct origin lane = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(NULL);

	expect_pool(receiver, &lane, RECEIVER_IPV4, "high-risk");
	free(host_must(MAIL, "sed -i 's/\"" HANDLE_HIGH_RISK "\"/\"100.127.0.22\"/' "
			     "$directory/postern.conf"));
	kill(agent, SIGHUP);
	cr_assert(wait_for(agent_has_read_again(), 3000));
	expect_pool(receiver, &lane, RECEIVER_IPV4, "high-risk");
	free(postern_must("up"));
	cr_assert(!host_succeeds(MAIL, "ip address show dev lo | grep -qw " HANDLE_HIGH_RISK));
	/* From now on the host decides on the address. */
	free(host_must(MAIL, "ip address add " HANDLE_HIGH_RISK "/32 dev lo"));
	expect_pool(receiver, &lane, RECEIVER_IPV4, "normal");
}
