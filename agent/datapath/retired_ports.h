/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: ports that the configuration does not steer any more, but flows still go to. What
 * has such a flow goes on to be translated, or its local end's address would be on the wire; all else passes.
 */
#pragma once

#include <stdint.h>

#include "postern/abi.h"

struct error;

/* Of the flows pinned there. 0 ends both lists; of more than there is room for, any. */
int ports_find_leaving(const char *pin_path, const uint16_t steered[POSTERN_PORTS_MAX],
		       uint16_t ret_leaving[POSTERN_PORTS_MAX], struct error *error);
