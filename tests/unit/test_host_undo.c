/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Undoing the journal's lines: real files in a directory of the test, and interfaces that are gone.
 */
#include "host/undo.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "host/journal.h"
#include "netlink/netlink.h"
#include "unit/scratch.h"

#define GONE "nosuch0"

static struct undo undo;
static struct error error;

static void set_up(void)
{
	scratch_open();
	undo = (struct undo){.pin_path = scratch_path("pins")};
	cr_assert_eq(journal_open(scratch, &undo.journal, &error), 0, "%s", error.text);
	cr_assert_eq(netlink_open(&undo.netlink, &error), 0, "%s", error.text);
}

static void tear_down(void)
{
	netlink_free(undo.netlink);
	journal_free(undo.journal);
	scratch_close();
}

TestSuite(host_undo, .init = set_up, .fini = tear_down);

static void note(enum journal_kind kind, const char *what, const char *detail)
{
	cr_assert_eq(journal_add(undo.journal, kind, what, detail, &error), 0, "%s", error.text);
}

static void note_directory(const char *name)
{
	scratch_mkdir(name, 0755);
	note(JOURNAL_DIRECTORY, scratch_path(name), NULL);
}

static size_t lines_left(void)
{
	return journal_count(undo.journal);
}

Test(host_undo, directories_go_innermost_first_and_the_journal_with_the_last_line)
{
	note_directory("outer");
	note_directory("outer/inner");
	cr_expect_eq(undo_files(&undo, &error), 0, "%s", error.text);
	cr_expect_not(scratch_exists("outer"));
	cr_expect_eq(lines_left(), 0);
	cr_expect_not(scratch_exists("journal"));
}

Test(host_undo, a_directory_that_is_not_empty_stays_and_is_no_longer_listed)
{
	note_directory("shared");
	scratch_write("shared/file", "");
	cr_expect_eq(undo_files(&undo, &error), 0, "%s", error.text);
	cr_expect(scratch_exists("shared"));
	cr_expect_eq(lines_left(), 0);
}

Test(host_undo, a_change_that_is_gone_already_counts_as_undone)
{
	note(JOURNAL_DIRECTORY, scratch_path("nothing"), NULL);
	note(JOURNAL_MODE, scratch_path("nothing"), "0700");
	note(JOURNAL_MOUNT, scratch_path("nothing"), NULL);
	note(JOURNAL_ADDRESS, "192.0.2.10", GONE);
	note(JOURNAL_HANDLE, "127.0.0.25", GONE);
	note(JOURNAL_QDISC, GONE, NULL);
	note(JOURNAL_HOOK, GONE, "egress-tcx");
	note(JOURNAL_HOOK, GONE, "egress-clsact");
	cr_expect_eq(undo_network(&undo, &error), 0, "%s", error.text);
	cr_expect_eq(lines_left(), 3, "lines of files wait for undo_files()");
	cr_expect_eq(undo_files(&undo, &error), 0, "%s", error.text);
	cr_expect_eq(lines_left(), 0);
}

Test(host_undo, it_continues_after_a_failure_and_returns_the_first_one)
{
	char place[256];

	note_directory("first");
	scratch_write("file", "");
	note(JOURNAL_DIRECTORY, scratch_path("file"), NULL);
	note(JOURNAL_MODE, scratch, "nonsense");
	note_directory("last");
	journal_place(undo.journal, 2, place, sizeof(place));
	cr_expect_eq(undo_files(&undo, &error), -EINVAL);
	cr_expect_eq(strncmp(error.text, place, strlen(place)), 0, "%s", error.text);
	cr_expect_not_null(strstr(error.text, "'nonsense'"), "%s", error.text);
	cr_expect_not(scratch_exists("first"));
	cr_expect_not(scratch_exists("last"));
	cr_assert_eq(lines_left(), 2);
	cr_expect_str_eq(journal_get(undo.journal, 0)->what, scratch_path("file"));
	cr_expect_eq(journal_get(undo.journal, 1)->kind, JOURNAL_MODE);
}

/* Each line fails, so the error names the line that came first. */
static void expect_first_failure(const char *expected)
{
	cr_expect_eq(undo_network(&undo, &error), -EINVAL);
	cr_expect_not_null(strstr(error.text, expected), "expected '%s' first: %s", expected,
			   error.text);
}

Test(host_undo, handles_go_first_then_hooks_then_pool_addresses)
{
	note(JOURNAL_ADDRESS, "bad-address", "lo");
	note(JOURNAL_HANDLE, "bad-handle", "lo");
	note(JOURNAL_HOOK, "lo", "bad-hook");
	expect_first_failure("'bad-handle'");
	cr_assert_eq(journal_remove(undo.journal, 1, &error), 0);
	expect_first_failure("'bad-hook'");
	cr_assert_eq(journal_remove(undo.journal, 1, &error), 0);
	expect_first_failure("'bad-address'");
}

Test(host_undo, a_mode_is_restored)
{
	scratch_mkdir("way", 0701);
	note(JOURNAL_MODE, scratch_path("way"), "0700");
	cr_expect_eq(undo_files(&undo, &error), 0, "%s", error.text);
	cr_expect_eq(scratch_mode("way"), 0700);
}

Test(host_undo, a_mode_stays_while_another_user_has_files_there)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to give a file away");
	scratch_mkdir("way", 0701);
	scratch_write("way/file", "");
	cr_assert_eq(chown(scratch_path("way/file"), 65534, 65534), 0);
	note(JOURNAL_MODE, scratch_path("way"), "0700");
	cr_expect_eq(undo_files(&undo, &error), 0, "%s", error.text);
	cr_expect_eq(scratch_mode("way"), 0701);
	cr_expect_eq(lines_left(), 0);
}

Test(host_undo, a_mode_beyond_the_mode_bits_is_refused)
{
	scratch_mkdir("way", 0701);
	note(JOURNAL_MODE, scratch_path("way"), "10000");
	cr_expect_eq(undo_files(&undo, &error), -EINVAL);
	cr_expect_eq(scratch_mode("way"), 0701);
	cr_expect_eq(lines_left(), 1);
}

static bool is_from_second(const void *data, size_t index, const struct journal_entry *entry)
{
	(void)entry;
	return data == &undo && index >= 1;
}

Test(host_undo, only_selected_lines_are_undone)
{
	note_directory("first");
	note_directory("second");
	undo.selects = is_from_second;
	undo.data = &undo;
	cr_expect_eq(undo_files(&undo, &error), 0, "%s", error.text);
	cr_expect(scratch_exists("first"));
	cr_expect_not(scratch_exists("second"));
	cr_expect_eq(lines_left(), 1);
}

Test(host_undo, a_line_of_another_version_is_left_alone)
{
	scratch_write("journal", "# head\nunknown thing\n");
	journal_free(undo.journal);
	cr_assert_eq(journal_open(scratch, &undo.journal, &error), 0, "%s", error.text);
	cr_expect_eq(undo_network(&undo, &error), 0);
	cr_expect_eq(undo_files(&undo, &error), 0);
	cr_expect_eq(lines_left(), 1);
}
