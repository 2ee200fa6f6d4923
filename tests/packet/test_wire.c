/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Resets on the wire: real sockets over veth, in network namespaces of the test process that end
 * with it, as BPF_PROG_TEST_RUN has neither unfinished checksums nor GSO.
 *
 *   tenant ─────────── mail ──────────── internet
 *   TENANT4, TENANT6   TENANT_NET.1,     REMOTE4, REMOTE6
 *                      programs on wire
 */
#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "packet/rig.h"
#include "postern.skel.h"

#define MAIL4	    "10.1.7.1" /* in the tenant's networks: the host itself sends as the tenant */
#define MAIL6	    "fd17::1"
#define CLIENT_PORT 40000
#define TIMEOUT_MS  (int)(2000 * test_patience())

enum host { MAIL, INTERNET, TENANT_HOST, HOSTS };
static int namespaces[HOSTS];

static void enter(enum host host)
{
	cr_assert_eq(setns(namespaces[host], CLONE_NEWNET), 0, "cannot enter a namespace");
}

/* Lines for `ip -batch`, run in the host's namespace. */
static void ip(enum host host, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void ip(enum host host, const char *format, ...)
{
	va_list arguments;
	FILE *batch;

	enter(host);
	batch = popen("ip -batch -", "w");
	cr_assert(batch, "cannot run ip: %s", strerror(errno));
	va_start(arguments, format);
	vfprintf(batch, format, arguments);
	va_end(arguments);
	cr_assert_eq(pclose(batch), 0, "failed: %s", format);
}

static void set_sysctl(const char *name, int value)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	file = fopen(path, "w");
	cr_assert(file && fprintf(file, "%d", value) > 0 && !fclose(file), "cannot set %s", name);
}

static void make_hosts(void)
{
	for (int host = 0; host < HOSTS; host++) {
		cr_assert_eq(unshare(CLONE_NEWNET), 0, "cannot make a namespace: %s",
			     strerror(errno));
		namespaces[host] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		set_sysctl("ipv4/ip_forward", 1);
		set_sysctl("ipv6/conf/all/forwarding", 1);
		set_sysctl("ipv6/conf/default/accept_dad", 0);
	}
	ip(MAIL,
	   "link add wire type veth peer name eth0 netns /proc/%d/fd/%d\n"
	   "link add tenant type veth peer name eth0 netns /proc/%d/fd/%d\n"
	   "link set wire up\n"
	   "link set tenant up\n",
	   getpid(), namespaces[INTERNET], getpid(), namespaces[TENANT_HOST]);
}

static void make_addresses(void)
{
	ip(TENANT_HOST, "link set eth0 up\n"
			"address add " TENANT4 "/24 dev eth0\n"
			"address add " TENANT6 "/64 dev eth0 nodad\n"
			"route add default via " MAIL4 "\n"
			"route add default via " MAIL6 "\n");
	ip(INTERNET, "link set eth0 up\n"
		     "link set lo up\n"
		     "address add 192.0.2.2/24 dev eth0\n"
		     "address add 2001:db8:2::2/64 dev eth0 nodad\n"
		     "address add " REMOTE4 " dev lo\n"
		     "address add " REMOTE6 " dev lo nodad\n"
		     "route add default via 192.0.2.1\n"
		     "route add default via 2001:db8:2::1\n");
	ip(MAIL, "address add 192.0.2.1/24 dev wire\n"
		 "address add 2001:db8:2::1/64 dev wire nodad\n"
		 "address add " MAIL4 "/24 dev tenant\n"
		 "address add " MAIL6 "/64 dev tenant nodad\n"
		 "route add default via 192.0.2.2\n"
		 "route add default via 2001:db8:2::2\n");
}

static void attach(enum bpf_tc_attach_point point, enum rig_program program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex("wire"), .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = rig_program_fd(program));
	int error = bpf_tc_hook_create(&hook);

	cr_assert(!error || error == -EEXIST, "no clsact: %s", strerror(-error));
	cr_assert_eq(bpf_tc_attach(&hook, &options), 0);
}

static void wire_init(void)
{
	rig_init();
	make_hosts();
	make_addresses();
	enter(MAIL);
	attach(BPF_TC_EGRESS, EGRESS);
	attach(BPF_TC_INGRESS, INGRESS);
}

TestSuite(packet_wire, .init = wire_init, .fini = rig_done, .timeout = 20);

static void set_offload(enum host host, const char *interface, uint32_t command, bool on)
{
	struct ethtool_value value = {.cmd = command, .data = on};
	struct ifreq request = {.ifr_data = (char *)&value};
	int fd;

	enter(host);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	cr_assert_eq(ioctl(fd, SIOCETHTOOL, &request), 0);
	close(fd);
	enter(MAIL);
}

static socklen_t fill(struct sockaddr_storage *name, const char *address, uint16_t port)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)name;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)name;

	memset(name, 0, sizeof(*name));
	if (inet_pton(AF_INET, address, &ipv4->sin_addr) == 1) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(port);
		return sizeof(*ipv4);
	}
	cr_assert_eq(inet_pton(AF_INET6, address, &ipv6->sin6_addr), 1);
	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons(port);
	return sizeof(*ipv6);
}

static int open_socket(enum host host, const char *address, uint16_t port)
{
	struct sockaddr_storage name;
	socklen_t size = fill(&name, address, port);
	int fd;

	enter(host);
	fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(fd, (struct sockaddr *)&name, size), 0, "cannot bind to %s", address);
	enter(MAIL);
	return fd;
}

struct talk {
	bool ipv6;
	bool forwarded;
	bool checked;  /* each hop finishes and checks all checksums */
	bool finished; /* the tenant finishes its checksums before the programs see them */
	int client;
	int server;
};

static void expect_seen_from(const struct talk *talk)
{
	struct sockaddr_storage peer, expected;
	socklen_t size = sizeof(peer);

	fill(&expected, talk->ipv6 ? NORMAL6 : NORMAL4, 0);
	cr_assert_eq(getpeername(talk->server, (struct sockaddr *)&peer, &size), 0);
	if (talk->ipv6)
		cr_assert_arr_eq(&((struct sockaddr_in6 *)&peer)->sin6_addr,
				 &((struct sockaddr_in6 *)&expected)->sin6_addr, 16);
	else
		cr_assert_eq(((struct sockaddr_in *)&peer)->sin_addr.s_addr,
			     ((struct sockaddr_in *)&expected)->sin_addr.s_addr);
}

static void set_offloads(const struct talk *talk)
{
	if (talk->checked) {
		set_offload(MAIL, "wire", ETHTOOL_STXCSUM, false);
		set_offload(MAIL, "tenant", ETHTOOL_STXCSUM, false);
		set_offload(INTERNET, "eth0", ETHTOOL_SRXCSUM, false);
		set_offload(TENANT_HOST, "eth0", ETHTOOL_SRXCSUM, false);
	}
	if (talk->finished) {
		set_offload(TENANT_HOST, "eth0", ETHTOOL_STXCSUM, false);
		set_offload(MAIL, "tenant", ETHTOOL_SGRO, false);
	}
}

static const char *client_address(const struct talk *talk)
{
	if (talk->forwarded)
		return talk->ipv6 ? TENANT6 : TENANT4;
	return talk->ipv6 ? MAIL6 : MAIL4;
}

static void talk_open(struct talk *talk)
{
	const char *remote = talk->ipv6 ? REMOTE6 : REMOTE4;
	int listener = open_socket(INTERNET, remote, 25);
	struct sockaddr_storage name;
	socklen_t size = fill(&name, remote, 25);

	set_offloads(talk);
	talk->client = open_socket(talk->forwarded ? TENANT_HOST : MAIL, client_address(talk),
				   CLIENT_PORT);
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(connect(talk->client, (struct sockaddr *)&name, size), 0, "no connection: %s",
		     strerror(errno));
	talk->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	cr_assert_geq(talk->server, 0);
	close(listener);
	expect_seen_from(talk);
}

static void talk_close(const struct talk *talk)
{
	close(talk->client);
	close(talk->server);
}

static void expect_reset(const struct talk *talk)
{
	struct pollfd client = {.fd = talk->client, .events = POLLRDHUP};
	char byte;

	cr_assert_eq(poll(&client, 1, TIMEOUT_MS), 1, "the local end was not reset");
	cr_assert_eq(recv(talk->client, &byte, 1, MSG_DONTWAIT), -1);
	cr_assert_eq(errno, ECONNRESET, "%s", strerror(errno));
}

#define TALKS(...)                                                                                 \
	static struct talk all[] = {__VA_ARGS__};                                                  \
	return cr_make_param_array(struct talk, all, sizeof(all) / sizeof(*all))

static struct criterion_test_params talks(void)
{
	TALKS({.ipv6 = false}, {.ipv6 = true}, {.ipv6 = false, .checked = true},
	      {.ipv6 = true, .checked = true}, {.ipv6 = false, .forwarded = true},
	      {.ipv6 = true, .forwarded = true},
	      {.ipv6 = false, .forwarded = true, .checked = true},
	      {.ipv6 = true, .forwarded = true, .checked = true},
	      {.ipv6 = false, .forwarded = true, .checked = true, .finished = true},
	      {.ipv6 = true, .forwarded = true, .checked = true, .finished = true});
}

/* Checking disables GSO. */
static struct criterion_test_params bulk_talks(void)
{
	TALKS({.ipv6 = false}, {.ipv6 = true}, {.ipv6 = false, .forwarded = true},
	      {.ipv6 = true, .forwarded = true});
}

ParameterizedTestParameters(packet_wire, a_cut_reaches_the_local_end_with_its_next_packet)
{
	return talks();
}

ParameterizedTest(struct talk *talk, packet_wire, a_cut_reaches_the_local_end_with_its_next_packet)
{
	char byte;

	talk_open(talk);
	rig_cut(TENANT);
	cr_assert_eq(send(talk->client, "x", 1, MSG_NOSIGNAL), 1);
	expect_reset(talk);
	cr_assert_eq(recv(talk->server, &byte, 1, 0), -1, "it arrived all the same");
	cr_assert_eq(errno, EAGAIN);
	rig_expect_counters(.flows_opened = 1, .dropped_cut = 1, .resets_sent = 1);
	talk_close(talk);
}

/* Fills the buffers of both ends: the queued data then leaves in packets of maximal size. */
static void fill_up(const struct talk *talk, char *buffer, size_t size)
{
	struct pollfd client = {.fd = talk->client, .events = POLLOUT};

	while (poll(&client, 1, 100) == 1)
		cr_assert_gt(send(talk->client, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL), 0);
}

ParameterizedTestParameters(packet_wire, a_cut_in_the_middle_of_bulk_data)
{
	return bulk_talks();
}

ParameterizedTest(struct talk *talk, packet_wire, a_cut_in_the_middle_of_bulk_data)
{
	static char buffer[1 << 16];

	talk_open(talk);
	fill_up(talk, buffer, sizeof(buffer));
	rig_cut(TENANT);
	while (recv(talk->server, buffer, sizeof(buffer), 0) > 0)
		;
	expect_reset(talk);
	talk_close(talk);
}

ParameterizedTestParameters(packet_wire, a_connection_that_lost_its_flow_is_reset)
{
	return bulk_talks();
}

ParameterizedTest(struct talk *talk, packet_wire, a_connection_that_lost_its_flow_is_reset)
{
	talk_open(talk);
	rig_forget_flows();
	cr_assert_eq(send(talk->client, "x", 1, MSG_NOSIGNAL), 1);
	expect_reset(talk);
	rig_expect_counters(.flows_opened = 1, .dropped_no_flow = 1, .resets_sent = 1);
	talk_close(talk);
}

/* As on a VLAN and its parent: the second hook must not apply the unknown sender's verdict. */
Test(packet_wire, two_hooks_translate_once)
{
	struct talk talk = {.forwarded = true};

	attach(BPF_TC_EGRESS, EGRESS);
	rig_set_verdict(SENDER_UNKNOWN, VERDICT_STEER, POOL_HIGH_RISK);
	talk_open(&talk);
	rig_expect_flows(1);
	rig_expect_counters(.flows_opened = 1);
	talk_close(&talk);
}

ParameterizedTestParameters(packet_wire, a_changed_port_gets_through)
{
	return talks();
}

ParameterizedTest(struct talk *talk, packet_wire, a_changed_port_gets_through)
{
	struct packet_spec taken = rig_outside(talk->ipv6, SYN);
	struct pollfd server;
	char byte;

	taken.source_port = CLIENT_PORT;
	rig_take_port(&taken);
	talk_open(talk);
	cr_assert_eq(send(talk->client, "x", 1, MSG_NOSIGNAL), 1);
	server = (struct pollfd){.fd = talk->server, .events = POLLIN};
	cr_assert_eq(poll(&server, 1, TIMEOUT_MS), 1, "nothing arrived");
	cr_assert_eq(recv(talk->server, &byte, 1, 0), 1);
	rig_expect_counters(.flows_opened = 1, .ports_changed = 1);
	talk_close(talk);
}
