/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `up`'s part of the datapath: create or re-use the pinned maps, load the programs, and take all of
 * it away again. CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, or root. Where bpffs is mounted is
 * host/'s business; attaching is in hook.h; what other agents may read is in datapath.h.
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
 * Re-uses pinned maps of the same layout, but for those that are to have another capacity: loaded_move() puts
 * them in place. Creates those that are missing, and removes just these again on failure. pin_path's parent
 * must exist, on a bpffs. -EPERM: not privileged; -EPROTO: pinned maps of another layout;
 * -EOPNOTSUPP: the kernel lacks something, named in the text.
 */
int loaded_open(const struct load_options *options, struct loaded **ret_loaded,
		struct error *error);

/* False: the maps were there already, with what an earlier `up` filled in and the flows since. */
bool loaded_is_new(const struct loaded *loaded);

enum program { PROGRAM_INGRESS, PROGRAM_EGRESS, PROGRAM_XDP };
/* The program's descriptor, borrowed. XDP is for interfaces that have a link layer. */
int loaded_program(const struct loaded *loaded, enum program program, bool has_link_layer);

/* Those of postern/adopt.h, for adopt.h. */
enum program_task { PROGRAM_ADOPT, PROGRAM_RENEW };
int loaded_task(const struct loaded *loaded, enum program_task task);

/*
 * Where senders_max or flows_max has changed: fills the new maps from the old ones, puts them in their pins'
 * places and these programs in force, before they are attached. Those attached drop what is steered from
 * then on, TCP sends it again; there is no way back. An agent that holds the old maps finds another pin of
 * postern_control and opens the new ones. Interrupted, it is completed or repeated by the next `up`.
 * *ret_begun, set to true where there was something to do and it could not be taken back any more.
 * -E2BIG: what is in use does not fit; -ETIMEDOUT: the host was too busy.
 */
int loaded_move(struct loaded *loaded, bool *ret_begun, struct error *error);
/* When no program of an earlier load is attached any more: the timer runs one of these. */
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
int programs_unload(const char *pin_path, struct error *error);
