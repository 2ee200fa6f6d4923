/* SPDX-License-Identifier: BSD-2-Clause */
/* Chooses lines of the journal; undo.c undoes them, hooks before qdiscs. */
#include "host/up_prune.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "datapath/hook.h"
#include "host/handles.h"
#include "host/interfaces.h"
#include "host/journal.h"
#include "host/leaving.h"
#include "host/plumb.h"
#include "host/undo.h"
#include "netlink/netlink.h"

/* Of an interface that is gone there is nothing to undo but the pin. */
static bool needs_handles(const struct up_prune *prune, const char *name, enum hook_kind kind)
{
	struct netlink_interface link;
	struct error ignored;

	return !interfaces_named(prune->interfaces, name) &&
	       !netlink_interface_get(prune->netlink, name, &link, &ignored) &&
	       handles_hook_kind(prune->config, &link) == kind;
}

static bool needs_hook(const struct up_prune *prune, const struct journal_entry *entry)
{
	struct hook hook;

	if (hook_parse(entry->detail, &hook))
		return true;
	return hook.direction == HOOK_HANDLES
		       ? needs_handles(prune, entry->what, hook.kind)
		       : interfaces_have(prune->interfaces, entry->what, hook);
}

/* Hooks that are no longer wanted have left the journal already. */
static bool needs_qdisc(const struct up_prune *prune, const char *name)
{
	struct hook hook;

	for (size_t i = 0; i < journal_count(prune->journal); i++) {
		const struct journal_entry *entry = journal_get(prune->journal, i);

		if (entry->kind == JOURNAL_HOOK && !strcmp(entry->what, name) &&
		    !hook_parse(entry->detail, &hook) && hook.kind == HOOK_CLSACT)
			return true;
	}
	return false;
}

static bool is_unwanted(const void *data, size_t index, const struct journal_entry *entry)
{
	const struct up_prune *prune = data;

	(void)index;
	switch (entry->kind) {
	case JOURNAL_ADDRESS:
		return !plumb_wants(prune->config, entry) &&
		       !leaving_has(prune->leaving, entry->what);
	case JOURNAL_HANDLE:
		return !plumb_wants(prune->config, entry);
	case JOURNAL_ARP_ANNOUNCE:
		return !interfaces_named(prune->interfaces, entry->what);
	case JOURNAL_QDISC:
		return !needs_qdisc(prune, entry->what);
	case JOURNAL_HOOK:
		return !needs_hook(prune, entry);
	default:
		return false;
	}
}

int up_prune(const struct up_prune *prune, struct error *error)
{
	struct undo undo = {prune->journal, prune->netlink, prune->config->pin_path, is_unwanted,
			    prune};

	return undo_network(&undo, error);
}
