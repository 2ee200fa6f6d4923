/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: retired ports, which the configuration does not steer any more while flows
 * to them live. Packets of these flows are translated until the flows end, or they would leave with
 * the local address; all other packets to a retired port pass.
 */
#pragma once

#include <stdint.h>

#include "postern/abi.h"

struct datapath;
struct error;

/*
 * From the flows of the pinned maps. 0 ends both lists; past POSTERN_PORTS_MAX retired ports the
 * rest is left out.
 */
int retired_ports_find(struct datapath *pinned, const uint16_t steered[POSTERN_PORTS_MAX],
		       uint16_t ret_retired[POSTERN_PORTS_MAX], struct error *error);
