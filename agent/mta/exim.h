/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of Exim 4.96 for the configured pools, in the parts of an Exim configuration:
 *
 *   main         macros (POSTERN_…) with everything that depends on the configuration, and the
 *                choice of the ACLs
 *   acl          asks the agent once about each message, when it is complete (POST /v1/messages).
 *                The lane of the answer stays with the message in $acl_m_postern_lane
 *   routers      choose the transport by that lane. A decision for normal is asked about again
 *                (lookup.h) when the message has waited, as its sender may have another verdict
 *                by then. Without a decision, the null sender uses the high-risk lane; other mail
 *                is asked about, and without an answer uses the normal lane or waits
 *                (on_agent_down)
 *   transports   one per lane
 *
 * A lane is a transport of its own with constant addresses: Exim refuses an `interface` made of
 * tainted data, and reuses a connection for the next message of the same transport.
 *
 * A lane serves one or both families (pool/lane.h). For a lane of one family, hosts of the other
 * family are ignored, and the transport binds that family to an address from which nothing can
 * leave; else Exim would connect unbound.
 *
 * A message whose lane does not exist (its pool has none, or the printed configuration is older
 * than ours) waits in the queue, with a line in the log.
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
	EXIM_ALL = EXIM_PARTS, /* each below a heading that names its place */
};

/* "main", "acl", "routers", "transports" */
const char *exim_part_name(enum exim_part part);

/* -EINVAL: normal or high-risk has no lane; -EIO: could not be written; -ENOMEM. */
int exim_print(const struct config *config, enum exim_part part, FILE *out, struct error *error);
