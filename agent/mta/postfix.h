/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of Postfix 3.7 for the pools as they are configured: one lane (an smtp(8) service)
 * for each pool, which binds to the pool's handles (pool/lane.h); and what decides which mail takes it:
 *
 *   when mail comes in    smtpd_milters           `postern milter`: each message is judged
 *                         milter_header_checks    what is not for pool normal keeps its lane (FILTER)
 *   when it is delivered  rewrite_service_name    the queue manager asks the socketmap what holds for
 *                                                 its sender (lookup.h); nobody else does
 *   on the way out        smtp_header_checks      headers.h's are taken away
 *
 * Tables stand in the parameters themselves: there is nothing to install besides. Paths of sockets below
 * Postfix's queue directory are printed relative to it, which its processes find chrooted or not.
 *
 * Mail to hosts of a family that a lane does not do is returned, as by any host without it.
 */
#pragma once

#include <stdio.h>

struct config;

enum postfix_part {
	POSTFIX_ALL,	/* both, each below a heading that says where it goes */
	POSTFIX_MASTER, /* to append to master.cf */
	POSTFIX_MAIN,	/* to append to main.cf; every setting is one line */
};

/* -EIO: could not be written; -ENOMEM. */
int postfix_print(const struct config *config, enum postfix_part part, FILE *out);
