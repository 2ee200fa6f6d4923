/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `up`'s part of the datapath: create or re-use the pinned maps, load the programs, put them on the
 * interfaces, and take all of it away again. Root (CAP_BPF, CAP_NET_ADMIN, CAP_SYS_ADMIN for mounts).
 * What other agents may read is in datapath.h and hook.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "postern/abi.h"

struct error;

struct load_options {
	const char *pin_path;
	uint16_t ports[POSTERN_PORTS_MAX];
	uint32_t flows_max;
	uint32_t senders_max;
	uint64_t established_ns;
	uint64_t transitory_ns;
};

/* The loaded programs, not attached yet. Its maps are pinned, new or re-used. */
struct loaded;

/*
 * Mounts bpffs where the pin path's file system is not one. Re-uses pinned maps of the same layout
 * (whatever their capacity: `ret_note` then says which differs; NULL there: nothing to say),
 * creates those that are missing and removes just these again on failure. -EPERM: not privileged;
 * -EPROTO: pinned maps of another layout; -EOPNOTSUPP: the kernel lacks something, named in the text.
 */
int loaded_open(const struct load_options *options, struct loaded **ret_loaded, char **ret_note,
		struct error *error);

/* Takes back what loaded_open() created in the file system (for `up` that fails later). */
void loaded_rollback(struct loaded *loaded);
void loaded_free(struct loaded *loaded);

/* Makes the pins (and what leads to them on a bpffs mounted 0700) usable by the agent's user. */
int loaded_grant(const struct loaded *loaded, uid_t uid, gid_t gid, struct error *error);

/* `down`: removes every pin below pin_path and the directory. 0 where there is nothing. */
int unload(const char *pin_path, struct error *error);
