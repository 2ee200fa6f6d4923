/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps handles on the host. The egress hooks drop what leaves from a handle untranslated; all
 * other interfaces get a hook of their own for that, HOOK_HANDLES. Loopback has none: a connection
 * to this host itself is left alone. Neither has a port of a bridge or bond: what this host sends
 * by it passes the hook of the bridge.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "datapath/hook.h"
#include "postern/handles.h"

struct attachment;
struct config;
struct error;
struct interfaces;
struct journal_entry;
struct netlink;
struct netlink_interface;
struct snapshot;

/* The bits that all handles of the configuration have in common, for the programs. */
struct handle_filter handles_filter(const struct config *config);

/*
 * The kind of HOOK_HANDLES that the interface needs. HOOK_NONE: none, as it has the datapath's
 * hooks, or is no way out.
 */
enum hook_kind handles_hook_kind(const struct config *config, const struct netlink_interface *link);

/*
 * Attaches the hook where the interface needs it, in the journal first. Errors: hook_attach(),
 * journal_add().
 */
int handles_attach(const struct attachment *to, const struct netlink_interface *link,
		   struct error *error);

/*
 * To all interfaces that need the hook. One that does not take it is noted with `interfaces`.
 * Errors: netlink_snapshot()'s; -ENOMEM.
 */
int handles_attach_all(const struct attachment *to, struct interfaces *interfaces,
		       struct error *error);

/* A line of the journal: is it a hook for handles? */
bool handles_is_hook(const struct journal_entry *entry);
