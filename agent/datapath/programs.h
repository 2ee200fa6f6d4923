/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `up`'s part of the datapath: creates or re-uses the pinned maps and loads the programs. Needs
 * CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, or root. host/ mounts bpffs, hook.h attaches, pins.h
 * grants and removes; the agent and other readers open the maps by datapath.h.
 *
 * Contents of pin_path after an interruption:
 *
 *   no directory, or an empty one       nothing was done
 *   maps, but not postern_control       programs_open() was interrupted: the next one continues
 *   postern_control                     complete: it is filled, then pinned as the last map
 *   …and link_IFNAME_…                  attached
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "postern/abi.h"

struct error;

/* The longest wait for an agent that is writing the maps. */
#define PROGRAMS_LOCK_MS 10000

struct programs_options {
	const char *pin_path;
	uint16_t ports[POSTERN_PORTS_MAX];
	uint32_t flows_max;
	uint32_t senders_max;
	uint64_t established_ns;
	uint64_t transitory_ns;
	uint64_t now_ns; /* the time of the first `up`, if the maps are new */
	struct handle_filter handles;
};

/* Loaded, not attached yet; the maps are pinned, new or re-used. */
struct programs;

/*
 * Re-uses pinned maps of the same layout. A map whose capacity changes is created anew, and
 * programs_move() replaces the pinned one. Creates missing maps, and removes these on failure.
 * pin_path's parent must exist, on a bpffs. -EPERM: not privileged; -EBUSY: the agent holds the
 * maps for longer than PROGRAMS_LOCK_MS; -EPROTO: pinned maps of another layout, the text says what
 * to do; -EOPNOTSUPP: the kernel lacks a feature that the text names.
 */
int programs_open(const struct programs_options *options, struct programs **ret_programs,
		  struct error *error);

/* False: an earlier `up` filled the maps, and they may hold flows. */
bool programs_maps_are_new(const struct programs *programs);

enum program {
	PROGRAM_INGRESS,
	PROGRAM_EGRESS,
	PROGRAM_XDP,
	PROGRAM_HANDLES,
	PROGRAM_HANDLES_ANY, /* whatever packets begin with */
};
/* The program's descriptor, borrowed. XDP serves interfaces that have a link layer. */
int programs_fd(const struct programs *programs, enum program program, bool has_link_layer);

/* The programs of postern/adopt.h, which adopt.h runs. */
enum program_task { PROGRAM_ADOPT, PROGRAM_RENEW };
int programs_task_fd(const struct programs *programs, enum program_task task);

/*
 * Where senders_max or flows_max has changed: copies the old maps into the new ones, replaces the
 * pins and puts these programs in force, before they are attached. The attached programs drop
 * steered packets from then on, and TCP sends them again; there is no way back. An agent that holds
 * the old maps notices the new pin of postern_control (pins.h) and opens the new maps. The next
 * `up` completes or repeats an interrupted move. *ret_begun becomes true once the move cannot be
 * undone any more. -E2BIG: the entries in use do not fit; -ETIMEDOUT: the host was too busy.
 */
int programs_move(struct programs *programs, bool *ret_begun, struct error *error);

/* Removes the files that programs_open() created, for an `up` that fails later. */
void programs_rollback(struct programs *programs);
/* Attached programs stay loaded, pinned maps stay. */
void programs_free(struct programs *programs);
