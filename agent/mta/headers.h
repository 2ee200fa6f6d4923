/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers by which a decision travels with its message, within this host. Whoever adds them takes
 * away first what came in under HEADERS_PREFIX; lanes take all of it away on the way out.
 */
#pragma once

#define HEADERS_PREFIX "X-Postern-"
#define HEADERS_POOL   "X-Postern-Pool" /* what people read: the pool that was decided on */
#define HEADERS_LANE   "X-Postern-Lane" /* what the MTA follows: the lane's name (pool/lane.h) */
