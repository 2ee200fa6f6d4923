/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts the flows of addresses that leave, and has undo.c remove those without. */
#include "host/leaving.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "host/journal.h"
#include "host/plumb.h"
#include "host/runtime.h"
#include "host/undo.h"

void leaving_done(struct leaving *leaving)
{
	free(leaving->list);
	*leaving = (struct leaving){0};
}

static struct leaving_address *find(const struct leaving *leaving, const uint8_t bytes[16])
{
	for (size_t i = 0; i < leaving->count; i++)
		if (!memcmp(leaving->list[i].address.bytes, bytes, 16))
			return &leaving->list[i];
	return NULL;
}

static int collect(const struct config *config, const struct journal *journal,
		   struct leaving *leaving)
{
	for (size_t i = 0; i < journal_count(journal); i++) {
		const struct journal_entry *entry = journal_get(journal, i);
		struct leaving_address found = {.flows = 0};
		struct leaving_address *grown;

		if (entry->kind != JOURNAL_ADDRESS || plumb_wants(config, entry) ||
		    address_parse(entry->what, &found.address))
			continue;
		grown = array_grow(leaving->list, leaving->count, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		leaving->list = grown;
		grown[leaving->count++] = found;
	}
	return 0;
}

/* A flow of an address that leaves. */
static int count_flow(void *data, const void *key, const void *value)
{
	const struct flow *flow = value;
	struct leaving_address *found = find(data, flow->address);

	(void)key;
	if (found)
		found->flows++;
	return 0;
}

static void keep_those_with_flows(struct leaving *leaving)
{
	size_t kept = 0;

	for (size_t i = 0; i < leaving->count; i++)
		if (leaving->list[i].flows)
			leaving->list[kept++] = leaving->list[i];
	leaving->count = kept;
}

int leaving_read(const struct config *config, const struct journal *journal,
		 struct datapath *datapath, struct leaving *ret_leaving, struct error *error)
{
	struct leaving leaving = {0};
	int r = collect(config, journal, &leaving);

	if (!r && leaving.count)
		r = datapath->ops->walk(datapath, MAP_FLOWS, count_flow, &leaving);
	if (r) {
		leaving_done(&leaving);
		return error_errno(error, r, "counting flows of removed addresses");
	}
	keep_those_with_flows(&leaving);
	*ret_leaving = leaving;
	return 0;
}

bool leaving_has(const struct leaving *leaving, const char *text)
{
	struct address address;

	return !address_parse(text, &address) && find(leaving, address.bytes);
}

int leaving_note(const struct leaving *leaving, char **ret_note)
{
	char *note = NULL;
	size_t size;
	FILE *out;

	if (!leaving->count) {
		*ret_note = NULL;
		return 0;
	}
	out = open_memstream(&note, &size);
	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < leaving->count; i++) {
		char text[ADDRESS_TEXT_SIZE];

		fprintf(out, "%s%s (%" PRIu64 " flows)",
			i ? ", "
			  : "removed addresses stay until "
			    "their flows have ended: ",
			address_format(&leaving->list[i].address, text), leaving->list[i].flows);
	}
	if (fclose(out))
		return -ENOMEM;
	*ret_note = note;
	return 0;
}

/* ---- the last one has ended */

struct retiring {
	const struct config *config;
	struct netlink *netlink;
	struct datapath *datapath;
	struct leaving leaving;
};

static bool is_free(const void *data, size_t index, const struct journal_entry *entry)
{
	const struct retiring *retiring = data;

	(void)index;
	return entry->kind == JOURNAL_ADDRESS && !plumb_wants(retiring->config, entry) &&
	       !leaving_has(&retiring->leaving, entry->what);
}

static int retire(struct retiring *retiring, struct journal *journal, struct error *error)
{
	const struct undo undo = {.journal = journal,
				  .netlink = retiring->netlink,
				  .pin_path = retiring->config->pin_path,
				  .selects = is_free,
				  .data = retiring};
	int r = leaving_read(retiring->config, journal, retiring->datapath, &retiring->leaving,
			     error);

	return r ? r : undo_network(&undo, error);
}

static bool is_any_leaving(const struct config *config, const struct journal *journal)
{
	for (size_t i = 0; i < journal_count(journal); i++)
		if (journal_get(journal, i)->kind == JOURNAL_ADDRESS &&
		    !plumb_wants(config, journal_get(journal, i)))
			return true;
	return false;
}

int leaving_retire(const struct config *config, struct netlink *netlink, struct datapath *datapath,
		   struct leaving *ret_leaving, struct error *error)
{
	struct retiring retiring = {config, netlink, datapath, {0}};
	_cleanup_(close_fd_p) int lock = -1;
	struct journal *journal = NULL;
	int r = runtime_lock(config->runtime_dir, &lock, error);

	if (!r)
		r = journal_open(config->runtime_dir, &journal, error);
	if (!r && is_any_leaving(config, journal))
		r = retire(&retiring, journal, error);
	journal_free(journal);
	if (r)
		leaving_done(&retiring.leaving);
	else
		*ret_leaving = retiring.leaving;
	return r;
}
