/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the hold (datapath/hold.h) as the host is: before the first `up` of a boot it holds the
 * whole host; over a running datapath each interface that has no hook and could need one. Where the
 * configuration turns it off, holding_open() removes it, and the others do nothing.
 *
 * An interface that appears carries nothing until it has its hooks, or has existed for
 * HOLDING_SETTLE_NS without a route to the Internet: routes come later than the interface.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

struct config;
struct error;
struct hold;
struct netlink_interface;
struct put_back;
struct snapshot;

#define HOLDING_SETTLE_NS 2000000000ULL

struct holding_link {
	int index;
	char name[16];
	uint64_t since_ns; /* when it was seen first; 0: it was there at the start */
	bool is_held;
	bool is_written;
	bool is_needed; /* holding_set() had it in this look */
	bool is_hooked; /* forwarded mail is held too */
};

struct holding {
	const char *pin_path;
	struct hold *hold; /* NULL: off, or not open */
	struct holding_link *links;
	size_t count;
	struct prefix *own;
	size_t n_own;
	bool is_following; /* the first holding_follow() is over */
};

/*
 * Opens the hold of a datapath that is up, or makes it; without a datapath it then holds the host.
 * Makes bpffs and the pins' directory where they are missing, in the journal first. Errors:
 * bpffs_prepare()'s, journal_open()'s, runtime_lock()'s, hold_open()'s.
 */
int holding_open(struct holding *holding, const struct config *config, struct error *error);
/* What is held stays held. */
void holding_close(struct holding *holding);

/* Links that are gone are forgotten, new ones known, the host's own addresses replaced. */
int holding_follow(struct holding *holding, const struct snapshot *snapshot, uint64_t now_ns,
		   struct error *error);

/* For an interface that needs hooks. */
int holding_set(struct holding *holding, const struct netlink_interface *link, bool is_held,
		struct error *error);

/*
 * Holds forwarded mail by the interface, or no longer: once it has hooks of its own, or no route
 * leads outside by it. Errors: put_back_hold()'s, put_back_release()'s.
 */
int holding_hook(struct holding *holding, const struct put_back *put_back,
		 const struct netlink_interface *link, struct error *error);
int holding_unhook(struct holding *holding, const struct put_back *put_back, struct error *error);

/*
 * The look of a host that has no datapath yet: own addresses, and forwarded mail by all interfaces
 * that lead outside. Errors: netlink_snapshot()'s, holding_follow()'s, holding_hook()'s.
 */
int holding_look(struct holding *holding, const struct put_back *put_back, struct error *error);

/* Lets all other interfaces pass that have settled, then ends the hold of the host. */
int holding_finish(struct holding *holding, uint64_t now_ns, struct error *error);
