/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF file system that the pins live on. Whatever is changed is in the journal first; undoing is
 * undo.c's.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;
struct journal;

/*
 * Makes pin_path's parent exist on a bpffs. Where none is mounted yet: on /sys/fs/bpf if pin_path is
 * below it, else on pin_path's parent. -ENOTEMPTY: that directory holds something, which a mount
 * would hide.
 */
int bpffs_prepare(const char *pin_path, struct journal *journal, struct error *error);

/* Lets `uid` pass through the directories of the bpffs above pin_path (systemd mounts it 0700). */
int bpffs_open_way(const char *pin_path, uid_t uid, struct journal *journal, struct error *error);

/* Is something in the directory that belongs to a user other than root, who has to get there? */
bool bpffs_is_shared(const char *directory);

/* Unless somebody still uses it. 0 also where nothing is mounted. */
int bpffs_unmount(const char *mount_point, struct error *error);
