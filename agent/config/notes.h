/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration that loads and still is not what its author wants: a line for each cause. */
#pragma once

#include <stdio.h>

struct config;

/*
 * Prints a line each for:
 *
 *   addresses of pools that are for documentation (RFC 5737, RFC 3849)
 *   a milter on TCP, which every user of the host reaches
 *   users of `user`, `commanders` and `tellers` that do not exist
 */
void config_print_notes(const struct config *config, FILE *out);
