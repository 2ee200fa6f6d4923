/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the configuration file again. Senders, verdicts and slots follow it at once; `up` applies
 * pool addresses and interfaces. A new value that needs a restart is reported and ignored.
 *
 * The agent answers meanwhile, however many senders there are:
 *
 *   thread  reads and checks the file
 *   loop    takes the turn to write; pools of the new configuration
 *   thread  senders of the new configuration, compared with the maps (steering/plan.h)
 *   loop    commit: from now on the new configuration judges and takes orders
 *   loop    the differences into the maps, slice by slice; the end of the turn
 *   thread  frees the old configuration
 *
 * Until the commit, orders and verdicts go by the old one, and the new one inherits them. Of all
 * that is refused, nothing is changed: the commit cannot fail. A map that refuses a write after it
 * is tried again by another reload.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct error;
struct now;
struct reload;

/*
 * Begins a reload, or another one after that which runs. *ret_number is its number, for
 * server_answer(). -ENOMEM, -EAGAIN: no thread.
 */
int reload_begin(struct agent *agent, uint64_t *ret_number, struct error *error);
/* Before the parts of the agent are closed. */
void reload_cancel(struct agent *agent);

/*
 * A whole reload before it returns; none runs. -EBUSY: `up` is writing the maps, or the file
 * changes all the time; errors of config_load(), steering_new(), judge_prepare() and plan_step().
 */
int reload_run(struct agent *agent, struct error *error);

/* Reports a reload that failed with `r`, and plans the next one. */
void reload_try_later(struct agent *agent, int r, struct error *error);
/*
 * Once a second: begins one where `up` has put another configuration in force. A failure is tried
 * again after ten seconds, and after one where only `up` was in the way.
 */
void reload_follow(struct agent *agent, const struct now *now);
