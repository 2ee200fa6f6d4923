/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The map postern_cgroups (HASH: cgroup_path -> cgroup_entry): the cgroups of the configuration.
 * Part of postern/abi.h, which includes it.
 *
 * The agent and `up` insert and remove paths; the programs of cgroups.bpf.c keep `id` and `made`,
 * and the id's entry in postern_senders. A longer path is not here, and the agent looks for it.
 */
#pragma once

#include <linux/types.h>

#define POSTERN_CGROUP_PATH 256
#define POSTERN_CGROUPS_MAX 16384

struct cgroup_path {
	char path[POSTERN_CGROUP_PATH]; /* below the cgroup2 mount, begins with '/' */
};

struct cgroup_entry {
	struct sender_ref ref;
	__u64 id;   /* 0: there is no such cgroup now */
	__u64 made; /* how often it was made since the path was inserted */
};

#ifndef __cplusplus
_Static_assert(sizeof(struct cgroup_entry) == 88, "layout");
#endif
