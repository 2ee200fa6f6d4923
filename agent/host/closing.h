/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `down` ends connections before it takes the hooks away: without a hook their packets would leave
 * as they are, from a handle or the host's own address. Connections that never were translated
 * (pool POOL_NONE) go on. Flows of other hosts cannot be ended from here: their later packets leave
 * as without a datapath.
 *
 *   end sockets -> the remote ends get a reset, translated as all before
 *   quiesce     -> nothing steered passes the hooks any more, until `up`
 *   end sockets -> these that have opened meanwhile
 */
#pragma once

struct config;

/* Logs what it cannot end. Nothing where no datapath of this layout is up. */
void closing_run(const struct config *config);
