/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The map postern_uplinks: pool addresses that the host routes by their source (`ip rule from
 * ADDRESS`), and so by another interface than the packet that is translated to them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

struct datapath;

/* Packets translated to `address` that would leave by `wrong` leave by `right`. */
struct uplink_route {
	struct address address;
	uint32_t wrong;	    /* index of a hooked interface */
	uint32_t right;	    /* index, never `wrong`; 0: there is none, hold them */
	char interface[16]; /* name of `right`, empty for 0 */
};

/*
 * The map has these routes afterwards, and no others. The caller holds the lock of `up`
 * (host/runtime.h), which lets one process write postern_gen. A negative errno: the map has some of
 * the changes; call it again. -E2BIG: the map is full.
 */
int uplinks_set(struct datapath *datapath, const struct uplink_route *routes, size_t n);
