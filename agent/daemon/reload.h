/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the configuration file again. Senders, verdicts and slots follow it at once; `up` applies
 * pool addresses and interfaces. A new value that needs a restart is reported and ignored.
 */
#pragma once

struct agent;
struct error;

/*
 * On failure the agent keeps its configuration, though some maps may follow the new one already:
 * the caller syncs the steering that it keeps. Errors of config_load(), steering_new(),
 * judge_prepare() and steering_sync().
 */
int reload_run(struct agent *agent, struct error *error);
