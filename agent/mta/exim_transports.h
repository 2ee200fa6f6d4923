/* SPDX-License-Identifier: BSD-2-Clause */
/* Exim's transports: one per lane, with constant addresses (exim.h says why). */
#pragma once

#include <stdio.h>

#include "pool/lane.h"

/* Exim allows letters, digits and '_' in the name of a transport. */
#define EXIM_TRANSPORT_NAME_SIZE 64
const char *exim_transport_name(const struct lane_set *lanes, size_t index,
				char ret_name[EXIM_TRANSPORT_NAME_SIZE]);

void exim_transports_print(const struct lane_set *lanes, FILE *out);
