/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts one part back, as `up` would: the lock of `up` and `down` is held meanwhile, and each change
 * is in the journal first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct address;
struct announcer;
struct config;
struct error;
struct hold;
struct netlink;
struct netlink_interface;
struct programs;

/* All borrowed. */
struct put_back {
	const struct config *config;
	struct netlink *netlink;
	const struct programs *programs;
	struct announcer *announcer;	       /* NULL: addresses are not announced */
	const struct netlink_interface *links; /* those that have hooks, or get them */
	size_t n_links;
};

/*
 * Attaches the hooks of one interface, in place of HOOK_HANDLES; a link that is behind a program of
 * others is made anew, as the first. -ENOENT: `down` was called. Errors: interfaces_take(),
 * runtime_lock(), journal_open(), interfaces_attach(), undo_network().
 */
int put_back_hooks(const struct put_back *put_back, const struct netlink_interface *link,
		   struct error *error);

/* -ENODEV: there is no interface for pool addresses. Errors of runtime_lock() and plumb.h. */
int put_back_address(const struct put_back *put_back, const struct address *address, bool is_handle,
		     struct error *error);

/*
 * Holds forwarded mail on an interface that must not carry it, by a program in the place of its
 * egress hook; holding it again is no change. put_back_hooks(), an `up` and `down` end that, and
 * so does put_back_release(). Errors: interfaces_take(), runtime_lock(), journal_open(),
 * interfaces_hold(); undo_network().
 */
int put_back_hold(const struct put_back *put_back, const struct netlink_interface *link,
		  const struct hold *hold, struct error *error);
int put_back_release(const struct put_back *put_back, const char *interface, struct error *error);

/*
 * Attaches HOOK_HANDLES, or removes what is left of it once the interface is gone. Errors:
 * runtime_lock(), journal_open(), handles_attach(); undo_network().
 */
int put_back_handles(const struct put_back *put_back, const struct netlink_interface *link,
		     struct error *error);
int put_back_forget_handles(const struct put_back *put_back, const char *interface,
			    struct error *error);
