/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP requests for a connection from a handle name the handle, by the kernel's default: a router
 * with arp_ignore = 2, or rp_filter = 1 and another route to the handle, does not answer. With
 * arp_announce = 2 they name an address of the interface.
 */
#pragma once

struct error;
struct journal;
struct netlink;

#define ARP_ANNOUNCE_BEST 2

/* Where the setting is less, in the journal first. Errors of journal_add() and netlink.h. */
int arp_prepare(struct netlink *netlink, struct journal *journal, int index, const char *name,
		struct error *error);

/* Sets what stood there before, unless somebody has changed the setting since. */
int arp_undo(struct netlink *netlink, int index, const char *before, struct error *error);
