/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real mounts (whose root is sticky) in a directory of the test, and directories where none may be
 * mounted.
 */
#include "host/bpffs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "host/journal.h"
#include "unit/scratch.h"

#define NOBODY 65534

static struct journal *journal;
static struct error error;

static void set_up(void)
{
	scratch_open();
	cr_assert_eq(journal_open(scratch, &journal, &error), 0, "%s", error.text);
}

static void tear_down(void)
{
	umount2(scratch_path("mount"), UMOUNT_NOFOLLOW);
	journal_free(journal);
	scratch_close();
}

TestSuite(host_bpffs, .init = set_up, .fini = tear_down);

static void need_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to mount");
}

static bool is_mounted(const char *name)
{
	struct statfs status;

	return !statfs(scratch_path(name), &status) && status.f_type == BPF_FS_MAGIC;
}

static void expect_line(size_t index, enum journal_kind kind, const char *name, const char *detail)
{
	const struct journal_entry *entry = journal_get(journal, index);

	cr_assert_lt(index, journal_count(journal));
	cr_expect_eq(entry->kind, kind);
	cr_expect_str_eq(entry->what, scratch_path(name));
	if (detail)
		cr_expect_str_eq(entry->detail, detail);
}

/* ---- mounting */

Test(host_bpffs, a_missing_one_is_mounted_and_each_change_is_listed)
{
	need_root();
	cr_assert_eq(bpffs_prepare(scratch_path("mount/pins"), journal, &error), 0, "%s",
		     error.text);
	cr_expect(is_mounted("mount"));
	cr_expect_eq(scratch_mode("mount"), S_ISVTX | 0700);
	cr_expect_not(scratch_exists("mount/pins"), "loading makes it");
	cr_expect_eq(journal_count(journal), 2);
	expect_line(0, JOURNAL_DIRECTORY, "mount", NULL);
	expect_line(1, JOURNAL_MOUNT, "mount", NULL);
}

Test(host_bpffs, on_a_mounted_one_only_directories_are_made)
{
	need_root();
	cr_assert_eq(bpffs_prepare(scratch_path("mount/pins"), journal, &error), 0);
	cr_assert_eq(bpffs_prepare(scratch_path("mount/a/b/pins"), journal, &error), 0, "%s",
		     error.text);
	cr_expect_eq(journal_count(journal), 4);
	expect_line(2, JOURNAL_DIRECTORY, "mount/a", NULL);
	expect_line(3, JOURNAL_DIRECTORY, "mount/a/b", NULL);
	cr_expect(scratch_exists("mount/a/b"));
}

Test(host_bpffs, none_is_mounted_over_a_directory_that_holds_something)
{
	scratch_mkdir("mount", 0755);
	scratch_write("mount/file", "");
	cr_expect_eq(bpffs_prepare(scratch_path("mount/pins"), journal, &error), -ENOTEMPTY);
	cr_expect_not_null(strstr(error.text, scratch_path("mount")), "%s", error.text);
	cr_expect_not_null(strstr(error.text, "pin_path below /sys/fs/bpf"), "%s", error.text);
	cr_expect_not(is_mounted("mount"));
	cr_expect_eq(journal_count(journal), 0);
	cr_expect(scratch_exists("mount/file"));
}

Test(host_bpffs, a_path_that_is_too_long_is_refused)
{
	static char path[PATH_MAX + 2];

	memset(path, 'a', PATH_MAX + 1);
	path[0] = '/';
	cr_expect_eq(bpffs_prepare(path, journal, &error), -ENAMETOOLONG);
	cr_expect_eq(journal_count(journal), 0);
}

Test(host_bpffs, it_is_unmounted_once_it_is_empty)
{
	need_root();
	cr_assert_eq(bpffs_prepare(scratch_path("mount/pins"), journal, &error), 0);
	scratch_mkdir("mount/theirs", 0755);
	cr_expect_eq(bpffs_unmount(scratch_path("mount"), &error), 0);
	cr_expect(is_mounted("mount"));
	cr_assert_eq(rmdir(scratch_path("mount/theirs")), 0);
	cr_expect_eq(bpffs_unmount(scratch_path("mount"), &error), 0);
	cr_expect_not(is_mounted("mount"));
}

Test(host_bpffs, unmounting_where_none_is_mounted_succeeds)
{
	cr_expect_eq(bpffs_unmount(scratch, &error), 0);
	cr_expect_eq(bpffs_unmount(scratch_path("nothing"), &error), 0);
}

/* ---- who may pass */

Test(host_bpffs, each_directory_of_the_mount_gets_search_permission_and_its_mode_is_listed)
{
	need_root();
	cr_assert_eq(bpffs_prepare(scratch_path("mount/pins"), journal, &error), 0);
	scratch_mkdir("mount/a", 0750);
	scratch_mkdir("mount/a/b", 0755);
	cr_assert_eq(bpffs_open_way(scratch_path("mount/a/b/pins"), NOBODY, journal, &error), 0,
		     "%s", error.text);
	cr_expect_eq(scratch_mode("mount"), S_ISVTX | 0701);
	cr_expect_eq(scratch_mode("mount/a"), 0751);
	cr_expect_eq(scratch_mode("mount/a/b"), 0755);
	cr_expect_eq(journal_count(journal), 4);
	expect_line(2, JOURNAL_MODE, "mount/a", "0750");
	expect_line(3, JOURNAL_MODE, "mount", "1700");
}

Test(host_bpffs, the_owner_of_a_directory_needs_no_other_mode)
{
	need_root();
	cr_assert_eq(bpffs_prepare(scratch_path("mount/pins"), journal, &error), 0);
	cr_assert_eq(bpffs_open_way(scratch_path("mount/pins"), 0, journal, &error), 0);
	cr_expect_eq(scratch_mode("mount"), S_ISVTX | 0700);
	cr_expect_eq(journal_count(journal), 2);
}

Test(host_bpffs, a_directory_outside_of_the_mount_keeps_its_mode)
{
	scratch_mkdir("plain", 0700);
	cr_expect_eq(bpffs_open_way(scratch_path("plain/pins"), NOBODY, journal, &error), 0);
	cr_expect_eq(scratch_mode("plain"), 0700);
	cr_expect_eq(journal_count(journal), 0);
}

Test(host_bpffs, a_directory_is_shared_while_another_user_has_something_in_it)
{
	need_root();
	scratch_mkdir("way", 0755);
	cr_expect_not(bpffs_is_shared(scratch_path("nothing")));
	cr_expect_not(bpffs_is_shared(scratch_path("way")));
	scratch_write("way/roots", "");
	cr_expect_not(bpffs_is_shared(scratch_path("way")));
	scratch_write("way/theirs", "");
	cr_assert_eq(lchown(scratch_path("way/theirs"), NOBODY, NOBODY), 0);
	cr_expect(bpffs_is_shared(scratch_path("way")));
}
