/* SPDX-License-Identifier: BSD-2-Clause */
/* One line and one entry for each part that changes. */
#include "host/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "host/repair.h"

static int restore(void *data, const void *key, const void *value)
{
	const struct host_key *part = key;

	return part->kind == HOST_ALL ? 0 : repair_restore(data, part, value);
}

int report_restore(struct repair *repair, struct datapath *datapath, struct error *error)
{
	int r = datapath->ops->walk(datapath, MAP_HOST, restore, repair);

	return r ? error_set(error, r, "postern_host: %s", strerror(-r)) : 0;
}

/* ---- the log */

static const char *const kind_names[HOST_KINDS] = {
	[HOST_INTERFACE] = "interface", [HOST_ADDRESS] = "pool address", [HOST_HANDLE] = "handle"};

static void log_present(const struct repair_part *part, const char *name)
{
	const struct host_entry *before = &part->published, *now = &part->entry;

	if (now->put_back != before->put_back)
		log_warning("guard", "%s: put back (count %llu): %s", name,
			    (unsigned long long)now->put_back, now->cause);
	else if (before->state)
		log_info("guard", "%s: is there again", name);
}

/* Only an interface can let mail out: without its handle a connection fails. */
static const char *consequence(const struct repair_part *part)
{
	switch (part->key.kind) {
	case HOST_INTERFACE:
		return part->entry.held ? ", its mail is held" : ", its mail leaves unsteered";
	case HOST_ADDRESS:
		return ", it takes no new connections";
	default:
		return "";
	}
}

static void log_change(const struct repair_part *part)
{
	const struct host_entry *now = &part->entry;
	char name[96];

	snprintf(name, sizeof(name), "%s %s", kind_names[part->key.kind], part->key.name);
	if (now->state == HOST_PRESENT)
		log_present(part, name);
	else if (now->state == part->published.state)
		return;
	else if (now->state == HOST_GIVEN_UP)
		log_error("guard",
			  "%s: lost %u times in 10 minutes, not put back for 10 minutes%s: %s",
			  name, repair_tries(part, now->last_ns), consequence(part), now->cause);
	else if (now->state == HOST_REFUSED)
		log_error("guard", "%s: refused%s: %s", name, consequence(part), now->cause);
	else if (now->state == HOST_LEAVING)
		log_info("guard", "%s: leaves once its connections have ended: %s", name,
			 now->cause);
	else
		log_warning("guard", "%s: missing%s: %s", name, consequence(part), now->cause);
}

/* ---- the map */

struct publishing {
	struct datapath *datapath;
	bool holds;
	bool changed;
	bool *addresses; /* changed in what takes new flows */
};

static void note_change(struct publishing *to, const struct repair_part *part, bool is_held)
{
	to->changed = true;
	if (part->key.kind == HOST_ADDRESS && part->published.held != is_held)
		*to->addresses = true;
}

static int publish(struct publishing *to, struct repair_part *part)
{
	int r;

	if (part->key.kind == HOST_HANDLE || (part->key.kind == HOST_INTERFACE && !to->holds))
		part->entry.held = 0;
	if (!memcmp(&part->entry, &part->published, sizeof(part->entry)))
		return 0;
	r = to->datapath->ops->put(to->datapath, MAP_HOST, &part->key, &part->entry);
	if (r)
		return r;
	log_change(part);
	note_change(to, part, part->entry.held);
	part->published = part->entry;
	return 0;
}

static void withdraw(struct publishing *to, const struct repair_part *part)
{
	to->datapath->ops->remove(to->datapath, MAP_HOST, &part->key);
	note_change(to, part, false);
}

/* After the parts: who sees it change finds them as they are now. */
static int publish_all(const struct repair *repair, struct datapath *datapath)
{
	const struct host_key key = {HOST_ALL, "all"};
	struct host_entry all = {.state = HOST_PRESENT, .last_ns = clock_monotonic_ns()};

	for (size_t i = 0; i < repair->count; i++) {
		const struct host_entry *entry = &repair->parts[i].published;

		if (entry->state != HOST_PRESENT && entry->state != HOST_LEAVING)
			all.state = HOST_MISSING;
		all.held |= entry->held;
		all.put_back += entry->put_back;
	}
	return datapath->ops->put(datapath, MAP_HOST, &key, &all);
}

int report_publish(struct repair *repair, struct datapath *datapath, bool holds,
		   bool *ret_addresses, struct error *error)
{
	struct publishing to = {datapath, holds, false, ret_addresses};
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < repair->count; i++) {
		struct repair_part *part = &repair->parts[i];

		if (!part->seen) {
			withdraw(&to, part);
			continue;
		}
		if (!r)
			r = publish(&to, part);
		repair->parts[kept++] = *part;
	}
	/* The array never shrinks below a power of two (base/array.h): its count may. */
	repair->count = kept;
	if (!r && to.changed)
		r = publish_all(repair, datapath);
	return r ? error_set(error, r, "postern_host: %s", strerror(-r)) : 0;
}

/* On a terminal silence means success. */
void report_up(const struct config *config)
{
	_cleanup_(free_p) char *pools = NULL;
	size_t size;
	FILE *out = log_is_journal() ? open_memstream(&pools, &size) : NULL;

	if (!out)
		return;
	for (size_t i = 0; i < config->n_pools; i++)
		fprintf(out, "%s%s %zu", i ? ", " : "", config->pools[i].name,
			config->pools[i].n_addresses);
	fclose(out);
	log_info("up", "the datapath is up; addresses of pools: %s; senders: %zu; default: %s",
		 pools, config->n_senders, config->default_name.text);
}
