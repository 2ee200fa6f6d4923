/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `up`, the agent and `down` in one foreground process tree, for containers and for trying it out.
 */
#pragma once

struct config;
struct error;

/*
 * The parent stays root and does `up` and `down`; the child is the agent. SIGTERM, SIGINT and
 * SIGHUP are passed on. Whatever ends the agent, `down` follows. Returns the agent's exit status
 * (128 + n after signal n), or a negative errno: `up` or `down` failed, or an agent runs already
 * (-EBUSY), whose datapath is then left alone.
 */
int run_all(const struct config *config, struct error *error);
