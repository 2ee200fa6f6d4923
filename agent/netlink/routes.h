/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the IPv4 routes of an interface over a moment in which the kernel deletes them: it deletes
 * all of them, static ones too, with the last IPv4 address of the interface. Of a route by
 * several interfaces it marks the next hop as dead. IPv6 routes stay.
 */
#pragma once

struct error;
struct netlink;
struct routes;

/* routes_free() ends it; NULL is fine. -ENOMEM; an errno of the dump. */
int routes_save(struct netlink *netlink, int index, struct routes **ret_routes,
		struct error *error);
void routes_free(struct routes *routes);

/*
 * Adds the routes that are missing, with all of their attributes, and revives next hops. A route
 * that the kernel itself makes with an address stays away, and one whose source address is gone.
 * Continues after a failure and returns the first one: an errno of the kernel; -ENOMEM.
 */
int routes_restore(struct netlink *netlink, const struct routes *routes, struct error *error);
