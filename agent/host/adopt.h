/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local connections to steered ports that the datapath has not seen opened, from addresses of pools: made
 * before the first `up`, or before an address was given to a pool. They go on as they are, and
 * their ports are not handed out while they live. One whose SYN the datapath sees needs none of this.
 */
#pragma once

struct config;
struct error;
struct programs;

/*
 * Makes a flow of each that has none. Before anything can take its port; it may be called again. *ret_note
 * (freed by the caller; NULL: nothing to say) tells which ports are not kept, and why; that is no error.
 */
int adopt_sockets(const struct config *config, const struct programs *programs, char **ret_note,
		  struct error *error);
