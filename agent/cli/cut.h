/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --now. The datapath ends a cut flow at its next packet, which an idle connection may not send
 * for hours. Here the kernel closes the sockets of this network namespace that hold a cut flow of
 * the sender. Forwarded flows have no socket here and end at their next packet.
 */
#pragma once

#include <jansson.h>

struct cli;
struct error;

/* To be called before any change. -EPERM: --now without root. */
int cli_cut_check(const struct cli *cli, struct error *error);

/*
 * To be called after the agent has cut the sender's flows: closes their sockets with --now, then
 * ends the command by cli_show(). Consumes the answer. Errors: sockdiag.h and cli.h.
 */
int cli_cut_done(const struct cli *cli, const char *sender, json_t *answer, struct error *error);
