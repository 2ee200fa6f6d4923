/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths of cgroups in the maps, beside programs that write their ids at any moment. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "steering/table.h"
#include "unit/steering_fixture.h"

#define ABSENT "/postern-no-such-cgroup"

static void open_with_cgroup(void)
{
	steering_fixture_open();
	steering_fixture.webmail_selectors[0] =
		(struct config_selector){.kind = CONFIG_SELECTOR_CGROUP, .path = ABSENT};
	steering_fixture_restart();
}

TestSuite(steering_cgroups, .init = open_with_cgroup, .fini = steering_fixture_close);

static const struct cgroup_path path = {ABSENT};

static struct datapath *maps(void)
{
	return &steering_fixture.fake->datapath;
}

static struct cgroup_entry entry_get(void)
{
	struct cgroup_entry entry = {0};

	cr_assert_eq(maps()->ops->get(maps(), MAP_CGROUPS, &path, &entry), 0);
	return entry;
}

/* As the program does when the cgroup is made. */
static void make(uint64_t id)
{
	struct selector selector = {.kind = SELECTOR_CGROUP, .number = id};
	struct cgroup_entry entry = entry_get();

	entry.id = id;
	entry.made++;
	cr_assert_eq(maps()->ops->put(maps(), MAP_CGROUPS, &path, &entry), 0);
	cr_assert_eq(maps()->ops->put(maps(), MAP_SENDERS, &selector, &entry.ref), 0);
}

static bool has_id(uint64_t id)
{
	const struct selector selector = {.kind = SELECTOR_CGROUP, .number = id};
	struct sender_ref ref;

	return !maps()->ops->get(maps(), MAP_SENDERS, &selector, &ref);
}

static void sync_all(void)
{
	const struct now now = {.ns = NOW_NS, .sec = NOW_SEC};

	cr_assert_eq(steering_sync(steering_fixture.steering, &now, &steering_fixture.error), 0);
	cr_assert_eq(steering_forget_handles(steering_fixture.steering, NULL, NULL,
					     &steering_fixture.error),
		     0);
}

static uint32_t kinds(void)
{
	const uint32_t zero = 0;
	struct control control;

	cr_assert_eq(maps()->ops->get(maps(), MAP_CONTROL, &zero, &control), 0);
	return control.selector_kinds;
}

Test(steering_cgroups, a_path_waits_in_the_map_for_its_cgroup)
{
	struct cgroup_entry entry = entry_get();

	cr_expect_str_eq(entry.ref.label, "webmail");
	cr_expect_eq(entry.id, 0);
	cr_expect(kinds() & 1u << SELECTOR_CGROUP);
}

Test(steering_cgroups, an_id_of_a_program_outlives_every_sync)
{
	make(4711);
	sync_all();
	cr_expect(has_id(4711));
	cr_expect_eq(entry_get().id, 4711);
	cr_expect_eq(entry_get().made, 1);
	steering_fixture.fake->writes = steering_fixture.fake->removals = 0;
	sync_all();
	cr_expect_eq(steering_fixture.fake->writes + steering_fixture.fake->removals, 0);
}

Test(steering_cgroups, an_id_that_no_path_has_is_removed)
{
	make(4711);
	make(4712);
	sync_all();
	cr_expect_not(has_id(4711));
	cr_expect(has_id(4712));
}

Test(steering_cgroups, a_path_that_left_the_configuration_goes_with_its_id)
{
	struct cgroup_entry entry;

	make(4711);
	steering_fixture.webmail_selectors[0] =
		(struct config_selector){.kind = CONFIG_SELECTOR_UID, .number = 33};
	steering_fixture_restart();
	sync_all();
	cr_expect_eq(maps()->ops->get(maps(), MAP_CGROUPS, &path, &entry), -ENOENT);
	cr_expect_not(has_id(4711));
	cr_expect_not(kinds() & 1u << SELECTOR_CGROUP);
}

Test(steering_cgroups, a_path_that_moves_to_another_sender_keeps_its_id)
{
	struct cgroup_entry before, after;

	make(4711);
	before = entry_get();
	steering_fixture.tenant_selectors[0] = steering_fixture.webmail_selectors[0];
	steering_fixture.webmail_selectors[0] =
		(struct config_selector){.kind = CONFIG_SELECTOR_UID, .number = 33};
	steering_fixture_restart();
	sync_all();
	after = entry_get();
	cr_expect_neq(after.ref.sender, before.ref.sender);
	cr_expect_eq(after.id, 4711);
	cr_expect(has_id(4711));
}

Test(steering_cgroups, a_path_too_long_for_the_map_is_left_to_the_look)
{
	char longest[POSTERN_CGROUP_PATH + 1] = "/";

	memset(longest + 1, 'x', sizeof(longest) - 2);
	for (int i = 0; i < 2; i++) {
		steering_fixture.webmail_selectors[0].path = longest;
		steering_fixture_restart();
		sync_all();
		cr_expect_eq(steering_fixture.fake->maps[MAP_CGROUPS].count, (uint32_t)i);
		longest[sizeof(longest) - 2] = '\0';
	}
}

Test(steering_cgroups, what_a_program_inserts_after_the_look_is_not_removed)
{
	struct table wanted, before, missing, stale;
	size_t added, cursor = 0;

	make(4711);
	table_init(&wanted, sizeof(struct selector), sizeof(struct sender_ref));
	table_init(&before, sizeof(struct selector), sizeof(struct sender_ref));
	cr_assert_eq(table_read(&before, maps(), MAP_SENDERS), 0);
	make(4712);
	cr_assert_eq(table_compare(&wanted, &before, &missing, &stale, &added), 0);
	cr_assert_eq(table_remove_some(&stale, maps(), MAP_SENDERS, &cursor, SIZE_MAX), 0);
	cr_expect_not(has_id(4711));
	cr_expect(has_id(4712));
	table_done(&wanted);
	table_done(&before);
	table_done(&missing);
	table_done(&stale);
}
