/* SPDX-License-Identifier: BSD-2-Clause */
/* What an `up` over a running datapath removes: changes of an earlier one, no longer wanted. */
#pragma once

struct config;
struct error;
struct interfaces;
struct journal;
struct leaving;
struct netlink;

/* All borrowed. */
struct up_prune {
	const struct config *config;
	struct netlink *netlink;
	struct journal *journal;
	const struct interfaces *interfaces;
	const struct leaving *leaving; /* addresses that stay until their flows have ended */
};

/* Errors: undo_network()'s. */
int up_prune(const struct up_prune *prune, struct error *error);
