/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of disturbances. */
#include "soak/disturbances.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "netns/foreign.h"
#include "netns/postern.h"
#include "postern/abi.h"
#include "soak/count.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static const struct origin local = {.host = MAIL};
static const struct origin tenant = {.host = TENANT};
static const struct origin normal = {.host = MAIL, .bind = HANDLE_NORMAL};
static const struct origin risky = {.host = MAIL, .bind = HANDLE_HIGH_RISK};
static const struct origin risky6 = {.host = MAIL, .bind = HANDLE_HIGH_RISK6};
static const struct origin shop = {.host = MAIL, .in_cgroup = true};
static const struct origin webmail = {.host = MAIL, .uid = SENDER_UID, .bind = HANDLE_NORMAL};

/* All lanes and no lane, both families. */
static void all_leave(const struct scene *scene)
{
	must_leave(scene, &local, RECEIVER_IPV4, "normal");
	must_leave(scene, &local, RECEIVER_IPV6, "normal");
	must_leave(scene, &normal, RECEIVER_IPV4, "normal");
	must_leave(scene, &risky, RECEIVER_IPV4, "high-risk");
	must_leave(scene, &risky6, RECEIVER_IPV6, "high-risk");
	must_leave(scene, &tenant, RECEIVER_IPV4, "normal");
}

/* ---- programs and rules of others */

/*
 * A program in front lets packets pass until the guard's next look, a second later at most: no
 * connection meanwhile.
 */
static void program_in_front(const struct scene *scene)
{
	struct foreign foreign;

	if (!kernel_has_tcx())
		return;
	kill(scene->stream, SIGSTOP);
	host_enter(MAIL);
	foreign = foreign_attach("wan", FOREIGN_TCX_EGRESS_FIRST_OK, 0);
	must_succeed(
		wait_for(!foreign_is_first(&foreign, "wan", FOREIGN_TCX_EGRESS_FIRST_OK), 5000),
		"programs that stayed in front");
	host_leave();
	kill(scene->stream, SIGCONT);
	all_leave(scene);
	foreign_detach(&foreign);
}

static void program_behind(const struct scene *scene)
{
	struct foreign foreign;

	if (!kernel_has_tcx())
		return;
	host_enter(MAIL);
	foreign = foreign_attach("wan", FOREIGN_TCX_EGRESS_OK, 0);
	host_leave();
	all_leave(scene);
	foreign_detach(&foreign);
}

static void masquerade(const struct scene *scene)
{
	free(host_must(MAIL,
		       "nft 'table inet soak { chain out { type nat hook postrouting priority "
		       "srcnat; oifname wan ip saddr != 10.1.0.0/16 masquerade; oifname wan ip6 "
		       "saddr != fd00:7::/64 masquerade; }; }'"));
	all_leave(scene);
	free(host_must(MAIL, "nft delete table inet soak"));
}

/* ---- routes, neighbours, interfaces */

static void strict_router(const struct scene *scene)
{
	free(host_must(INTERNET, "sysctl -qw net.ipv4.conf.wan.arp_ignore=2"));
	free(host_must(MAIL, "ip neigh flush dev wan"));
	must_leave_at_once(scene, &risky, RECEIVER_IPV4, "high-risk");
	all_leave(scene);
	free(host_must(INTERNET, "sysctl -qw net.ipv4.conf.wan.arp_ignore=0"));
}

static void strict_host(const struct scene *scene)
{
	free(host_must(MAIL, "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$f; done"));
	all_leave(scene);
	free(host_must(MAIL, "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done"));
}

static const struct detour {
	const char *there, *back;
} detours[] = {
	{"ip route add 0/1 via 10.1.7.2 && ip route add 128/1 via 10.1.7.2",
	 "ip route del 0/1; ip route del 128/1"},
	{"ip -6 route add 2000::/3 via fd00:7::2", "ip -6 route del 2000::/3"},
	{"ip route add default via 10.1.7.2 table 51820 && ip rule add not fwmark 51820 table "
	 "51820",
	 "ip rule del table 51820; ip route flush table 51820"},
	{"ip route replace default via 10.1.7.2", "ip route replace default via 192.0.2.1"},
};

/* `interfaces` names wan alone: mail by another one is held there. */
static void detour(const struct scene *scene)
{
	unsigned i = count_random(sizeof(detours) / sizeof(detours[0]));

	kill(scene->stream, SIGSTOP);
	free(host_must(MAIL, "%s", detours[i].there));
	must_succeed(wait_for(postern_host_has("lan", "REFUSED", 0), 5000),
		     "detours that nobody noticed");
	kill(scene->stream, SIGCONT);
	must_be_refused(scene, &local, i == 1 ? RECEIVER_IPV6 : RECEIVER_IPV4, false);
	free(host_must(MAIL, "%s", detours[i].back));
	all_leave(scene);
}

#define OWN_ADDRESSES                                                                              \
	"ip address add " MAIL_IPV6 "/64 dev wan nodad 2>/dev/null;"                               \
	"ip route replace default via 192.0.2.1;"                                                  \
	"ip -6 route replace default via 2001:db8:1::1"

static void uplink_moves(const struct scene *scene)
{
	free(host_must(MAIL, "ip link set wan netns $name-tenant && sleep 0.1 &&"
			     "ip -n $name-tenant link set wan netns $name-mail &&"
			     "ip address add " MAIL_IPV4
			     "/24 dev wan && ip link set wan up &&" OWN_ADDRESSES));
	all_leave(scene);
}

static void uplink_down_and_up(const struct scene *scene)
{
	free(host_must(MAIL, "ip link set wan down && ip link set wan up;" OWN_ADDRESSES));
	all_leave(scene);
}

/* ---- addresses */

static void addresses_removed(const struct scene *scene)
{
	free(host_must(MAIL, "ip address del 192.0.2.10/32 dev wan;"
			     "ip address del 192.0.2.11/32 dev wan;"
			     "ip address del 2001:db8:1::20/128 dev wan;"
			     "ip address del " HANDLE_HIGH_RISK "/32 dev lo;"
			     "ip address del " HANDLE_HIGH_RISK6 "/128 dev lo"));
	all_leave(scene);
}

/* Another host has had the addresses until now. */
static void addresses_moved_here(const struct scene *scene)
{
	free(host_must(INTERNET, "for i in 20 21; do ip neigh replace 192.0.2.$i lladdr "
				 "02:00:00:00:00:01 dev wan nud reachable; done"));
	free(host_must(MAIL, "for i in 20 21; do ip address del 192.0.2.$i/32 dev wan; done"));
	all_leave(scene);
}

static void own_traffic(const struct scene *scene)
{
	free(host_must(MAIL, "ip address del " MAIL_IPV4 "/24 dev wan;"
			     "ip address add " MAIL_IPV4 "/24 dev wan;" OWN_ADDRESSES));
	must_succeed(
		host_succeeds(MAIL, "ip route get 198.51.100.1 | grep -qw 'src " MAIL_IPV4 "'"),
		"sources of the host that are a pool's");
	all_leave(scene);
}

/* ---- senders */

static void pool_disabled(const struct scene *scene)
{
	free(postern_must("pool disable high-risk"));
	must_be_refused(scene, &risky, RECEIVER_IPV4, true);
	must_be_refused(scene, &risky6, RECEIVER_IPV6, true);
	must_leave(scene, &normal, RECEIVER_IPV4, "normal");
	free(postern_must("pool enable high-risk"));
	all_leave(scene);
}

static void sender_at_a_handle(const struct scene *scene)
{
	free(postern_must("sender set webmail high-risk"));
	must_leave(scene, &webmail, RECEIVER_IPV4, "high-risk");
	free(postern_must("sender block webmail"));
	must_be_refused(scene, &webmail, RECEIVER_IPV4, true);
	free(postern_must("sender clear webmail"));
	must_leave(scene, &webmail, RECEIVER_IPV4, "normal");
}

/* Its user is not this host's. */
static void foreign_user(const struct scene *scene)
{
	const struct origin user = {.host = TENANT, .uid = SENDER_UID};

	free(postern_must("sender block webmail"));
	must_leave(scene, &user, RECEIVER_IPV4, "normal");
	free(postern_must("sender clear webmail"));
}

static void service_restarts(const struct scene *scene)
{
	free(postern_must("sender set shop high-risk"));
	must_succeed(wait_for(!rmdir(world.cgroup), 5000), "services that did not stop");
	cr_assert_eq(mkdir(world.cgroup, 0755), 0, "%s: %s", world.cgroup, strerror(errno));
	must_leave_at_once(scene, &shop, RECEIVER_IPV4, "high-risk");
	free(postern_must("sender clear shop"));
}

/* A closed connection of the normal pool is no way out for later. */
static void port_in_reserve(const struct scene *scene)
{
	const struct origin port = {.host = TENANT, .port = (uint16_t)(20000 + count_random(9999))};

	must_leave(scene, &port, RECEIVER_IPV4, "normal");
	free(postern_must("sender set tenant-7 high-risk"));
	must_leave(scene, &port, RECEIVER_IPV4, "high-risk");
	free(postern_must("sender block tenant-7"));
	must_be_refused(scene, &port, RECEIVER_IPV4, false);
	free(postern_must("sender clear tenant-7"));
}

/* ---- connections */

static void forget(const char *map, const char *own, uint16_t port)
{
	struct flow_key key = {.source_port = port, .destination_port = 25};
	struct address source, destination;
	char file[96];
	int fd;

	cr_assert_eq(address_parse(own, &source), 0);
	cr_assert_eq(address_parse(RECEIVER_IPV4, &destination), 0);
	memcpy(key.source, source.bytes, sizeof(key.source));
	memcpy(key.destination, destination.bytes, sizeof(key.destination));
	snprintf(file, sizeof(file), "%s/postern_%s", world.pin_path, map);
	fd = bpf_obj_get(file);
	cr_assert_geq(fd, 0, "%s: %s", file, strerror(errno));
	cr_expect_eq(bpf_map_delete_elem(fd, &key), 0, "%s has no such entry", file);
	close(fd);
}

/* Its flow ends before it does. Keys of both maps have one layout. */
static void flow_lost(const struct scene *scene)
{
	struct talk talk = TALK_NONE;
	struct sockaddr_in own;
	socklen_t size = sizeof(own);

	if (!scene_open(scene, &risky, RECEIVER_IPV4, CONNECT_MS, &talk)) {
		cr_assert_eq(getsockname(talk.client, (struct sockaddr *)&own, &size), 0);
		forget("returns", talk.from, talk.from_port);
		forget("flows", HANDLE_HIGH_RISK, ntohs(own.sin_port));
		must_succeed(talk_is_reset(&talk), "connections without a flow that went on");
	}
	talk_close(&talk);
}

static void multipath(const struct scene *scene)
{
	struct sockaddr_in own = {.sin_family = AF_INET,
				  .sin_addr.s_addr = inet_addr(HANDLE_HIGH_RISK)};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(25),
				 .sin_addr.s_addr = inet_addr(RECEIVER_IPV4)};
	int fd;

	host_enter(MAIL);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	host_leave();
	if (fd < 0)
		return;
	kill(scene->stream, SIGSTOP);
	must_succeed(!bind(fd, (struct sockaddr *)&own, sizeof(own)) &&
			     !connect(fd, (struct sockaddr *)&to, sizeof(to)),
		     "connections that failed");
	close(fd);
	kill(scene->stream, SIGCONT);
	all_leave(scene);
}

static void another_port(const struct scene *scene)
{
	static int other = -1;
	struct talk talk = TALK_NONE;

	if (other < 0)
		other = receiver_open(2525);
	must_succeed(talk_open(other, &risky, RECEIVER_IPV4, 2525, REFUSE_MS, &talk) != 0,
		     "handles that left");
	talk_close(&talk);
	all_leave(scene);
}

#define AT_ONCE 50

static void many_at_once(const struct scene *scene)
{
	struct talk talks[AT_ONCE];
	int failed = 0;

	for (int i = 0; i < AT_ONCE; i++) {
		talks[i] = TALK_NONE;
		failed += scene_open(scene, &risky, RECEIVER_IPV4, CONNECT_MS, &talks[i]) != 0;
	}
	for (int i = 0; i < AT_ONCE; i++)
		talk_close(&talks[i]);
	must_succeed(!failed, "connections that failed");
}

static void up_again(const struct scene *scene)
{
	free(postern_must("up"));
	all_leave(scene);
}

const struct disturbance disturbances[] = {
	{"a program in front", program_in_front},
	{"a program behind that passes all", program_behind},
	{"masquerading", masquerade},
	{"a router that ignores ARP", strict_router},
	{"reverse path filters", strict_host},
	{"routes that lead elsewhere", detour},
	{"uplinks that move away and back", uplink_moves},
	{"uplinks down and up", uplink_down_and_up},
	{"addresses removed", addresses_removed},
	{"addresses from another host", addresses_moved_here},
	{"the host's address renewed", own_traffic},
	{"pools disabled", pool_disabled},
	{"senders bound to a handle", sender_at_a_handle},
	{"users of another host", foreign_user},
	{"services restarted", service_restarts},
	{"ports kept in reserve", port_in_reserve},
	{"flows lost", flow_lost},
	{"MPTCP", multipath},
	{"handles to another port", another_port},
	{"many from one handle", many_at_once},
	{"up again", up_again},
};
const size_t n_disturbances = sizeof(disturbances) / sizeof(disturbances[0]);
