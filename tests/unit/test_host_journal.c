/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal of `up`: its lines, and the file as the next process finds it. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "host/journal.h"

static char directory[32];
static char file[48];

static void set_up(void)
{
	strcpy(directory, "/tmp/postern-test-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/journal", directory);
}

static void tear_down(void)
{
	unlink(file);
	rmdir(directory);
}

TestSuite(host_journal, .init = set_up, .fini = tear_down);

static struct journal *open_journal(void)
{
	struct journal *journal = NULL;
	struct error error;

	cr_assert_eq(journal_open(directory, &journal, &error), 0, "%s", error.text);
	return journal;
}

static void write_text(const char *text)
{
	_cleanup_(fclose_p) FILE *stream = fopen(file, "we");

	cr_assert_not_null(stream);
	cr_assert_geq(fputs(text, stream), 0);
}

static void read_text(char text[512])
{
	_cleanup_(fclose_p) FILE *stream = fopen(file, "re");

	cr_assert_not_null(stream);
	text[fread(text, 1, 511, stream)] = '\0';
}

struct line {
	char text[64];
	enum journal_kind kind;
	char what[64];
	char detail[16]; /* empty: none */
};

ParameterizedTestParameters(host_journal, a_line_is_read_by_its_kind)
{
	static struct line lines[] = {
		{"directory /a/b", JOURNAL_DIRECTORY, "/a/b", ""},
		{"mount /a path with blanks", JOURNAL_MOUNT, "/a path with blanks", ""},
		{"mode /a b 0700", JOURNAL_MODE, "/a b", "0700"},
		{"address 192.0.2.1 eth0", JOURNAL_ADDRESS, "192.0.2.1", "eth0"},
		{"handle fd00::1 lo", JOURNAL_HANDLE, "fd00::1", "lo"},
		{"qdisc eth0.5", JOURNAL_QDISC, "eth0.5", ""},
		{"hook eth0 tcx", JOURNAL_HOOK, "eth0", "tcx"},
		/* What another version wrote, or somebody's editor, is kept as it is. */
		{"hook eth0", JOURNAL_UNKNOWN, "hook eth0", ""},
		{"hook eth0 ", JOURNAL_UNKNOWN, "hook eth0 ", ""},
		{"mount", JOURNAL_UNKNOWN, "mount", ""},
		{"mount ", JOURNAL_UNKNOWN, "mount ", ""},
		{"mode  0700", JOURNAL_UNKNOWN, "mode  0700", ""},
		{"addresses 192.0.2.1 eth0", JOURNAL_UNKNOWN, "addresses 192.0.2.1 eth0", ""},
		{"route 192.0.2.1", JOURNAL_UNKNOWN, "route 192.0.2.1", ""},
		{" mount /a", JOURNAL_UNKNOWN, " mount /a", ""},
	};

	return cr_make_param_array(struct line, lines, sizeof(lines) / sizeof(*lines));
}

ParameterizedTest(struct line *line, host_journal, a_line_is_read_by_its_kind)
{
	struct journal_entry entry;

	cr_assert_eq(journal_entry_parse(line->text, &entry), 0);
	cr_expect_eq(entry.kind, line->kind, "%s", line->text);
	cr_expect_str_eq(entry.what, line->what);
	cr_expect_str_eq(entry.detail ? entry.detail : "", line->detail);
	journal_entry_done(&entry);
}

Test(host_journal, what_was_added_is_there_for_the_next_process)
{
	struct journal *journal = open_journal();
	struct error error;

	cr_assert_eq(journal_count(journal), 0);
	cr_assert_eq(journal_add(journal, JOURNAL_MODE, "/a b", "0700", &error), 0);
	cr_assert_eq(journal_add(journal, JOURNAL_QDISC, "eth0", NULL, &error), 0);
	journal_free(journal);
	journal = open_journal();
	cr_assert_eq(journal_count(journal), 2);
	cr_expect_eq(journal_get(journal, 0)->kind, JOURNAL_MODE);
	cr_expect_str_eq(journal_get(journal, 0)->what, "/a b");
	cr_expect_str_eq(journal_get(journal, 0)->detail, "0700");
	cr_expect_eq(journal_get(journal, 1)->kind, JOURNAL_QDISC);
	journal_free(journal);
}

Test(host_journal, the_same_thing_is_listed_once)
{
	struct journal *journal = open_journal();
	struct error error;

	cr_assert_eq(journal_add(journal, JOURNAL_HOOK, "eth0", "tcx", &error), 0);
	cr_assert_eq(journal_add(journal, JOURNAL_HOOK, "eth0", "tcx", &error), 0);
	cr_assert_eq(journal_count(journal), 1);
	cr_assert_eq(journal_add(journal, JOURNAL_HOOK, "eth0", "clsact", &error), 0);
	cr_assert_eq(journal_add(journal, JOURNAL_HOOK, "eth1", "tcx", &error), 0);
	cr_assert_eq(journal_count(journal), 3);
	journal_free(journal);
}

Test(host_journal, the_file_goes_with_its_last_entry)
{
	struct journal *journal = open_journal();
	struct error error;

	cr_assert_eq(journal_add(journal, JOURNAL_MOUNT, "/a", NULL, &error), 0);
	cr_assert_eq(journal_add(journal, JOURNAL_MOUNT, "/b", NULL, &error), 0);
	cr_assert_eq(journal_remove(journal, 0, &error), 0);
	cr_expect_str_eq(journal_get(journal, 0)->what, "/b");
	cr_assert_eq(access(file, F_OK), 0);
	cr_assert_eq(journal_remove(journal, 0, &error), 0);
	cr_assert_neq(access(file, F_OK), 0);
	journal_free(journal);
}

Test(host_journal, unknown_lines_survive_a_rewrite_and_have_a_place)
{
	struct journal *journal;
	struct error error;
	char text[512], place[64], expected[64];

	write_text("# a head\nfrobnicate x y\n\nmount /a\nmount /b");
	journal = open_journal();
	cr_assert_eq(journal_count(journal), 3);
	cr_assert_eq(journal_get(journal, 0)->kind, JOURNAL_UNKNOWN);
	cr_assert_eq(journal_remove(journal, 1, &error), 0);
	journal_place(journal, 0, place, sizeof(place));
	snprintf(expected, sizeof(expected), "%s:2", file);
	cr_assert_str_eq(place, expected);
	read_text(text);
	cr_assert_str_eq(strchr(text, '\n') + 1, "frobnicate x y\nmount /b\n");
	journal_free(journal);
}

Test(host_journal, an_operand_that_does_not_fit_a_line_is_refused)
{
	struct journal *journal = open_journal();
	struct error error;

	cr_expect_eq(journal_add(journal, JOURNAL_MOUNT, "/a\nb", NULL, &error), -EINVAL);
	cr_expect_eq(journal_add(journal, JOURNAL_HOOK, "eth0", "t cx", &error), -EINVAL);
	cr_expect_eq(journal_count(journal), 0);
	cr_expect_neq(access(file, F_OK), 0);
	journal_free(journal);
}

Test(host_journal, a_file_of_somebody_else_is_not_read)
{
	struct journal *journal = NULL;
	struct error error;

	cr_assert_eq(geteuid(), 0,
		     "this test needs root to give a file away; run make test as root");
	write_text("mode /etc/shadow 0777\n");
	cr_assert_eq(chown(file, 65534, 65534), 0);
	cr_expect_eq(journal_open(directory, &journal, &error), -EPERM);
	cr_expect_not_null(strstr(error.text, file), "%s", error.text);
	unlink(file);
	cr_assert_eq(symlink("/etc/passwd", file), 0);
	cr_expect_eq(journal_open(directory, &journal, &error), -ELOOP);
}
