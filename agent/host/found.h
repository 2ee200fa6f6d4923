/* SPDX-License-Identifier: BSD-2-Clause */
/* What is there of the parts that the datapath needs: hooks, pool addresses, handles. */
#pragma once

#include <stdbool.h>

struct address;
struct config;
struct error;
struct finding;
struct netlink;
struct snapshot;
struct wanted;

/*
 * Looks at the hooks of one interface: attached, of the configured kind, and before all programs of
 * others. A hook that cannot be looked at counts as missing.
 */
void found_interface(const struct config *config, struct netlink *netlink,
		     const struct wanted *wanted, struct finding *ret_finding);

/* Looks for a pool address, or a handle, on any interface. */
void found_address(const struct snapshot *snapshot, const struct address *address, bool is_handle,
		   struct finding *ret_finding);
