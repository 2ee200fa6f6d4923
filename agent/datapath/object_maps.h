/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: the maps of the BPF object that programs.c loads. Pinned maps are re-used,
 * missing ones are created and pinned, and a map whose capacity changes is created anew to replace
 * the pinned one later (resize.h).
 *
 *   object_maps_prepare()   before the object is loaded: capacities, pinned maps to re-use
 *   object_maps_pin()       afterwards: pins the new ones, postern_control as the last
 *   object_maps_move()      replaces the pinned maps of another capacity
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/resize.h"

struct bpf_map;
struct datapath;
struct error;
struct postern_bpf;
struct programs_options;

struct object_maps {
	struct postern_bpf *skeleton; /* borrowed, as pin_path */
	const char *pin_path;
	bool directory_is_new;
	struct bpf_map **created; /* pinned by object_maps_pin() */
	size_t n_created;
	bool is_complete; /* postern_control is pinned: an earlier `up` has pinned all maps */
	struct datapath *pinned; /* these maps, open; NULL unless complete */
	bool moves[RESIZE_MAPS]; /* replaces the pinned map */
	uint64_t generation;	 /* of the programs that are being loaded */
};

/*
 * Sets capacities, `is_complete`, `pinned`, `moves` and `generation`. -EPROTO: pinned maps of
 * another layout, type or size; others: libbpf's.
 */
int object_maps_prepare(struct object_maps *maps, const struct programs_options *options,
			struct error *error);

/* Creates the directory too. */
int object_maps_pin(struct object_maps *maps, struct error *error);

/* Removes the pins and the directory that object_maps_pin() created. */
void object_maps_unpin(struct object_maps *maps);
void object_maps_done(struct object_maps *maps);

/* Does any pinned map have to be replaced? */
bool object_maps_must_move(const struct object_maps *maps);

/* As programs_move(). */
int object_maps_move(const struct object_maps *maps, bool *ret_begun, struct error *error);
