/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table that spreads (sender, destination) over a pool's addresses.
 *
 * Eisenbud et al., "Maglev" (NSDI 2016), section 3.4, with weights, filled over all members whatever
 * their state; then the slots of members that are not active are given to active ones by weighted
 * rendezvous hashing. So the table is a pure function of (members, states), and draining a member
 * moves exactly that member's slots and activating it brings exactly them back; no sender towards any
 * other destination changes its address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern/abi.h"

struct maglev_member {
	uint32_t id; /* what is written into the slots; not 0 */
	uint64_t
		hash; /* decides the preference list; from the address' bytes, not from its order */
	unsigned weight;
	bool active;
};

/* A stable 64-bit hash of `size` bytes, for maglev_member.hash. */
uint64_t maglev_hash(const void *bytes, size_t size);

/*
 * Fills `ret_slots`; all 0 where no member is active. Members may come in any order: the result is
 * the same. -ENOMEM, -EINVAL (more members than slots).
 */
int maglev_build(const struct maglev_member *members, size_t n_members,
		 uint32_t ret_slots[POSTERN_SLOTS]);
