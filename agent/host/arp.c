/* SPDX-License-Identifier: BSD-2-Clause */
/* The setting arp_announce of an interface, there and back. */
#include "host/arp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "host/journal.h"
#include "netlink/netlink.h"

/* An earlier interface of this name may have had another value. */
static int forget_others(struct journal *journal, const char *name, const char *level,
			 struct error *error)
{
	for (size_t i = journal_count(journal); i-- > 0;) {
		const struct journal_entry *entry = journal_get(journal, i);
		int r;

		if (entry->kind != JOURNAL_ARP_ANNOUNCE || strcmp(entry->what, name) != 0 ||
		    strcmp(entry->detail, level) == 0)
			continue;
		r = journal_remove(journal, i, error);
		if (r)
			return r;
	}
	return 0;
}

int arp_prepare(struct netlink *netlink, struct journal *journal, int index, const char *name,
		struct error *error)
{
	char level[16];
	unsigned before;
	int r = netlink_arp_announce(netlink, index, &before, error);

	if (r == -ENOENT || (!r && before >= ARP_ANNOUNCE_BEST))
		return 0;
	if (r)
		return r;
	snprintf(level, sizeof(level), "%u", before);
	r = journal_add(journal, JOURNAL_ARP_ANNOUNCE, name, level, error);
	if (!r)
		r = forget_others(journal, name, level, error);
	return r ? r : netlink_arp_announce_set(netlink, index, ARP_ANNOUNCE_BEST, error);
}

int arp_undo(struct netlink *netlink, int index, const char *before, struct error *error)
{
	char *end;
	unsigned long level = strtoul(before, &end, 10);
	unsigned now;
	int r;

	if (*end || level >= ARP_ANNOUNCE_BEST)
		return error_set(error, -EINVAL, "'%s' is not a level of arp_announce", before);
	r = netlink_arp_announce(netlink, index, &now, error);
	if (r == -ENOENT || (!r && now != ARP_ANNOUNCE_BEST))
		return 0;
	return r ? r : netlink_arp_announce_set(netlink, index, (unsigned)level, error);
}
