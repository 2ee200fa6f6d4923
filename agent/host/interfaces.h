/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interfaces that steered mail leaves by, and the hooks on each. The configuration names them,
 * or they are those by which packets can reach the Internet. hook.h chooses and attaches; undo.h
 * detaches.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "datapath/hook.h"

struct config;
struct error;
struct hold;
struct journal;
struct programs;
struct netlink;
struct netlink_interface;

struct interface {
	struct hook_interface hook;
	struct hook_choice choice; /* interfaces_attach() puts `fallback` in place of `ingress` */
};

struct interfaces {
	struct interface *list;
	int *indexes; /* of the list, in its order */
	size_t count;
	char *note; /* for the operator, from interfaces_attach(); NULL: nothing to report */
};

/* The link as datapath/ sees it. */
struct hook_interface interfaces_hook(const struct netlink_interface *link);

/*
 * Changes nothing on the host. interfaces_done() frees the result. -ENODEV: no interface of that
 * name; -ENOENT: no default route; -EOPNOTSUPP: the configuration asks for a hook that the kernel
 * or the interface lacks, or the programs cannot parse its packets; -ENOMEM.
 */
int interfaces_find(const struct config *config, struct netlink *netlink,
		    struct interfaces *ret_interfaces, struct error *error);
void interfaces_done(struct interfaces *interfaces);

/* The same of links that are known already. The errors of hook_choose(); -ENOMEM. */
int interfaces_take(const struct config *config, const struct netlink_interface *links,
		    size_t count, struct interfaces *ret_interfaces, struct error *error);

/* All borrowed. */
struct attachment {
	const struct config *config;
	struct netlink *netlink;
	struct journal *journal;
	const struct programs *programs;
	const struct hold *hold; /* of interfaces_hold() alone; else NULL */
};

/*
 * Attaches to every interface, and sets arp_announce (arp.h), each change in the journal first.
 * Ingress comes before egress: the reply to the first translated SYN finds its program. Where the
 * driver has no native XDP, tc takes the replies, and only a reason other than that is noted.
 * Errors: hook_attach(), arp_prepare() and journal_add().
 */
int interfaces_attach(struct interfaces *interfaces, const struct attachment *attachment,
		      struct error *error);

/*
 * Puts the hold in the place of each interface's egress hook, in the journal as that hook: an
 * attached hook of the datapath is replaced. Errors: hold_hook_attach() and journal_add().
 */
int interfaces_hold(const struct interfaces *interfaces, const struct attachment *attachment,
		    struct error *error);

/*
 * Attaches one hook, in the journal first: the hold's program if `hold` is set. Errors:
 * hook_attach(), hold_hook_attach(), journal_add(); of the qdisc where the hook needs one.
 */
int interfaces_attach_hook(const struct attachment *to, const struct hook_interface *interface,
			   struct hook hook, struct error *error);

/* Adds to `note`. -ENOMEM. */
int interfaces_add_note(struct interfaces *interfaces, const char *text, struct error *error);

/* Is an interface of that name among them? */
bool interfaces_named(const struct interfaces *interfaces, const char *name);

/* Is `hook` chosen for the interface of that name? */
bool interfaces_have(const struct interfaces *interfaces, const char *name, struct hook hook);

/* The name of the interface with that index, which must be in the list. */
const char *interfaces_name(const struct interfaces *interfaces, int index);
