/* SPDX-License-Identifier: BSD-2-Clause */
/* The account of what is put back, and when it is left alone. */
#include "host/repair.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND 1000000000ULL
#define NOON   (1000 * SECOND)

static struct repair repair;
static struct finding finding;
static struct repair_part *part;

static void set_up(void)
{
	finding = (struct finding){.kind = HOST_ADDRESS,
				   .name = "192.0.2.10",
				   .interface = "wan",
				   .index = 7,
				   .state = HOST_MISSING,
				   .can_try = true,
				   .cause = "no interface has the address"};
}

static void tear_down(void)
{
	repair_done(&repair);
}

TestSuite(host_repair, .init = set_up, .fini = tear_down);

static enum repair_next look(uint64_t now_ns)
{
	enum repair_next next;

	cr_assert_eq(repair_look(&repair, &finding, now_ns, &next, &part), 0);
	return next;
}

/* Somebody removes it after each try. */
static void lose_it(unsigned times, uint64_t now_ns)
{
	for (unsigned i = 0; i < times; i++) {
		cr_assert_eq(look(now_ns), REPAIR_TRY, "time %u", i);
		repair_tried(part, NULL, now_ns);
	}
}

Test(host_repair, a_part_that_is_there_is_left_alone_and_its_mail_not_held)
{
	finding.state = HOST_PRESENT;
	cr_expect_eq(look(NOON), REPAIR_LEAVE);
	cr_expect_eq(part->entry.state, HOST_PRESENT);
	cr_expect_eq(part->entry.held, 0);
	cr_expect_eq(part->entry.put_back, 0);
	cr_expect_str_eq(part->entry.interface, "wan");
}

Test(host_repair, a_missing_part_is_tried_and_held_until_it_is_there)
{
	cr_assert_eq(look(NOON), REPAIR_TRY);
	cr_expect_eq(part->entry.state, HOST_MISSING);
	cr_expect_eq(part->entry.held, 1);
	cr_expect_str_eq(part->entry.cause, "no interface has the address");
	repair_tried(part, NULL, NOON + 1);
	cr_expect_eq(part->entry.state, HOST_PRESENT);
	cr_expect_eq(part->entry.held, 0);
	cr_expect_eq(part->entry.put_back, 1);
	cr_expect_eq(part->entry.last_ns, NOON + 1);
}

Test(host_repair, after_ten_times_in_ten_minutes_it_is_given_up_for_ten_minutes)
{
	const uint64_t last = NOON + REPAIR_WINDOW_NS - 1;

	lose_it(REPAIR_TRIES - 1, NOON);
	lose_it(1, last);
	cr_expect_eq(look(last), REPAIR_LEAVE);
	cr_expect_eq(part->entry.state, HOST_GIVEN_UP);
	cr_expect_eq(part->entry.held, 1);
	cr_expect_eq(part->entry.put_back, REPAIR_TRIES);
	cr_expect_eq(part->entry.again_ns, last + REPAIR_WINDOW_NS);
	cr_expect_eq(repair_tries(part, last), REPAIR_TRIES);
	cr_expect_eq(look(last + REPAIR_WINDOW_NS - 1), REPAIR_LEAVE);
	cr_expect_eq(look(last + REPAIR_WINDOW_NS), REPAIR_TRY);
	cr_expect_eq(part->entry.state, HOST_MISSING);
	cr_expect_eq(part->entry.again_ns, 0);
}

Test(host_repair, tries_that_are_ten_minutes_old_do_not_count)
{
	lose_it(REPAIR_TRIES, NOON);
	cr_expect_eq(look(NOON + REPAIR_WINDOW_NS), REPAIR_TRY);
}

Test(host_repair, a_part_given_up_that_comes_back_is_present)
{
	lose_it(REPAIR_TRIES, NOON);
	look(NOON);
	finding.state = HOST_PRESENT;
	cr_expect_eq(look(NOON + 1), REPAIR_LEAVE);
	cr_expect_eq(part->entry.state, HOST_PRESENT);
	cr_expect_eq(part->entry.held, 0);
	cr_expect_eq(part->entry.again_ns, 0);
}

Test(host_repair, a_failed_try_is_not_repeated_within_a_second)
{
	cr_assert_eq(look(NOON), REPAIR_TRY);
	repair_tried(part, "IPv6 is disabled on its interface", NOON);
	cr_expect_eq(part->entry.state, HOST_MISSING);
	cr_expect_eq(part->entry.put_back, 0);
	cr_expect_str_eq(part->entry.cause, "IPv6 is disabled on its interface");
	cr_expect_eq(look(NOON + REPAIR_PAUSE_NS - 1), REPAIR_LEAVE);
	cr_expect_eq(look(NOON + REPAIR_PAUSE_NS), REPAIR_TRY);
}

Test(host_repair, another_device_of_the_name_has_no_tries_yet)
{
	lose_it(REPAIR_TRIES, NOON);
	look(NOON);
	cr_assert_eq(part->entry.state, HOST_GIVEN_UP);
	finding.index = 8;
	cr_expect_eq(look(NOON + 1), REPAIR_TRY);
}

Test(host_repair, where_nothing_can_be_tried_it_is_missing)
{
	finding.can_try = false;
	cr_expect_eq(look(NOON), REPAIR_LEAVE);
	cr_expect_eq(part->entry.state, HOST_MISSING);
	cr_expect_eq(part->entry.held, 1);
}

Test(host_repair, a_refused_interface_is_held_and_never_tried)
{
	finding.state = HOST_REFUSED;
	cr_expect_eq(look(NOON), REPAIR_LEAVE);
	cr_expect_eq(part->entry.state, HOST_REFUSED);
	cr_expect_eq(part->entry.held, 1);
}

Test(host_repair, parts_of_other_kinds_and_names_have_their_own_tries)
{
	lose_it(REPAIR_TRIES, NOON);
	finding.kind = HOST_HANDLE;
	cr_expect_eq(look(NOON), REPAIR_TRY);
	finding.kind = HOST_ADDRESS;
	finding.name[0] = '2';
	cr_expect_eq(look(NOON), REPAIR_TRY);
	cr_expect_eq(repair.count, 3);
}

Test(host_repair, the_count_of_an_earlier_process_goes_on)
{
	const struct host_key key = {HOST_ADDRESS, "192.0.2.10"};
	const struct host_entry entry = {.put_back = 41};

	cr_assert_eq(repair_restore(&repair, &key, &entry), 0);
	lose_it(1, NOON);
	cr_expect_eq(part->entry.put_back, 42);
}

Test(host_repair, a_look_shows_which_parts_are_no_longer_wanted)
{
	look(NOON);
	cr_expect(part->seen);
	repair_begin(&repair);
	cr_expect_not(repair.parts[0].seen);
}
