/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An MTA's ways out. A lane is one service (Postfix), one transport (Exim), one binding (Haraka): it
 * binds to handles, says one name in HELO, and so chooses the pool. This is the one place that knows
 * which lanes there are and what they are called: what prints an MTA's configuration, what answers
 * which lane is to be taken, and what marks messages with it all read it here.
 *
 * lanes = "pool": one for each pool, "postern-POOL", bound to the pool's handles. The datapath chooses the
 * address.
 *
 * lanes = "address": one for each address that has a handle of its own, "postern-POOL~ADDRESS", bound to
 * it: the name in HELO can be the one that the address has in DNS. An IPv4 and an IPv6 address of a pool
 * that have the same helo of their own share a lane, called after the first, so that it reaches hosts of both
 * families; other lanes do one. A pool whose addresses have none has its one lane as above.
 *
 * A lane of a pool does only the families in which it has a handle and in which the pool has somewhere to go: an
 * address of its own, or of a pool that when_empty leads to (the datapath follows it by family). Mail
 * of the other would leave unbound, or be held for ever. Of several handles of one family the first
 * is the lane's. A pool with no such family has no lane.
 *
 * Names are made of what pools' names are made of, and '~', which they do not have: no two lanes have the
 * same. In an IPv6 address '-' stands for ':', which ends the name of a transport in Postfix.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "postern/abi.h"

struct config;
struct config_address;
struct config_pool;

#define LANE_PREFIX    "postern-"
#define LANE_NAME_SIZE (sizeof(LANE_PREFIX) + POSTERN_POOL_LABEL + ADDRESS_TEXT_SIZE)

/* Borrows from the configuration. */
struct lane {
	char name[LANE_NAME_SIZE];
	const struct config_pool *pool;
	const struct address *ipv4; /* what to bind to; NULL: it does not do this family */
	const struct address *ipv6;
	const char *helo; /* NULL: the MTA's own */
	/* The addresses by which it leaves; both NULL: any of the pool. */
	const struct config_address *only_ipv4;
	const struct config_address *only_ipv6;
};

/* In the order of the configuration's pools, those of one pool side by side. */
struct lane_set {
	const struct config *config;
	struct lane *lanes;
	size_t n_lanes;
};

/* Borrows `config` for its life. -ENOMEM. A zeroed one is empty, and may be done away with, too. */
int lane_set_init(struct lane_set *set, const struct config *config);
void lane_set_done(struct lane_set *set);

/* The pool's first, with their number; NULL and 0: it has none. */
const struct lane *lane_of_pool(const struct lane_set *set, const struct config_pool *pool,
				size_t *ret_count);
