/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same connections through Postern and through nftables' source NAT, on the same hosts. Nowhere
 * does nftables do better, except where the table of scenarios says so; the README says why.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_nft, .init = world_init, .fini = world_done, .timeout = 60);

#define POOL_IPV4    "192.0.2.10"
#define NOBODY_THERE "198.51.100.77"

static const struct origin tenant = {.host = TENANT};

enum translator { POSTERN, NFT, TRANSLATORS };

/*
 * One address for each family: ports clash where they can. conntrack keeps a closed connection for
 * 10 s.
 */
static const char nft_script[] = "set -e\n"
				 "ip address add " POOL_IPV4 "/32 dev wan\n"
				 "ip address add 2001:db8:1::10/128 dev wan nodad\n"
				 "nft -f - <<'end'\n"
				 "table ip out {\n"
				 "	chain post {\n"
				 "		type nat hook postrouting priority srcnat\n"
				 "		oifname wan tcp dport 25 snat to " POOL_IPV4 "\n"
				 "	}\n"
				 "}\n"
				 "table ip6 out {\n"
				 "	chain post {\n"
				 "		type nat hook postrouting priority srcnat\n"
				 "		oifname wan tcp dport 25 snat to 2001:db8:1::10\n"
				 "	}\n"
				 "}\n"
				 "end\n"
				 "sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close=1\n";

static void begin(enum translator translator)
{
	if (translator == NFT) {
		free(host_must(MAIL, "%s", nft_script));
		return;
	}
	postern_begin(NULL);
	free(postern_must("pool drain normal 192.0.2.11"));
	free(postern_must("pool drain normal 2001:db8:1::11"));
}

/* ---- packets that no stack sends */

struct raw {
	struct iphdr ip;
	struct tcphdr tcp;
	char payload[12];
};

static uint32_t sum(const void *bytes, size_t size, uint32_t start)
{
	const uint16_t *word = bytes;

	for (size_t i = 0; i < size / 2; i++)
		start += word[i];
	return start;
}

/* RFC 9293 section 3.1, over `bytes` of TCP. */
static void finish_tcp(struct raw *raw, size_t bytes)
{
	uint32_t all = sum(&raw->ip.saddr, 8, htons(IPPROTO_TCP) + htons((uint16_t)bytes));

	raw->tcp.check = 0;
	all = sum(&raw->tcp, bytes, all);
	while (all >> 16)
		all = (all & 0xffff) + (all >> 16);
	raw->tcp.check = (uint16_t)~all;
}

static struct raw raw_of(const char *from, uint16_t from_port, const char *to, uint16_t to_port)
{
	struct raw raw = {
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .id = htons(7), .protocol = IPPROTO_TCP},
		.tcp = {.source = htons(from_port), .dest = htons(to_port), .doff = 5},
	};

	cr_assert_eq(inet_pton(AF_INET, from, &raw.ip.saddr), 1);
	cr_assert_eq(inet_pton(AF_INET, to, &raw.ip.daddr), 1);
	return raw;
}

static void raw_send(enum host host, const struct raw *raw, size_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = raw->ip.daddr};
	int fd;

	host_enter(host);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	host_leave();
	cr_assert_geq(fd, 0);
	cr_assert_eq(sendto(fd, raw, size, 0, (struct sockaddr *)&to, sizeof(to)), (ssize_t)size);
	close(fd);
}

/* The sequence number that the remote end expects next. */
static uint32_t next_sequence(int fd)
{
	int on = 1, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_SEND_QUEUE;
	socklen_t size = sizeof(uint32_t);
	uint32_t sequence;

	cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)), 0);
	cr_assert_eq(getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &sequence, &size), 0);
	cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)), 0);
	return sequence;
}

static void forge_reset(const struct talk *talk, uint32_t beyond)
{
	struct raw raw = raw_of(RECEIVER_IPV4, 25, talk->from, talk->from_port);

	raw.tcp.rst = 1;
	raw.tcp.seq = htonl(next_sequence(talk->server) + beyond);
	finish_tcp(&raw, sizeof(raw.tcp));
	raw_send(INTERNET, &raw, sizeof(raw.ip) + sizeof(raw.tcp));
}

/* ---- scenarios: true if only the address shows that there is a translator */

static bool carries(int receiver, const char *destination)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, destination, 25);

	return !strcmp(pool_of(talk.from), "normal") && talk_transfer(&talk, 1 << 20, 1 << 20);
}

static bool basic(int receiver)
{
	return carries(receiver, RECEIVER_IPV4) && carries(receiver, RECEIVER_IPV6);
}

static bool port_clash(int receiver)
{
	const struct origin one = {.host = TENANT, .bind = TENANT_IPV4, .port = 40000};
	const struct origin two = {.host = TENANT, .bind = TENANT_OTHER, .port = 40000};
	_cleanup_talk_ struct talk first = talk_must(receiver, &one, RECEIVER_IPV4, 25);
	_cleanup_talk_ struct talk second = talk_must(receiver, &two, RECEIVER_IPV4, 25);

	return !strcmp(first.from, POOL_IPV4) && !strcmp(second.from, POOL_IPV4) &&
	       first.from_port != second.from_port && talk_lives(&first) && talk_lives(&second);
}

static bool hairpin(int receiver)
{
	_cleanup_(close_fd_p) int listener = receiver_open_on(MAIL, 25);
	_cleanup_talk_ struct talk talk = talk_must(listener, &tenant, POOL_IPV4, 25);

	(void)receiver;
	return !strcmp(talk.from, TENANT_IPV4) && talk_lives(&talk);
}

/* A service on a pool address, and a tenant whose source port is the service's. */
static bool port_shadow(int receiver)
{
	const struct origin from_25 = {.host = TENANT, .bind = TENANT_IPV4, .port = 25};
	const struct origin remote = {.host = INTERNET, .bind = NOBODY_THERE, .port = 25};
	_cleanup_(close_fd_p) int listener = receiver_open_on(MAIL, 25);
	_cleanup_talk_ struct talk talk = TALK_NONE;

	close(receiver); /* the remote end itself connects from port 25 */
	free(host_must(INTERNET,
		       "ip address add " NOBODY_THERE "/32 dev lo;"
		       "nft 'add table ip quiet; add chain ip quiet in { type filter hook "
		       "input priority 0; }; add rule ip quiet in ip daddr " NOBODY_THERE
		       " tcp flags & (syn | ack) == syn drop'"));
	talk_open(listener, &from_25, NOBODY_THERE, 25, REFUSE_MS, &talk);
	return !talk_open(listener, &remote, POOL_IPV4, 25, REFUSE_MS, &talk) && talk_lives(&talk);
}

static bool reset_in_window(int receiver)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	char byte;

	forge_reset(&talk, 0);
	return recv(talk.client, &byte, 1, 0) < 0 && errno == ECONNRESET;
}

/*
 * The tenant answers with a challenge ACK (RFC 5961 section 3.2), and the connection lives, a while
 * later too.
 */
static bool reset_beside(int receiver)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

	forge_reset(&talk, 1000);
	poll(NULL, 0, 2000);
	return talk_lives(&talk);
}

static bool reset_out_of_window(int receiver)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

	forge_reset(&talk, 1U << 30);
	poll(NULL, 0, 2000);
	return talk_lives(&talk);
}

static bool port_unreachable(int receiver)
{
	_cleanup_talk_ struct talk talk = TALK_NONE;

	free(host_must(INTERNET,
		       "nft 'add table ip closed; add chain ip closed in { type filter hook "
		       "input priority 0; }; add rule ip closed in tcp dport 25 reject with "
		       "icmp type port-unreachable'"));
	return talk_open(receiver, &tenant, RECEIVER_IPV4, 25, CONNECT_MS, &talk) == -ECONNREFUSED;
}

/* The mail host reports to the receiver, about packets whose destination is already translated. */
static bool fragmentation_needed(int receiver)
{
	_cleanup_talk_ struct talk talk = TALK_NONE;

	free(host_must(MAIL, "ip link set lan mtu 1300"));
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	return talk_transfer(&talk, 0, 1 << 20);
}

static bool fragments(int receiver)
{
	struct raw raw = raw_of(TENANT_IPV4, 41000, RECEIVER_IPV4, 25);
	struct capture *capture = capture_start();
	const struct capture_source *sources;
	char text[ADDRESS_TEXT_SIZE];
	bool arrived = false;
	size_t n;

	(void)receiver;
	raw.tcp.syn = 1;
	finish_tcp(&raw, sizeof(raw.tcp) + sizeof(raw.payload));
	raw.ip.frag_off = htons(IP_MF);
	raw_send(TENANT, &raw, sizeof(raw.ip) + 24);
	raw.ip.frag_off = htons(3);
	memmove(&raw.tcp, (char *)&raw.tcp + 24, 8);
	raw_send(TENANT, &raw, sizeof(raw.ip) + 8);
	poll(NULL, 0, 200);
	sources = capture_stop(capture, &n);
	for (size_t i = 0; i < n; i++) {
		address_format(&sources[i].address, text);
		cr_assert_str_eq(pool_of(text), "normal", "on the wire: %s", text);
		arrived = true;
	}
	capture_free(capture);
	return arrived;
}

/* The expected result of each. The README explains those where only nftables succeeds. */
static const struct scenario {
	const char *name;
	bool (*run)(int receiver);
	bool holds[TRANSLATORS];
} scenarios[] = {
	{"basic", basic, {true, true}},
	{"port clash", port_clash, {true, true}},
	{"hairpin to an address of the pool", hairpin, {true, true}},
	{"port shadowing", port_shadow, {false, false}},
	{"reset in window", reset_in_window, {true, true}},
	{"reset beside the next sequence number", reset_beside, {true, true}},
	{"reset out of window", reset_out_of_window, {true, true}},
	{"port unreachable", port_unreachable, {true, true}},
	{"fragmentation needed", fragmentation_needed, {true, true}},
	{"fragments", fragments, {false, true}},
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

struct round {
	size_t scenario;
	enum translator translator;
};

ParameterizedTestParameters(netns_nft, scenario_by_scenario_it_is_as_the_table_says)
{
	static struct round rounds[SCENARIOS * TRANSLATORS];

	for (size_t i = 0; i < SCENARIOS * TRANSLATORS; i++)
		rounds[i] = (struct round){i / TRANSLATORS, i % TRANSLATORS};
	return cr_make_param_array(struct round, rounds, SCENARIOS * TRANSLATORS);
}

ParameterizedTest(struct round *round, netns_nft, scenario_by_scenario_it_is_as_the_table_says)
{
	const struct scenario *scenario = &scenarios[round->scenario];
	int receiver = receiver_open(25);
	bool holds;

	begin(round->translator);
	holds = scenario->run(receiver);
	cr_assert_eq(holds, scenario->holds[round->translator], "%s by %s: %s", scenario->name,
		     round->translator == NFT ? "nftables" : "Postern",
		     holds ? "holds" : "does not hold");
}
