/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The main part of Exim's configuration: macros with everything that depends on the
 * configuration.
 */
#pragma once

#include <stdio.h>

struct lane_set;

/* Pools normal and high-risk must have a lane. */
void exim_macros_print(const struct lane_set *lanes, FILE *out);
