/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table that spreads (sender, destination) over a pool's addresses.
 *
 * Eisenbud et al., "Maglev" (NSDI 2016), section 3.4, with weights, filled over all members of any
 * state; then weighted rendezvous hashing gives the slots of inactive members to active ones. So
 * the table is a pure function of (members, states): draining a member moves exactly its slots,
 * activating it returns exactly these, and every other (sender, destination) keeps its address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern/abi.h"

struct maglev_member {
	uint32_t id;   /* the content of its slots; not 0 */
	uint64_t hash; /* of the address' bytes, not its order: gives the preference list */
	unsigned weight;
	bool active;
};

/* A stable 64-bit hash of `size` bytes, for maglev_member.hash. */
uint64_t maglev_hash(const void *bytes, size_t size);

/*
 * Fills `ret_slots`, with 0 if no member is active. The order of members does not matter. -ENOMEM;
 * -EINVAL: more members than slots.
 */
int maglev_build(const struct maglev_member *members, size_t n_members,
		 uint32_t ret_slots[POSTERN_SLOTS]);
