/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pinned maps that the agent has open, and the events from them. `up` replaces the pins where
 * it recreates the maps; `down` removes them.
 */
#pragma once

#include <stdbool.h>

struct agent;
struct error;

/*
 * Opens the maps and the events; maps_close() frees both, after a failure too. -ENOENT: nothing is
 * up, and the text says what to do; errors of datapath_open() and datapath_events_open().
 */
int maps_open(struct agent *agent, struct error *error);
void maps_close(struct agent *agent);

/* From now on the loop hands events to the judge and to the error log. -ENOMEM. */
int maps_listen(struct agent *agent);

/* Has `up` replaced the pins since maps_open()? */
bool maps_are_replaced(const struct agent *agent);

/*
 * Opens the new maps and reloads the configuration, as `up` did. On failure the agent keeps the old
 * maps, and must end. -EPERM is the exception: another `up` is replacing these, too, and the next
 * call of maps_are_replaced() is true again.
 */
int maps_follow(struct agent *agent, struct error *error);
