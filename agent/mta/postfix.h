/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of Postfix 3.7 for the pools as they are configured: one lane (an smtp(8) service)
 * for each pool, which binds to the pool's handles; and what sends ordinary mail by the normal
 * lane and the null sender's (bounces) by the high-risk one.
 *
 * A lane does only the families in which the pool has a handle and somewhere to go (an address of its
 * own, or of a pool that when_empty leads to). The other is switched off: mail would leave unbound, or be
 * held for ever. Mail to hosts of that family alone is returned, as by any host without it. Of several
 * handles of one family the first is the lane's. A pool with no such family has no lane.
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
