/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cgroups of senders: their paths in map cgroups, and the ids that they have now. The programs
 * of datapath/cgroups.h keep the ids up to date; a look at the directories once a second finds what
 * they cannot: long paths, and all of them on a kernel that rejects the programs.
 */
#include "steering/steering.h"

#include <errno.h>
#include <string.h>

#include "base/cgroup.h"
#include "steering/steering_internal.h"

typedef int (*cgroup_visitor)(const struct steering *steering, const struct steering_sender *sender,
			      const char *path, void *data);

/* Visits each configured cgroup; non-zero ends the walk and is returned. */
static int for_each_cgroup(const struct steering *steering, cgroup_visitor visitor, void *data)
{
	const size_t count = steering->has_cgroups ? steering->n_senders : 0;
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		const struct steering_sender *sender = &steering->senders[i];

		for (size_t j = 0; !r && sender->config && j < sender->config->n_selectors; j++)
			if (sender->config->selectors[j].kind == CONFIG_SELECTOR_CGROUP)
				r = visitor(steering, sender, sender->config->selectors[j].path,
					    data);
	}
	return r;
}

/* False: the path is too long for the map. */
static bool key_fill(const char *path, struct cgroup_path *ret)
{
	*ret = (struct cgroup_path){0};
	if (strlen(path) >= sizeof(ret->path))
		return false;
	strcpy(ret->path, path);
	return true;
}

/* An entry that is right stays untouched: a program may write its id at any moment. */
static int write_path(const struct steering *steering, const struct steering_sender *sender,
		      const char *path, void *data)
{
	struct datapath *datapath = steering->datapath;
	struct cgroup_entry entry = {0};
	const struct sender_ref ref = senders_reference(sender);
	struct cgroup_path key;
	int r;

	(void)data;
	if (!key_fill(path, &key))
		return 0;
	r = datapath->ops->get(datapath, MAP_CGROUPS, &key, &entry);
	if (r == 0 && !memcmp(&entry.ref, &ref, sizeof(ref)))
		return 0;
	entry.ref = ref;
	r = datapath->ops->put(datapath, MAP_CGROUPS, &key, &entry);
	/* Full: the look finds the others. */
	return r == -E2BIG ? 0 : r;
}

int cgroups_sync(struct steering *steering)
{
	return for_each_cgroup(steering, write_path, NULL);
}

static int want_path(const struct steering *steering, const struct steering_sender *sender,
		     const char *path, void *data)
{
	const struct cgroup_entry ignored = {0};
	struct cgroup_path key;

	(void)steering, (void)sender;
	return key_fill(path, &key) ? table_add(data, &key, &ignored) : 0;
}

/*
 * With the id that a program may have inserted until now: of a path that is no longer configured it
 * would lead to a sender without a verdict.
 */
static int forget_path(void *data, const void *key, const void *value)
{
	const struct steering *steering = data;
	struct datapath *datapath = steering->datapath;
	struct selector selector = {.kind = SELECTOR_CGROUP};
	struct cgroup_entry entry;
	int r = datapath->ops->get(datapath, MAP_CGROUPS, key, &entry);

	(void)value;
	if (r == 0)
		r = datapath->ops->remove(datapath, MAP_CGROUPS, key);
	selector.number = r == 0 ? entry.id : 0;
	if (selector.number)
		r = datapath->ops->remove(datapath, MAP_SENDERS, &selector);
	return r == -ENOENT ? 0 : r;
}

int cgroups_prune(struct steering *steering)
{
	struct table wanted, held, missing, stale;
	size_t added;
	int r;

	table_init(&wanted, sizeof(struct cgroup_path), sizeof(struct cgroup_entry));
	table_init(&held, sizeof(struct cgroup_path), sizeof(struct cgroup_entry));
	r = for_each_cgroup(steering, want_path, &wanted);
	if (r == 0)
		r = table_read(&held, steering->datapath, MAP_CGROUPS);
	if (r == 0) {
		r = table_compare(&wanted, &held, &missing, &stale, &added);
		if (r == 0)
			r = table_walk(&stale, forget_path, steering);
		table_done(&missing);
		table_done(&stale);
	}
	table_done(&wanted);
	table_done(&held);
	return r;
}

size_t cgroups_ids(const struct steering *steering, const char *path, uint64_t ret_ids[2])
{
	struct datapath *datapath = steering->datapath;
	struct cgroup_entry entry;
	struct cgroup_path key;
	size_t count = 0;

	if (cgroup_id(path, &ret_ids[0]) == 0)
		count++;
	if (key_fill(path, &key) && !datapath->ops->get(datapath, MAP_CGROUPS, &key, &entry) &&
	    entry.id && (!count || entry.id != ret_ids[0]))
		ret_ids[count++] = entry.id;
	return count;
}

static int hash_id(const struct steering *steering, const struct steering_sender *sender,
		   const char *path, void *data)
{
	uint64_t *hash = data;
	uint64_t id = 0;

	(void)steering, (void)sender;
	cgroup_id(path, &id);
	*hash = *hash * 1099511628211ULL + id;
	return 0;
}

bool cgroups_changed(struct steering *steering)
{
	uint64_t seen = 0;

	for_each_cgroup(steering, hash_id, &seen);
	if (seen == steering->cgroups_seen)
		return false;
	steering->cgroups_seen = seen;
	return true;
}

bool steering_has_cgroups(const struct config *config)
{
	for (size_t i = 0; i < config->n_senders; i++)
		for (size_t j = 0; j < config->senders[i].n_selectors; j++)
			if (config->senders[i].selectors[j].kind == CONFIG_SELECTOR_CGROUP)
				return true;
	return false;
}
