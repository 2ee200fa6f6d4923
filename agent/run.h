/* SPDX-License-Identifier: BSD-2-Clause */
/* `up`, guard, agent and `down` in one foreground process tree, for containers and first trials. */
#pragma once

struct config;
struct error;

/*
 * The parent stays root for `up` and `down`; its children are the agent and the guard. The parent
 * forwards SIGTERM, SIGINT and SIGHUP to the agent, SIGHUP to the guard too, starts a guard that
 * was killed again, and runs `down` whenever the agent ends. Returns the agent's exit status (128
 * + n after signal n), or a negative errno. -EBUSY: an agent runs already, and its datapath stays;
 * others: `up` or `down` failed.
 */
int run_all(struct config *config, struct error *error);
