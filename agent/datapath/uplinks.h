/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pool addresses that the host routes by their source: `ip rule` has a rule whose "from" prefix
 * contains the address. The programs look the route of each packet with such an address up again,
 * with this source, and send the packet by the interface that they find.
 */
#pragma once

#include <stddef.h>

struct address;
struct datapath;

/*
 * The map has these addresses afterwards, and no others. The caller holds the lock of `up`
 * (host/runtime.h), as postern_gen has no other writer. A negative errno: the map has some of the
 * changes; call it again.
 */
int uplinks_set(struct datapath *datapath, const struct address *addresses, size_t n);
