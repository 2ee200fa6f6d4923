/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One look at the whole host over a running datapath: what is missing is put back at once, what
 * cannot be put back stays held, and both are reported. A look costs some dumps of rtnetlink and a
 * query for each hook, so it is made after every change that the kernel announces, and once a
 * second for the changes that it does not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "host/leaving.h"
#include "host/others.h"
#include "host/repair.h"
#include "host/uplinks.h"

struct announcer;
struct config;
struct datapath;
struct error;
struct holding;
struct mnl_socket;
struct netlink;
struct programs;

#define WATCH_RETIRE_SEC 5 /* after its last flow an address that has left goes within this time */

/* All borrowed but `repair`, `others`, `uplinks` and `leaving`, which watch_done() frees. */
struct watch {
	const struct config *config;
	struct netlink *netlink;
	const struct programs *programs; /* loaded; NULL: look, and put nothing back */
	struct announcer *announcer;	 /* NULL: addresses put back are not announced */
	struct datapath *datapath;	 /* for postern_host */
	struct holding *holding;
	struct repair repair;
	struct others others;
	struct uplinks uplinks; /* as the last look wrote them */
	bool has_uplinks;	/* a look has written them */
	struct leaving leaving; /* as the last walk over the flows found them */
	uint64_t retire_ns;	/* when addresses that have left are looked at again */
	bool addresses_changed; /* steering does not know yet which addresses the host lacks */
};

/* -ENOMEM; errors of netlink_snapshot() and report_publish(), not of putting back a part. */
int watch_look(struct watch *watch, struct error *error);
void watch_done(struct watch *watch);

/*
 * For `up` where no guard runs: writes postern_host, ends the hold of the host that a guard left,
 * and puts nothing back. Errors: datapath_open()'s, holding_open()'s, watch_look()'s.
 */
int watch_once(const struct config *config, struct netlink *netlink, struct error *error);
