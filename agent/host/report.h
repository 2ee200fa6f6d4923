/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells of the parts of the host: postern_host for programs, the log for people. */
#pragma once

#include <stdbool.h>

struct config;
struct datapath;
struct error;
struct repair;

/* Takes over what postern_host says of put_back. -ENOMEM; an errno of the map. */
int report_restore(struct repair *repair, struct datapath *datapath, struct error *error);

/*
 * Writes the parts that have changed, removes those that the last look did not find, logs each
 * change, and then changes the entry of all. `holds`: is the mail of an interface without hooks
 * held? *ret_addresses is set where a pool address can be used from now on, or no longer. -E2BIG:
 * the map is full; an errno of the map.
 */
int report_publish(struct repair *repair, struct datapath *datapath, bool holds,
		   bool *ret_addresses, struct error *error);

/* The line of a datapath that is up. */
void report_up(const struct config *config);
