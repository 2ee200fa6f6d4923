/* SPDX-License-Identifier: BSD-2-Clause */
/* Services that start again: the first packet of a new cgroup is its sender's. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_cgroups, .init = world_init, .fini = world_done, .timeout = 60);

/* Unknown senders leave by high-risk, so "normal" means that the cgroup's sender is known. */
static const struct setup strict = {.fallback = "high-risk"};
static const struct origin shop = {.host = MAIL, .in_cgroup = true};
static const struct origin nobody = {.host = MAIL};

#define RESTARTS 5

/* Its processes have ended; the kernel removes them from it a moment later. */
static void remove_cgroup(const char *path)
{
	cr_assert(wait_for(!rmdir(path), 5000), "%s", path);
}

static void make_cgroup(const char *path)
{
	cr_assert_eq(mkdir(path, 0755), 0, "%s", path);
}

/* Entries of postern_senders that are ids of cgroups. */
static int ids(void)
{
	_cleanup_(free_p) char *count = host_must(
		MAIL,
		"bpftool -j map dump pinned %s/postern_senders | grep -o SELECTOR_CGROUP | wc -l",
		world.pin_path);

	return atoi(count);
}

/* A field of the path's entry in postern_cgroups, as bpftool prints it. */
static long long entry(const char *field)
{
	_cleanup_(free_p) char *value =
		host_must(MAIL,
			  "bpftool -j map dump pinned %s/postern_cgroups | jq '.[] | "
			  "select(.formatted.key.path == \"%s\") | .formatted.value.%s'",
			  world.pin_path, world.cgroup_path, field);

	return *value ? atoll(value) : -1;
}

static void restarts_keep_the_sender(void)
{
	int receiver = receiver_open(25);
	struct stat status;

	expect_pool(receiver, &nobody, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &shop, RECEIVER_IPV4, "normal");
	for (int i = 0; i < RESTARTS; i++) {
		remove_cgroup(world.cgroup);
		cr_expect_eq(entry("id"), 0);
		cr_expect_eq(ids(), 0, "the id of a cgroup that is gone");
		make_cgroup(world.cgroup);
		expect_pool(receiver, &shop, i % 2 ? RECEIVER_IPV4 : RECEIVER_IPV6, "normal");
		cr_assert_eq(stat(world.cgroup, &status), 0);
		cr_expect_eq(entry("id"), (long long)status.st_ino);
		cr_expect_eq(entry("made"), i + 1);
		cr_expect_eq(ids(), 1);
	}
}

Test(netns_cgroups, a_restarted_service_keeps_its_sender_without_the_agent)
{
	postern_configure(&strict);
	free(postern_must("up"));
	restarts_keep_the_sender();
}

Test(netns_cgroups, a_restarted_service_keeps_its_sender_beside_the_agent)
{
	postern_begin(&strict);
	restarts_keep_the_sender();
}

Test(netns_cgroups, a_cgroup_that_never_existed_is_known_at_once)
{
	int receiver = receiver_open(25);

	remove_cgroup(world.cgroup);
	postern_configure(&strict);
	free(postern_must("up"));
	cr_expect_eq(ids(), 0);
	make_cgroup(world.cgroup);
	expect_pool(receiver, &shop, RECEIVER_IPV4, "normal");
}

/* Processes of origins enter the cgroup of this name after the configured one's path. */
static char *configured;

static void enter(const char *suffix)
{
	if (!configured)
		configured = strdup(world.cgroup);
	snprintf(world.cgroup, sizeof(world.cgroup), "%.100s%s", configured, suffix);
}

/* The configured cgroup is a slice, and the service below it starts again. */
Test(netns_cgroups, a_cgroup_below_a_slice_counts_as_the_slice)
{
	int receiver = receiver_open(25);

	postern_configure(&strict);
	free(postern_must("up"));
	for (int i = 0; i < 2; i++) {
		enter("/child");
		make_cgroup(world.cgroup);
		expect_pool(receiver, &shop, RECEIVER_IPV4, "normal");
		remove_cgroup(world.cgroup);
		enter("");
		remove_cgroup(world.cgroup);
		make_cgroup(world.cgroup);
	}
}

Test(netns_cgroups, another_path_with_the_same_beginning_is_nobody)
{
	int receiver = receiver_open(25);

	postern_configure(&strict);
	free(postern_must("up"));
	enter("-other");
	make_cgroup(world.cgroup);
	expect_pool(receiver, &shop, RECEIVER_IPV4, "high-risk");
	remove_cgroup(world.cgroup);
	enter("");
}

static const char without_shop[] =
	"sed -i '/^sender \"shop\"/d' %s/postern.conf && grep -q webmail %s/postern.conf";

static void is_forgotten(void)
{
	int receiver = receiver_open(25);

	cr_assert(wait_for(entry("id") == -1 && ids() == 0, 5000));
	expect_pool(receiver, &shop, RECEIVER_IPV4, "high-risk");
	remove_cgroup(world.cgroup);
	make_cgroup(world.cgroup);
	cr_expect_eq(ids(), 0);
	expect_pool(receiver, &shop, RECEIVER_IPV4, "high-risk");
}

Test(netns_cgroups, a_cgroup_that_left_the_configuration_is_nobody_after_up)
{
	postern_configure(&strict);
	free(postern_must("up"));
	cr_expect_eq(ids(), 1);
	free(host_must(MAIL, without_shop, world.directory, world.directory));
	free(postern_must("up"));
	is_forgotten();
}

Test(netns_cgroups, a_cgroup_that_left_the_configuration_is_nobody_after_a_reload)
{
	pid_t agent = postern_begin(&strict);

	free(host_must(MAIL, without_shop, world.directory, world.directory));
	kill(agent, SIGHUP);
	is_forgotten();
}

Test(netns_cgroups, up_with_larger_maps_goes_on_to_follow)
{
	int receiver = receiver_open(25);

	postern_configure(&strict);
	free(postern_must("up"));
	free(host_must(MAIL, "echo 'senders_max = 5000' >>%s/postern.conf", world.directory));
	free(postern_must("up"));
	remove_cgroup(world.cgroup);
	make_cgroup(world.cgroup);
	cr_expect_eq(ids(), 1);
	expect_pool(receiver, &shop, RECEIVER_IPV4, "normal");
}

/* As in a container: paths begin at the namespace's root. */
Test(netns_cgroups, paths_in_a_cgroup_namespace_begin_at_its_root)
{
	_cleanup_(free_p) char *out = NULL;

	postern_configure(&strict);
	free(host_must(MAIL,
		       "sed -i 's|cgroup = .*|cgroup = { \"/inner/service\" } }|' %s/postern.conf",
		       world.directory));
	out = host_must(
		MAIL,
		"set -e; echo 0 >$cgroup/cgroup.procs\n"
		"unshare -C -m sh -c '\n"
		"	mkdir -p %s/cg; mount -t cgroup2 none %s/cg\n"
		"	sed 1,/dev/null/d /proc/self/mountinfo >/dev/null\n"
		"	umount -l $(dirname $cgroup); cd %s/cg\n"
		"	$POSTERN -c %s/postern.conf up >&2; mkdir inner inner/service\n"
		"	stat -c %%i inner/service; rmdir inner/service inner'\n"
		"bpftool -j map dump pinned %s/postern_cgroups | jq '.[].formatted.value.made'\n",
		world.directory, world.directory, world.directory, world.directory, world.pin_path);
	cr_expect_not_null(strstr(out, "\n1\n"), "%s", out);
}

static char *missing(void)
{
	return postern_must("-j status 2>/dev/null | jq -c .datapath.cgroups_missing");
}

Test(netns_cgroups, status_names_the_cgroups_that_do_not_exist)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;
	_cleanup_result_ struct result result = {0};

	postern_configure(&strict);
	free(postern_must("up"));
	before = missing();
	cr_expect_str_eq(before, "[]\n");
	remove_cgroup(world.cgroup);
	after = missing();
	cr_expect_not_null(strstr(after, world.cgroup_path), "%s", after);
	result = postern_run("status");
	cr_expect_eq(result.status, 3, "%s", result.text); /* no agent runs */
	cr_expect_not_null(strstr(result.text, "does not exist now"), "%s", result.text);
}

Test(netns_cgroups, down_removes_what_follows)
{
	postern_configure(&strict);
	free(postern_must("up"));
	cr_assert(host_succeeds(MAIL, "[ -e %s/cgroup_mkdir ] && [ -e %s/cgroup_rmdir ]",
				world.pin_path, world.pin_path));
	free(postern_must("down"));
	cr_assert(!host_succeeds(MAIL, "[ -e %s ]", world.pin_path));
}
