/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interfaces that must have hooks, by the configuration and the routes. Where the configuration
 * names interfaces, exactly these; mail that the routes lead elsewhere is held. Otherwise each
 * interface by which packets can reach the Internet. Pure.
 */
#pragma once

#include <stddef.h>

#include "postern/host.h"

struct config;
struct netlink_interface;
struct snapshot;

struct wanted {
	char name[16];
	const struct netlink_interface
		*link;		     /* of the snapshot; NULL: there is none of that name */
	char refused[POSTERN_CAUSE]; /* why it gets no hooks; "": it gets them */
};

/*
 * `ret_wanted` has space for `size` of them. The number of interfaces, which may be more: those
 * beyond `size` are left out.
 */
size_t wanted_interfaces(const struct config *config, const struct snapshot *snapshot,
			 struct wanted *ret_wanted, size_t size);
