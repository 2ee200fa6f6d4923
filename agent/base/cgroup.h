/* SPDX-License-Identifier: BSD-2-Clause */
/* Control groups (version 2) by their path: "/system.slice/shop.service". */
#pragma once

#include <stdint.h>

/*
 * The id that bpf_skb_cgroup_id() returns: the directory's inode, on kernfs with 64-bit inode
 * numbers (include/linux/kernfs.h, kernfs_id()). The cgroup2 mount is found in
 * /proc/self/mountinfo, so hybrid hosts work. -ENOENT: no such cgroup now; -ENODEV: no cgroup2 file
 * system is mounted.
 */
int cgroup_id(const char *path, uint64_t *ret_id);

/*
 * The root of the cgroup2 mount, for a program that serves all cgroups. -ENODEV as above; an errno
 * of open(2).
 */
int cgroup_open_root(int *ret_fd);
