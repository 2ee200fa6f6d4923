/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pool addresses of the journal that the configuration no longer has. The router asks by ARP for an
 * address of its own network: without the address on the host, live flows would end. So it stays
 * until its last flow has ended, and takes no new ones, as no slot of a pool leads to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

struct config;
struct datapath;
struct error;
struct journal;
struct netlink;

struct leaving_address {
	struct address address;
	uint64_t flows;
};

struct leaving {
	struct leaving_address *list; /* only those with flows */
	size_t count;
};

/* One walk over all flows, and none where no address leaves. -ENOMEM; an errno of the map. */
int leaving_read(const struct config *config, const struct journal *journal,
		 struct datapath *datapath, struct leaving *ret_leaving, struct error *error);
void leaving_done(struct leaving *leaving);

/* Does the address of a line of the journal still have flows? */
bool leaving_has(const struct leaving *leaving, const char *text);

/* For the operator, the caller's; NULL: nothing to report. -ENOMEM. */
int leaving_note(const struct leaving *leaving, char **ret_note);

/*
 * For `guard`, which holds no lock: removes the addresses that have left the configuration and have
 * no flows any more; the others are the result. Errors of runtime_lock(), journal_open(),
 * leaving_read() and undo_network().
 */
int leaving_retire(const struct config *config, struct netlink *netlink, struct datapath *datapath,
		   struct leaving *ret_leaving, struct error *error);
