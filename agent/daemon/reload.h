/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the configuration file again. Senders, verdicts and slots follow it at once; `up` applies
 * pool addresses and interfaces. A new value that needs a restart is reported and ignored.
 */
#pragma once

struct agent;
struct error;
struct now;

/*
 * On failure the agent keeps its configuration, and the maps follow the one that they followed
 * before. -EBUSY: `up` is writing the maps, or the file changes all the time; errors of
 * config_load(), steering_new(), judge_prepare() and steering_sync().
 */
int reload_run(struct agent *agent, struct error *error);

/* Reports a reload that failed with `r`, and plans the next one. */
void reload_try_later(struct agent *agent, int r, struct error *error);
/* Reloads, and reports the result. Errors: reload_run(). */
int reload_now(struct agent *agent, struct error *error);
/*
 * Once a second: reloads where `up` has put another configuration in force. A failure is tried
 * again after ten seconds, and after one where only `up` was in the way.
 */
void reload_follow(struct agent *agent, const struct now *now);
