/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections of this host from pool addresses to steered ports, opened before the first `up` or
 * before their address joined a pool. The datapath saw no SYN of theirs, so they get a flow here:
 * they continue unchanged, and no other flow takes their ports while they live.
 */
#pragma once

struct config;
struct error;
struct programs;

/*
 * Makes a flow for each connection that has none. May be called again; call it before new flows can
 * take the ports. Where ports cannot be reserved, *ret_note reports how many and why, and the
 * result is still 0; the caller frees it, NULL: nothing to report. Errors: sockdiag_list()'s except
 * -EOPNOTSUPP; -ENOMEM.
 */
int adopt_sockets(const struct config *config, const struct programs *programs, char **ret_note,
		  struct error *error);
