/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `up`'s part of the datapath: create or re-use the pinned maps, load the programs, and take all of
 * it away again. CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, or root. Where bpffs is mounted is
 * lifecycle/'s business; attaching is in hook.h; what other agents may read is in datapath.h.
 *
 * What is below pin_path when a call was interrupted:
 *
 *   no directory, or an empty one       nothing was done
 *   maps, but not postern_control       loaded_open() was interrupted: the next one goes on
 *   postern_control                     complete: it is filled, then pinned as the last map
 *   …and link_IFNAME_…                  attached
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
 * Re-uses pinned maps of the same layout. Flows and returns keep the capacity they have (`ret_note` then
 * says so, freed by the caller; NULL there: nothing to say): what is translated must not change, and the running
 * programs write to them. Senders get theirs by loaded_move(). Creates those that are missing, and removes just
 * these again on failure. pin_path's parent must exist, on a bpffs. -EPERM: not privileged;
 * -EPROTO: pinned maps of another layout; -EOPNOTSUPP: the kernel lacks something, named in the text.
 */
int loaded_open(const struct load_options *options, struct loaded **ret_loaded, char **ret_note,
		struct error *error);

/* False: the maps were there already, with what an earlier `up` filled in and the flows since. */
bool loaded_is_new(const struct loaded *loaded);

enum program { PROGRAM_INGRESS, PROGRAM_EGRESS, PROGRAM_XDP };
/* The program's descriptor, borrowed. XDP is for interfaces that have a link layer. */
int loaded_program(const struct loaded *loaded, enum program program, bool has_link_layer);

/* Those of postern/tasks.h, for tasks.h. */
enum program_task { PROGRAM_ADOPT, PROGRAM_RENEW, PROGRAM_CARRY };
int loaded_task(const struct loaded *loaded, enum program_task task);

/*
 * Where senders_max has changed: fills the new maps from the old ones and puts them in their pins' places.
 * Before the programs are attached; there is no way back from it. The old maps take no more writing, so
 * that none is lost: an agent that holds them finds another pin of postern_control and opens the new ones.
 * Interrupted, it is completed or repeated by the next `up`. *ret_moved false: there was nothing to do.
 * -E2BIG: what is in use does not fit.
 */
int loaded_move(struct loaded *loaded, bool *ret_moved, struct error *error);
/* When no program of an earlier load is attached any more: takes over what the last of them counted. */
int loaded_settle(struct loaded *loaded, struct error *error);

/* Takes back what loaded_open() created in the file system (for `up` that fails later). */
void loaded_rollback(struct loaded *loaded);
/* The programs stay loaded where they are attached, the maps where they are pinned. */
void loaded_free(struct loaded *loaded);

/* Makes the directory and all pins in it the agent's user's. */
int loaded_grant(const struct loaded *loaded, uid_t uid, gid_t gid, struct error *error);

/*
 * `down`: detaches the pinned links, egress first, removes every pin of ours below pin_path and the
 * directory. 0 where there is nothing. -ENOTEMPTY: somebody else's file is in it.
 */
int unload(const char *pin_path, struct error *error);
