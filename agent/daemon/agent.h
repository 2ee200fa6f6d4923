/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The long-running process: verdicts that end, cgroups that come and go, events of the datapath,
 * the API. Packets do not need it; what it does is in the maps, and they outlive it.
 *
 *   SIGTERM, SIGINT  clean end, status 0
 *   SIGHUP           reads the configuration again; where it is wrong the old one stays. What was opened
 *                    at the start stays as it is: pin_path, runtime_dir, state, user, metrics
 *   datapath made    the pin of postern_control is another file: opens it and reads the configuration
 *   anew below it    again, as `up` did; where that fails, as below
 *   datapath gone    a line in the log and status 1, for the supervisor to start a new agent
 */
#pragma once

#include <stdbool.h>

struct config;
struct error;

struct agent_options {
	struct config *config;
	int lock_fd;	       /* lock.h's, taken already; -1: the agent takes it */
	bool ends_with_parent; /* SIGTERM to itself when the process that forked it dies */
};

/*
 * Becomes config->user where it is root, without any capability, before it opens or listens. Says
 * READY=1 to the supervisor once it answers. Returns the exit status, or a negative errno: could
 * not start; -ENOENT: datapath not up; -EBUSY: an agent runs already.
 */
int agent_run(const struct agent_options *options, struct error *error);
