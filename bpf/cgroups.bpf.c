/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Follows the cgroups of the configuration: a service that starts again has a new cgroup, with a
 * new id. The kernel calls these programs before the directory can be opened, so the sender is
 * known before a process can enter. Each id of a configured path is inserted and removed here.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "postern/abi.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* The datapath's own; cgroups_attach() puts the pinned ones in their place. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct selector);
	__type(value, struct sender_ref);
} postern_senders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct cgroup_path);
	__type(value, struct cgroup_entry);
} postern_cgroups SEC(".maps");

/* The cgroup that configured paths begin at: in a cgroup namespace it is not the kernel's root. */
#define ROOT_ID 1
const volatile __u64 mount_root_id = ROOT_ID;

#define LEVELS_MAX    16
#define CGROUP2_ROOTS 0 /* the hierarchy's number, as in /proc/self/cgroup */
#define KERNEL_TYPE   __attribute__((preserve_access_index))

struct kernfs_node___kernel {
	__u64 id;
} KERNEL_TYPE;

struct cgroup_root___kernel {
	int hierarchy_id;
} KERNEL_TYPE;

struct cgroup___kernel {
	int level;
	struct kernfs_node___kernel *kn;
	struct cgroup_root___kernel *root;
	struct cgroup___kernel *ancestors[1]; /* Linux 6.1 */
} KERNEL_TYPE;

/* ---- the path */

static __always_inline __u64 ancestor_id(const struct cgroup___kernel *cgroup, int level)
{
	const void *ancestors = (const void *)cgroup + bpf_core_field_offset(cgroup->ancestors);
	struct cgroup___kernel *ancestor = NULL;

	bpf_probe_read_kernel(&ancestor, sizeof(ancestor), ancestors + level * sizeof(void *));
	return BPF_CORE_READ(ancestor, kn, id);
}

/*
 * The level of the mount's root among the ancestors; -1: the cgroup is elsewhere. Not static, as
 * skip_names(): the verifier checks the loop once, for any result.
 */
__noinline int mount_root_level(__u64 address)
{
	const struct cgroup___kernel *cgroup = (const void *)address;
	int level = BPF_CORE_READ(cgroup, level);

	if (!bpf_core_field_exists(cgroup->ancestors))
		return -1;
	for (int i = 1; i < LEVELS_MAX && i < level; i++)
		if (ancestor_id(cgroup, i) == mount_root_id)
			return i;
	return -1;
}

/* The offset behind so many names; 0: there are fewer. */
__noinline int skip_names(const struct cgroup_path *path, int names)
{
	int seen = 0;

	if (!path)
		return 0;
	for (int i = 0; i < POSTERN_CGROUP_PATH; i++)
		if (path->path[i] == '/' && seen++ == names)
			return i;
	return 0;
}

/* Below the mount, as configurations have it. False: it is elsewhere, or too long. */
static __always_inline bool read_path(const struct cgroup___kernel *cgroup, const char *text,
				      struct cgroup_path *ret)
{
	int offset = 0;
	long bytes;

	if (mount_root_id != ROOT_ID) {
		int level = mount_root_level((__u64)cgroup);

		if (level < 0)
			return false;
		bpf_probe_read_kernel_str(ret->path, sizeof(ret->path), text);
		offset = skip_names(ret, level);
		if (!offset)
			return false;
		__builtin_memset(ret, 0, sizeof(*ret));
	}
	bytes = bpf_probe_read_kernel_str(ret->path, sizeof(ret->path), text + offset);
	return bytes > 1 && bytes < (long)sizeof(ret->path);
}

/* ---- the events */

static __always_inline bool is_cgroup2(const struct cgroup___kernel *cgroup)
{
	return BPF_CORE_READ(cgroup, root, hierarchy_id) == CGROUP2_ROOTS;
}

/* The path's entry has the id first: user space removes only ids that no entry has. */
SEC("raw_tp/cgroup_mkdir")
int postern_mkdir(struct bpf_raw_tracepoint_args *event)
{
	const struct cgroup___kernel *cgroup = (const void *)event->args[0];
	struct selector selector = {.kind = SELECTOR_CGROUP};
	struct cgroup_entry *entry;
	struct cgroup_path path = {};

	if (!is_cgroup2(cgroup) || !read_path(cgroup, (const char *)event->args[1], &path))
		return 0;
	entry = bpf_map_lookup_elem(&postern_cgroups, &path);
	if (!entry)
		return 0;
	selector.number = BPF_CORE_READ(cgroup, kn, id);
	entry->id = selector.number;
	__sync_fetch_and_add(&entry->made, 1);
	bpf_map_update_elem(&postern_senders, &selector, &entry->ref, BPF_ANY);
	return 0;
}

/* An id is never used again. */
SEC("raw_tp/cgroup_rmdir")
int postern_rmdir(struct bpf_raw_tracepoint_args *event)
{
	const struct cgroup___kernel *cgroup = (const void *)event->args[0];
	struct selector selector = {.kind = SELECTOR_CGROUP};
	struct cgroup_entry *entry;
	struct cgroup_path path = {};

	if (!is_cgroup2(cgroup))
		return 0;
	selector.number = BPF_CORE_READ(cgroup, kn, id);
	bpf_map_delete_elem(&postern_senders, &selector);
	if (!read_path(cgroup, (const char *)event->args[1], &path))
		return 0;
	entry = bpf_map_lookup_elem(&postern_cgroups, &path);
	if (entry && entry->id == selector.number)
		entry->id = 0;
	return 0;
}
