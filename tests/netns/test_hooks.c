/* SPDX-License-Identifier: BSD-2-Clause */
/* The hooks that `up` chooses, replies through XDP, and programs of others on the same hooks. */
#include <criterion/criterion.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/foreign.h"
#include "netns/hostile.h"
#include "netns/postern.h"

#define TCX_EGRESS 47

TestSuite(netns_hooks, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin tenant = {.host = TENANT};
static const struct setup by_xdp = {.ingress = "xdp"};

/* The hooks of the mail host's interfaces with their programs, and our pins. */
static char *hooks_picture(void)
{
	return host_must(
		MAIL,
		"bpftool -j net | jq -c '.[] | [.tc, .xdp] |"
		"	walk(if type == \"object\" then del(.prog_id, .id, .link_id) else . end)';"
		"tc qdisc show; ls $pin_path 2>&1; cat %s/run/journal 2>&1 || true",
		world.directory);
}

/* "[NAME,EGRESS,INGRESS]" of each interface, from `status`. */
static char *interfaces(void)
{
	return postern_must("-j status 2>/dev/null | jq -c '.datapath.interfaces[] | [.name, "
			    ".egress, .ingress]'");
}

static void expect_hooks(const char *interface, const char *egress, const char *ingress)
{
	_cleanup_(free_p) char *actual = interfaces();
	char expected[128];

	snprintf(expected, sizeof(expected), "[\"%s\",\"%s\",\"%s\"]\n", interface, egress,
		 ingress);
	cr_assert_str_eq(actual, expected);
}

/* The kind of hook that this kernel has. */
static const char *tc_kind(void)
{
	_cleanup_(free_p) char *actual = interfaces();

	return strstr(actual, ",\"tcx\",") ? "tcx" : "clsact";
}

/* XDP cannot see that a checksum is unfinished, so the other end finishes its checksums. */
static void finish_checksums(void)
{
	free(host_must(INTERNET, "ethtool -K wan tx off tso off gso off"));
}

/* ---- replies by XDP */

static void transfer(enum host host, const char *destination)
{
	struct origin origin = {.host = host};
	struct capture *capture;
	int receiver = receiver_open(25);

	finish_checksums();
	postern_begin(&by_xdp);
	expect_hooks("wan", tc_kind(), "xdp");
	capture = capture_start();
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &origin, destination, 25);

		cr_assert_str_eq(pool_of(talk.from), "normal", "seen from %s", talk.from);
		cr_assert(talk_transfer(&talk, 20 << 20, 20 << 20), "bytes lost or changed");
	}
	expect_pools_only(capture);
}

Test(netns_hooks, replies_by_xdp_to_local_connections_over_ipv4)
{
	transfer(MAIL, RECEIVER_IPV4);
}

Test(netns_hooks, replies_by_xdp_to_local_connections_over_ipv6)
{
	transfer(MAIL, RECEIVER_IPV6);
}

Test(netns_hooks, replies_by_xdp_to_forwarded_connections_over_ipv4)
{
	transfer(TENANT, RECEIVER_IPV4);
}

Test(netns_hooks, replies_by_xdp_to_forwarded_connections_over_ipv6)
{
	transfer(TENANT, RECEIVER_IPV6);
}

Test(netns_hooks, jumbo_frames_come_in_by_xdp)
{
	int receiver = receiver_open(25);

	free(host_must(MAIL, "ip link set wan mtu 9000"));
	free(host_must(INTERNET, "ip link set wan mtu 9000"));
	finish_checksums();
	postern_begin(&by_xdp);
	{
		struct origin origin = {.host = MAIL};
		_cleanup_talk_ struct talk talk = talk_must(receiver, &origin, RECEIVER_IPV4, 25);

		cr_assert(talk_transfer(&talk, 20 << 20, 20 << 20), "bytes lost or changed");
	}
}

/* ---- choice of the hook */

Test(netns_hooks, replies_over_veth_are_taken_in_tc_by_itself)
{
	postern_begin(NULL);
	expect_hooks("wan", tc_kind(), tc_kind());
}

Test(netns_hooks, from_tc_to_xdp_and_back_no_connection_is_lost_and_down_removes_it)
{
	_cleanup_(free_p) char *before = hooks_picture(), *in_tc = NULL, *by_tc = NULL,
			       *after = NULL;
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;

	finish_checksums();
	postern_begin(&(struct setup){.ingress = "tc"});
	in_tc = hooks_picture();
	talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);
	for (int i = 0; i < 2; i++) {
		postern_configure(&by_xdp);
		free(postern_must("up"));
		expect_hooks("wan", tc_kind(), "xdp");
		cr_assert(!host_succeeds(MAIL, "ls $pin_path | grep -q ingress"));
		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20));
	}
	postern_configure(&(struct setup){.ingress = "tc"});
	free(postern_must("up"));
	cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20));
	by_tc = hooks_picture();
	cr_assert_eq(strlen(in_tc), strlen(by_tc), "expected %s\nfound %s", in_tc, by_tc);
	postern_configure(&by_xdp);
	free(postern_must("up"));
	free(postern_must("down"));
	after = hooks_picture();
	cr_assert_str_eq(before, after);
}

/* Uses an interface of another driver instead of wan on the mail host. */
static void configure_on(const char *interface, const char *ingress)
{
	const char *conf = postern_configure(&(struct setup){.ingress = ingress});

	free(host_must(MAIL, "sed -i 's/^interfaces.*/interfaces = { \"%s\" }/' %s", interface,
		       conf));
	/* Without a default route elsewhere, of which `up` would warn. */
	free(host_must(MAIL, "ip route flush default; ip -6 route flush default"));
}

/* The kernel may have to load the module first. */
static void make_tunnel(const char *name, const char *mode)
{
	free(host_must(MAIL,
		       "[ -e /dev/net/tun ] || modprobe tun;"
		       "ip tuntap add dev %s mode %s; ip link set %s up",
		       name, mode, name));
}

static void expect_up_fails(const char *text)
{
	_cleanup_(free_p) char *before = hooks_picture(), *after = NULL;
	_cleanup_result_ struct result up = postern_run("up");

	cr_assert_eq(up.status, 1, "%s", up.text);
	cr_assert_not_null(strstr(up.text, text), "%s", up.text);
	cr_assert_eq(strchr(up.text, '\n'), up.text + strlen(up.text) - 1, "%s", up.text);
	after = hooks_picture();
	cr_assert_str_eq(before, after);
}

static void expect_up_is_silent(void)
{
	_cleanup_(free_p) char *text = postern_must("up");

	cr_assert_str_eq(text, "");
}

Test(netns_hooks, a_driver_with_native_xdp_takes_replies_by_it)
{
	make_tunnel("tap0", "tap");
	configure_on("tap0", "auto");
	expect_up_is_silent();
	expect_hooks("tap0", tc_kind(), "xdp");
	expect_up_is_silent();
	expect_hooks("tap0", tc_kind(), "xdp");
	configure_on("tap0", "tc");
	expect_up_is_silent();
	expect_hooks("tap0", tc_kind(), tc_kind());
}

Test(netns_hooks, a_driver_without_native_xdp_takes_replies_in_tc)
{
	configure_on("lo", "xdp");
	expect_up_fails("interface 'lo': cannot attach to ingress by xdp: its driver has no "
			"native XDP");
	configure_on("lo", "auto");
	expect_up_is_silent();
	expect_hooks("lo", tc_kind(), tc_kind());
	cr_assert(!host_succeeds(MAIL, "grep xdp %s/run/journal", world.directory));
}

Test(netns_hooks, an_interface_without_ethernet_headers_takes_replies_in_tc)
{
	make_tunnel("tun0", "tun");
	configure_on("tun0", "xdp");
	expect_up_fails("interface 'tun0': no XDP without Ethernet headers");
	configure_on("tun0", "auto");
	expect_up_is_silent();
	expect_hooks("tun0", tc_kind(), tc_kind());
}

Test(netns_hooks, an_xdp_hook_that_is_taken_stays_so_and_replies_are_taken_in_tc)
{
	make_tunnel("tap0", "tap");
	host_enter(MAIL);
	{
		_cleanup_foreign_ struct foreign foreign = foreign_attach("tap0", FOREIGN_XDP, 0);
		_cleanup_(free_p) char *note = NULL;

		configure_on("tap0", "xdp");
		expect_up_fails("interface 'tap0': cannot attach to ingress by xdp: another "
				"program is on its XDP hook");
		configure_on("tap0", "auto");
		note = postern_must("up");
		cr_assert_not_null(strstr(note, "replies are taken in tc"), "%s", note);
		cr_assert_not_null(strstr(note, "another program is on its XDP hook"), "%s", note);
		expect_hooks("tap0", tc_kind(), tc_kind());
		free(postern_must("down"));
		cr_assert(host_succeeds(MAIL, "ip link show tap0 | grep -q prog/xdp"));
	}
	host_leave();
}

/* ---- programs of others */

/*
 * Two foreign programs in each direction, ours between them: each sees the packets of a connection,
 * which works.
 */
static void expect_all_work(const struct foreign others[4])
{
	int receiver = receiver_open(25);
	uint64_t before[4];

	for (int i = 0; i < 4; i++)
		before[i] = foreign_seen(&others[i]);
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		cr_assert_str_eq(pool_of(talk.from), "normal", "seen from %s", talk.from);
		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20));
	}
	for (int i = 0; i < 4; i++)
		cr_assert_gt(foreign_seen(&others[i]), before[i] + 10, "program %d is left out", i);
}

Test(netns_hooks, programs_before_and_after_ours_in_tcx_go_on)
{
	struct foreign others[4];

	NOT_HOSTILE("the guard puts its hooks before those of others");
	NEEDS_TCX();
	host_enter(MAIL);
	others[0] = foreign_attach("wan", FOREIGN_TCX_EGRESS, 0);
	others[1] = foreign_attach("wan", FOREIGN_TCX_INGRESS, 0);
	postern_begin(NULL);
	others[2] = foreign_attach("wan", FOREIGN_TCX_EGRESS, 0);
	others[3] = foreign_attach("wan", FOREIGN_TCX_INGRESS, 0);
	host_leave();
	expect_all_work(others);
	for (int i = 0; i < 4; i++)
		foreign_detach(&others[i]);
}

Test(netns_hooks, filters_before_and_after_ours_on_clsact_go_on)
{
	struct foreign others[4];

	host_enter(MAIL);
	others[0] = foreign_attach("wan", FOREIGN_CLSACT_EGRESS, 1);
	others[1] = foreign_attach("wan", FOREIGN_CLSACT_INGRESS, 1);
	postern_begin(&(struct setup){.egress = "clsact"});
	others[2] = foreign_attach("wan", FOREIGN_CLSACT_EGRESS, 9999);
	others[3] = foreign_attach("wan", FOREIGN_CLSACT_INGRESS, 9999);
	host_leave();
	expect_all_work(others);
	for (int i = 0; i < 4; i++)
		foreign_detach(&others[i]);
}

/*
 * Loads a program that passes everything and attaches it to wan's egress; returns the link, or -1.
 */
static int attach_foreign(void)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", pass, 2, NULL);
	int link;

	cr_assert_geq(program, 0);
	link = bpf_link_create(program, if_nametoindex("wan"), TCX_EGRESS, NULL);
	cr_assert_geq(link, 0);
	close(program);
	return link;
}

/* Names of the TCX programs on wan's egress, in order, each followed by a space. */
static void name_programs(char text[128])
{
	__u32 ids[8], count = 8, flags;

	*text = '\0';
	cr_assert_eq(bpf_prog_query(if_nametoindex("wan"), TCX_EGRESS, 0, &flags, ids, &count), 0);
	for (__u32 i = 0; i < count; i++) {
		_cleanup_(close_fd_p) int program = bpf_prog_get_fd_by_id(ids[i]);
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		cr_assert_eq(bpf_obj_get_info_by_fd(program, &info, &size), 0);
		strcat(strcat(text, info.name), " ");
	}
}

Test(netns_hooks, a_foreign_program_on_tcx_comes_after_ours_and_stays)
{
	_cleanup_(close_fd_p) int link = -1;
	char programs[128];

	NEEDS_TCX();
	host_enter(MAIL);
	link = attach_foreign();
	postern_configure(NULL);
	for (int i = 0; i < 2; i++) {
		free(postern_must("up"));
		name_programs(programs);
		cr_assert_str_eq(programs, "postern_egress foreign ");
	}
	free(postern_must("down"));
	name_programs(programs);
	cr_assert_str_eq(programs, "foreign ");
	host_leave();
}
