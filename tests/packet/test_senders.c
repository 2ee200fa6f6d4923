/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the sender: each selector, and their precedence. The test process is the sender: packets
 * of BPF_PROG_TEST_RUN have a socket of uid 0 in the caller's cgroup.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <stdio.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packet/rig.h"

TestSuite(packet_senders, .init = rig_init, .fini = rig_done, .timeout = 10);

#define MARK 7

static void expect_sender(const struct packet_spec *packet, uint32_t mark, uint32_t sender)
{
	cr_assert_eq(rig_run(EGRESS, packet, mark, NULL), -1);
	cr_assert_eq(rig_flow(packet).sender, sender, "sender %u instead of %u",
		     rig_flow(packet).sender, sender);
}

/* A new cgroup with a child, on a mount that only this process sees. */
static struct {
	char mount[64];
	char parent[96];
	char child[128];
} cgroup;

static void enter(const char *directory)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = fopen(path, "w");
	cr_assert(file && fprintf(file, "%d", getpid()) > 0 && !fclose(file), "cannot write %s",
		  path);
}

static void make_cgroups(void)
{
	snprintf(cgroup.mount, sizeof(cgroup.mount), "/tmp/postern-packet-%d", getpid());
	snprintf(cgroup.parent, sizeof(cgroup.parent), "%s/postern-packet-%d", cgroup.mount,
		 getpid());
	snprintf(cgroup.child, sizeof(cgroup.child), "%s/child", cgroup.parent);
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mkdir(cgroup.mount, 0700), 0);
	cr_assert_eq(mount("none", cgroup.mount, "cgroup2", 0, NULL), 0, "cannot mount cgroup2");
	cr_assert_eq(mkdir(cgroup.parent, 0700), 0);
	cr_assert_eq(mkdir(cgroup.child, 0700), 0);
}

static void remove_cgroups(void)
{
	if (*cgroup.mount) {
		enter(cgroup.mount);
		rmdir(cgroup.child);
		rmdir(cgroup.parent);
		umount(cgroup.mount);
		rmdir(cgroup.mount);
	}
	rig_done();
}

static uint64_t id_of(const char *directory)
{
	struct stat status;

	cr_assert_eq(stat(directory, &status), 0);
	return status.st_ino;
}

Test(packet_senders, a_cgroup_includes_its_children_and_the_deepest_wins, .fini = remove_cgroups)
{
	struct packet_spec packet = rig_stranger(false, SYN);

	make_cgroups();
	rig_add_sender(OTHER);
	rig_add_sender(ANOTHER);
	enter(cgroup.child);
	expect_sender(&packet, 0, SENDER_UNKNOWN);
	rig_select_number(SELECTOR_CGROUP, id_of(cgroup.mount), OTHER);
	packet.source_port++;
	expect_sender(&packet, 0, OTHER);
	rig_select_number(SELECTOR_CGROUP, id_of(cgroup.parent), ANOTHER);
	packet.source_port++;
	expect_sender(&packet, 0, ANOTHER);
	rig_select_number(SELECTOR_CGROUP, id_of(cgroup.child), TENANT);
	packet.source_port++;
	expect_sender(&packet, 0, TENANT);
}

/* In order of precedence: each test has the selectors of its kind and of all later kinds. */
static void select_from(int first, const char *source)
{
	switch (first) {
	case 0:
		rig_select_number(SELECTOR_MARK, MARK, 100);
		__attribute__((fallthrough));
	case 1:
		rig_select_address(source, 101);
		__attribute__((fallthrough));
	case 2:
		enter(cgroup.child);
		rig_select_number(SELECTOR_CGROUP, id_of(cgroup.child), 102);
		__attribute__((fallthrough));
	case 3:
		rig_select_number(SELECTOR_UID, 0, 103);
		__attribute__((fallthrough));
	case 4:
		rig_select_net(source, 128, 104);
		__attribute__((fallthrough));
	default:
		rig_select_net(source, 120, 105);
	}
}

ParameterizedTestParameters(packet_senders, the_first_kind_wins)
{
	static int firsts[] = {0, 1, 2, 3, 4, 5};

	return cr_make_param_array(int, firsts, 6);
}

ParameterizedTest(int *first, packet_senders, the_first_kind_wins, .fini = remove_cgroups)
{
	struct packet_spec ipv4 = rig_stranger(false, SYN), ipv6 = rig_stranger(true, SYN);

	make_cgroups();
	for (uint32_t sender = 100; sender <= 105; sender++)
		rig_add_sender(sender);
	select_from(*first, ipv4.source);
	select_from(*first, ipv6.source);
	expect_sender(&ipv4, MARK, 100 + *first);
	expect_sender(&ipv6, MARK, 100 + *first);
}

Test(packet_senders, another_mark_is_not_theirs)
{
	struct packet_spec packet = rig_stranger(false, SYN);

	rig_add_sender(OTHER);
	rig_select_number(SELECTOR_MARK, MARK, OTHER);
	expect_sender(&packet, MARK + 1, SENDER_UNKNOWN);
	packet.source_port++;
	expect_sender(&packet, 0, SENDER_UNKNOWN);
}

Test(packet_senders, kinds_without_a_sender_are_not_looked_up)
{
	struct packet_spec packet = rig_stranger(false, SYN);
	struct control control = rig_control();

	rig_add_sender(OTHER);
	rig_select_number(SELECTOR_MARK, MARK, OTHER);
	rig_select_address(packet.source, OTHER);
	rig_select_number(SELECTOR_UID, 0, OTHER);
	control.selector_kinds = 0;
	rig_set_control(&control);
	expect_sender(&packet, MARK, SENDER_UNKNOWN);
	control.selector_kinds = 1 << SELECTOR_UID;
	rig_set_control(&control);
	packet.source_port++;
	expect_sender(&packet, MARK, OTHER);
}

Test(packet_senders, the_longest_prefix_wins)
{
	struct packet_spec packet = rig_inside(false, SYN), other = rig_inside(false, SYN);

	rig_add_sender(OTHER);
	rig_add_sender(ANOTHER);
	rig_select_net("10.0.0.0", 96 + 8, OTHER);
	rig_select_net("10.1.7.4", 96 + 30, ANOTHER);
	expect_sender(&packet, 0, ANOTHER);
	other.source = "10.1.7.9";
	expect_sender(&other, 0, TENANT);
	other.source = "10.2.0.1";
	expect_sender(&other, 0, OTHER);
	other.source = "11.0.0.1";
	expect_sender(&other, 0, SENDER_UNKNOWN);
}

Test(packet_senders, a_sender_keeps_its_address_towards_a_destination)
{
	struct packet_spec packet = rig_inside(false, SYN);
	uint32_t slots[2] = {0};

	/* Slots alternate between two addresses: ports do not matter, destinations do. */
	for (uint32_t i = 0; i < POSTERN_SLOTS; i++)
		rig_put_slot(POOL_NORMAL, SLOT_IPV4, i, i % 2 ? NORMAL4_ID : RISK4_ID);
	for (int i = 0; i < 16; i++, packet.source_port++)
		expect_sender(&packet, 0, TENANT);
	cr_assert(rig_address_usage(NORMAL4_ID).flows == 16 ||
		  rig_address_usage(RISK4_ID).flows == 16);
	for (int i = 0; i < 32; i++) {
		char destination[32];

		snprintf(destination, sizeof(destination), "203.0.113.%d", 100 + i);
		packet.destination = destination;
		expect_sender(&packet, 0, TENANT);
		slots[rig_flow(&packet).address_id == NORMAL4_ID]++;
	}
	cr_assert(slots[0] >= 8 && slots[1] >= 8, "%u and %u", slots[0], slots[1]);
}
