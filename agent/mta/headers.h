/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers that carry a decision with its message inside this host. Their writer first removes
 * all received headers with HEADERS_PREFIX; lanes remove them when the message leaves.
 */
#pragma once

#define HEADERS_PREFIX "X-Postern-"
#define HEADERS_POOL   "X-Postern-Pool" /* for people: the pool of the decision */
#define HEADERS_LANE   "X-Postern-Lane" /* for the MTA: the name of the lane (pool/lane.h) */
