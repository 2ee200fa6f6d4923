/* SPDX-License-Identifier: BSD-2-Clause */
/* One function for each kind of journal entry. */
#include "host/undo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "datapath/hook.h"
#include "host/arp.h"
#include "host/bpffs.h"
#include "host/journal.h"
#include "netlink/netlink.h"

/* *ret_index is 0 where the interface is gone. */
static int find_interface(const struct undo *undo, const char *name, int *ret_index,
			  struct error *error)
{
	struct netlink_interface interface = {0};
	int r = netlink_interface_get(undo->netlink, name, &interface, error);

	if (r && r != -ENODEV)
		return r;
	*ret_index = interface.index;
	return 0;
}

static int undo_address(const struct undo *undo, const struct journal_entry *entry,
			struct error *error)
{
	struct netlink_plumb plumb = {0};
	int r;

	if (address_parse(entry->what, &plumb.address))
		return error_set(error, -EINVAL, "'%s' is not an address", entry->what);
	r = find_interface(undo, entry->detail, &plumb.index, error);
	return r || !plumb.index ? r : netlink_address_remove(undo->netlink, &plumb, error);
}

static int undo_arp_announce(const struct undo *undo, const struct journal_entry *entry,
			     struct error *error)
{
	int index = 0;
	int r = find_interface(undo, entry->what, &index, error);

	return r || !index ? r : arp_undo(undo->netlink, index, entry->detail, error);
}

static int undo_qdisc(const struct undo *undo, const struct journal_entry *entry,
		      struct error *error)
{
	int index = 0;
	int r = find_interface(undo, entry->what, &index, error);

	return r || !index ? r : netlink_clsact_remove(undo->netlink, index, error);
}

/* The pin has the interface's name in it, so a link goes even if the interface is renamed. */
static int undo_hook(const struct undo *undo, const struct journal_entry *entry,
		     struct error *error)
{
	struct hook_interface interface = {0};
	struct hook hook;
	int r;

	if (hook_parse(entry->detail, &hook))
		return error_set(error, -EINVAL, "'%s' is not a hook", entry->detail);
	snprintf(interface.name, sizeof(interface.name), "%s", entry->what);
	r = find_interface(undo, entry->what, &interface.index, error);
	return r ? r : hook_detach(undo->pin_path, &interface, hook, error);
}

static int undo_mode(const struct journal_entry *entry, struct error *error)
{
	char *end;
	unsigned long mode = strtoul(entry->detail, &end, 8);

	if (*end || mode > 07777)
		return error_set(error, -EINVAL, "'%s' is not a file mode", entry->detail);
	if (bpffs_is_shared(entry->what))
		return 0;
	if (chmod(entry->what, mode) && errno != ENOENT)
		return error_set(error, -errno, "'%s': %s", entry->what, strerror(errno));
	return 0;
}

static int undo_directory(const struct journal_entry *entry, struct error *error)
{
	/* Somebody else uses a directory that is not empty. */
	if (rmdir(entry->what) && errno != ENOENT && errno != ENOTEMPTY && errno != EBUSY)
		return error_set(error, -errno, "'%s': %s", entry->what, strerror(errno));
	return 0;
}

static int undo_entry(const struct undo *undo, const struct journal_entry *entry,
		      struct error *error)
{
	switch (entry->kind) {
	case JOURNAL_ADDRESS:
	case JOURNAL_HANDLE:
		return undo_address(undo, entry, error);
	case JOURNAL_ARP_ANNOUNCE:
		return undo_arp_announce(undo, entry, error);
	case JOURNAL_QDISC:
		return undo_qdisc(undo, entry, error);
	case JOURNAL_HOOK:
		return undo_hook(undo, entry, error);
	case JOURNAL_MODE:
		return undo_mode(entry, error);
	case JOURNAL_DIRECTORY:
		return undo_directory(entry, error);
	case JOURNAL_MOUNT:
		return bpffs_unmount(entry->what, error);
	default:
		return 0;
	}
}

#define BIT(kind) (1U << (kind))

static bool is_selected(const struct undo *undo, size_t index, unsigned kinds)
{
	const struct journal_entry *entry = journal_get(undo->journal, index);

	return BIT(entry->kind) & kinds &&
	       (!undo->selects || undo->selects(undo->data, index, entry));
}

/* Undoes the entries of the given kinds, the last one first. Keeps the first failure in *result. */
static void undo_kinds(const struct undo *undo, unsigned kinds, int *result, struct error *error)
{
	for (size_t i = journal_count(undo->journal); i-- > 0;) {
		struct error failure;
		char place[256];
		int r;

		if (!is_selected(undo, i, kinds))
			continue;
		r = undo_entry(undo, journal_get(undo->journal, i), &failure);
		if (r)
			error_prefix(&failure, r, "%s",
				     journal_place(undo->journal, i, place, sizeof(place)));
		else
			r = journal_remove(undo->journal, i, &failure);
		if (r && !*result) {
			*result = r;
			*error = failure;
		}
	}
}

int undo_network(const struct undo *undo, struct error *error)
{
	int result = 0;

	undo_kinds(undo, BIT(JOURNAL_HANDLE), &result, error);
	undo_kinds(undo, BIT(JOURNAL_HOOK), &result, error);
	undo_kinds(undo, BIT(JOURNAL_QDISC), &result, error);
	undo_kinds(undo, BIT(JOURNAL_ADDRESS) | BIT(JOURNAL_ARP_ANNOUNCE), &result, error);
	return result;
}

int undo_files(const struct undo *undo, struct error *error)
{
	int result = 0;

	undo_kinds(undo, BIT(JOURNAL_MODE) | BIT(JOURNAL_DIRECTORY) | BIT(JOURNAL_MOUNT), &result,
		   error);
	return result;
}
