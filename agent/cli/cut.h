/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What --now adds to a cut. The datapath ends a cut flow at its next packet; an idle connection has none
 * for a long time. Here the sockets of this host (of this network namespace) that hold a cut flow
 * of the sender are closed by the kernel at once. Forwarded flows have no socket here and wait.
 */
#pragma once

#include <jansson.h>

struct cli;
struct error;

/* Before anything is changed. 0 without --now. -EPERM: only root may close sockets of others. */
int cli_cut_check(const struct cli *cli, struct error *error);

/*
 * After the agent has cut the sender's flows: closes their sockets (with --now), then ends the command by
 * cli_show() of the agent's answer, which it takes over. Errors: sockdiag.h and cli.h.
 */
int cli_cut_done(const struct cli *cli, const char *sender, json_t *answer, struct error *error);
