/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The long-running process: ends verdicts, follows cgroups, counts events of the datapath, serves
 * the API. Packets do not need it: its decisions are in the maps and outlive it.
 *
 *   SIGTERM, SIGINT     stops, status 0
 *   SIGHUP              reloads the configuration; if it has errors, the old one stays. Keys that
 *                       need a restart keep their values (config/keys.h)
 *   maps recreated      opens the new maps and reloads the configuration; if that fails, as below
 *   datapath gone       logs it and exits with status 1, for the supervisor to restart the agent
 */
#pragma once

#include <stdbool.h>

struct config;
struct error;

struct agent_options {
	struct config *config;
	int lock_fd;	       /* from lock_take(); -1: the agent takes the lock */
	bool ends_with_parent; /* gets SIGTERM when the process that forked it ends */
};

/*
 * Drops all privileges before it opens or listens: root becomes the configured user. Sends READY=1
 * to the supervisor once it serves requests. Returns the exit status, or a negative errno if it
 * cannot start. -ENOENT: nothing is up; -EBUSY: an agent runs already; errors of the functions that
 * open its parts.
 */
int agent_run(const struct agent_options *options, struct error *error);
