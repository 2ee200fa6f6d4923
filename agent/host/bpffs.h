/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF file system that holds the pins. Each change is in the journal before it is made; undo.c
 * undoes it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;
struct journal;

/*
 * Makes the parent of pin_path, on a bpffs. Where no bpffs is mounted, mounts one: at /sys/fs/bpf
 * if pin_path is below it, else at the parent. -ENOTEMPTY: a mount would hide the directory's
 * contents; -ENAMETOOLONG; an errno of mkdir(2) or mount(2); journal_add()'s.
 */
int bpffs_prepare(const char *pin_path, struct journal *journal, struct error *error);

/*
 * Adds search permission for all to the directories between the mount point and pin_path, unless
 * `uid` owns them: systemd mounts bpffs with mode 0700. -ENAMETOOLONG; an errno of stat(2) or
 * chmod(2); journal_add()'s.
 */
int bpffs_open_way(const char *pin_path, uid_t uid, struct journal *journal, struct error *error);

/* Does a user other than root own an entry of the directory? False where there is no directory. */
bool bpffs_is_shared(const char *directory);

/*
 * Unmounts a bpffs without entries. 0 also where none is mounted there or somebody uses it, and it
 * stays. An errno of umount2(2).
 */
int bpffs_unmount(const char *mount_point, struct error *error);
