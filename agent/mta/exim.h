/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of Exim 4.96 for the pools as they are configured, in the parts that an Exim
 * configuration has:
 *
 *   main         macros (POSTERN_…) with all that depends on our configuration, and which ACLs are run
 *   acl          asks the agent about each message, once, when all of it is there (POST /v1/messages);
 *                the lane of the answer stays with the message in $acl_m_postern_lane
 *   routers      choose the transport by that. A decision for normal is asked about again (lookup.h)
 *                when the message has waited for a while, as its sender may have another verdict by
 *                then. Without a decision the null sender takes the high-risk lane; others are asked
 *                about, and without an answer take the normal one, or wait (on_agent_down)
 *   transports   one for each lane
 *
 * Exim refuses an `interface` made of anything that came from outside, and uses a connection for the
 * next message of the same transport: so a lane is a transport of its own with constant addresses.
 *
 * A lane does one or both families (pool/lane.h). Where it does one, hosts of the other are ignored, and
 * the transport has an address for the other from which nothing leaves: Exim would connect unbound.
 *
 * A message whose lane is not there (its pool has none, or what was printed is older than the
 * configuration) waits in the queue, and the log says so.
 */
#pragma once

#include <stdio.h>

struct config;
struct error;

enum exim_part {
	EXIM_MAIN,
	EXIM_ACL,
	EXIM_ROUTERS,
	EXIM_TRANSPORTS,
	EXIM_PARTS,
	EXIM_ALL = EXIM_PARTS, /* each below a heading that says where it goes */
};

/* "main", "acl", "routers", "transports" */
const char *exim_part_name(enum exim_part part);

/* -EINVAL: normal or high-risk has no lane; -EIO: could not be written; -ENOMEM. */
int exim_print(const struct config *config, enum exim_part part, FILE *out, struct error *error);
