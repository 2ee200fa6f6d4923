/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lanes of an MTA. A lane is one service (Postfix), one transport (Exim), one binding (Haraka):
 * it binds to handles, uses one name in HELO, and so chooses the pool. Only this file knows the
 * lanes and their names; the printed MTA configuration, the answers to an MTA and the marks of
 * messages use it.
 *
 * lanes = "pool": one lane per handle of a pool, as a connection that binds takes a port of its
 * handle, whatever its destination. The first is "postern-POOL", the others "postern-POOL~2" and so
 * on; each has a handle of both families where the pool has, and mail is spread over them. The
 * datapath chooses the address.
 *
 * lanes = "address": one lane per address with a handle of its own, "postern-POOL~ADDRESS", bound
 * to that handle: its name in HELO can be the address' name in DNS. An IPv4 and an IPv6 address of
 * one pool with the same helo of their own share a lane, named after the first, which so reaches
 * hosts of both families; other lanes serve one family. A pool whose addresses have no handles has
 * lanes as above.
 *
 * A pool's lane serves only the families in which the pool has a handle and an address, of its own
 * or of a pool that when_empty leads to (the datapath follows it per family). Mail in the other
 * family would leave unbound, or be held for ever. A pool without any such family has no lane.
 *
 * Names consist of the characters of pool names, and '~', which pool names lack: no two lanes have
 * the same name. '-' stands for ':' of an IPv6 address, as ':' ends the name of a transport in
 * Postfix.
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
	const struct address *ipv4; /* the handle to bind to; NULL: the lane does not serve IPv4 */
	const struct address *ipv6;
	const char *helo; /* NULL: the MTA's own name */
	/* The lane's only addresses; both NULL: any of the pool. */
	const struct config_address *only_ipv4;
	const struct config_address *only_ipv6;
};

/* In the order of the configuration's pools; lanes of one pool are neighbours. */
struct lane_set {
	const struct config *config;
	struct lane *lanes;
	size_t n_lanes;
};

/* Borrows `config` for its life. -ENOMEM. lane_set_done() may also be called on a zeroed set. */
int lane_set_init(struct lane_set *set, const struct config *config);
void lane_set_done(struct lane_set *set);

/* The first lane of the pool, and their number; NULL and 0: none. */
const struct lane *lane_of_pool(const struct lane_set *set, const struct config_pool *pool,
				size_t *ret_count);
