/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools, the states that operators set, and the tables of addresses for new flows that follow from
 * them. Pure: no I/O, no clock. steering/ owns the one `struct pool_set`.
 *
 * Address states: active -> draining -> disabled, and back to active from either; only active
 * addresses get new flows. An address that the host lacks is not active meanwhile. A disabled pool
 * has no active address. A pool without an active address (per family) takes the table of its
 * when_empty pool, and so on; the last one holds: an all-zero table. The configuration rejects a
 * when_empty path from high-risk to normal, and cycles.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "postern/abi.h"

struct pool_address {
	uint32_t id;
	struct address address;
	unsigned weight;
	enum address_state state;
	bool set;  /* manually, since the start */
	bool held; /* the host lacks it: it counts as not active, whatever `state` */
};

struct pool {
	uint32_t id;
	const char *name; /* borrowed from the configuration */
	enum pool_state state;
	bool set; /* manually, since the start */
	struct pool_address *addresses;
	size_t n_addresses;
	struct pool *when_empty; /* within the same set; NULL: hold */
};

struct pool_set {
	struct pool *pools;
	size_t n_pools;
};

/* Frees pools and addresses, which the caller has allocated. */
void pool_set_done(struct pool_set *set);

/* Borrowed; NULL: no such pool or address. */
struct pool *pool_find(const struct pool_set *set, const char *name);
struct pool *pool_find_id(const struct pool_set *set, uint32_t id);
struct pool_address *pool_find_address(const struct pool *pool, const struct address *address);

/* The number of active addresses; 0 for a disabled pool. */
size_t pool_active(const struct pool *pool);

bool pool_address_is_active(const struct pool *pool, const struct pool_address *address);
enum slot_family pool_address_family(const struct pool_address *address);
bool pool_has_active(const struct pool *pool, enum slot_family family);

/* Is `id` this pool, or a pool to which when_empty leads from here? */
bool pool_reaches(const struct pool *pool, uint32_t id);

/*
 * The pool whose addresses the new flows of this pool and family take: itself, or one that
 * when_empty leads to. NULL: the flows are held.
 */
const struct pool *pool_serving(const struct pool *pool, enum slot_family family);

/* The table of a pool's new flows for one family, when_empty resolved. -ENOMEM. */
int pool_slots(const struct pool *pool, enum slot_family family, uint32_t ret_slots[POSTERN_SLOTS]);
