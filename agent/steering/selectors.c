/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selectors, by which the datapath recognises senders: maps senders and nets, and the kinds in use
 * in map control.
 */
#include "steering/steering.h"

#include <errno.h>
#include <string.h>

#include "steering/steering_internal.h"

struct wanted {
	const struct steering *steering;
	struct table selectors;
	struct table nets;
	uint32_t kinds;
};

static int want_selector(struct wanted *wanted, const struct selector *selector,
			 const struct steering_sender *sender)
{
	struct sender_ref ref = senders_reference(sender);

	wanted->kinds |= 1u << selector->kind;
	return table_add(&wanted->selectors, selector, &ref);
}

static int want_number(struct wanted *wanted, enum selector_kind kind, uint64_t number,
		       const struct steering_sender *sender)
{
	struct selector selector = {.kind = kind, .number = number};

	return want_selector(wanted, &selector, sender);
}

static int want_source(struct wanted *wanted, const struct address *address, unsigned length,
		       const struct steering_sender *sender)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	struct net net = {.prefix_length = length};
	struct sender_ref ref = senders_reference(sender);

	if (length == 128) {
		memcpy(selector.address, address->bytes, sizeof(selector.address));
		return want_selector(wanted, &selector, sender);
	}
	memcpy(net.address, address->bytes, sizeof(net.address));
	wanted->kinds |= 1u << SELECTOR_NET;
	return table_add(&wanted->nets, &net, &ref);
}

/* The kind is in use even while no cgroup exists: a program may insert an id at any moment. */
static int want_cgroup(struct wanted *wanted, const char *path,
		       const struct steering_sender *sender)
{
	uint64_t ids[2];
	size_t count = cgroups_ids(wanted->steering, path, ids);
	int r = 0;

	wanted->kinds |= 1u << SELECTOR_CGROUP;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = want_number(wanted, SELECTOR_CGROUP, ids[i], sender);
	return r;
}

static int want_configured(struct wanted *wanted, const struct steering_sender *sender)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sender->config->n_selectors; i++) {
		const struct config_selector *selector = &sender->config->selectors[i];

		switch (selector->kind) {
		case CONFIG_SELECTOR_SOURCE:
			r = want_source(wanted, &selector->prefix.address, selector->prefix.length,
					sender);
			break;
		case CONFIG_SELECTOR_MARK:
			r = want_number(wanted, SELECTOR_MARK, selector->number, sender);
			break;
		case CONFIG_SELECTOR_CGROUP:
			r = want_cgroup(wanted, selector->path, sender);
			break;
		case CONFIG_SELECTOR_UID:
			r = want_number(wanted, SELECTOR_UID, selector->number, sender);
			break;
		}
	}
	return r;
}

static int want_handles(struct wanted *wanted, const struct steering_sender *sender)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sender->handles_of->n_handles; i++)
		if (sender->handles_of->handles[i].of == sender->handle_of)
			r = want_source(wanted, &sender->handles_of->handles[i].address, 128,
					sender);
	return r;
}

/* ---- handles that are no longer configured */

/* No sender has this id, so there is no verdict and traffic is dropped. */
#define NOBODY UINT32_MAX

struct keeping {
	const struct steering *steering;
	handle_test is_gone; /* NULL: none is gone */
	void *data;
	struct wanted *wanted;
};

static bool is_source(const struct config_sender *sender, const struct address *address)
{
	for (size_t i = 0; i < sender->n_selectors; i++) {
		const struct config_selector *selector = &sender->selectors[i];

		if (selector->kind == CONFIG_SELECTOR_SOURCE && selector->prefix.length == 128 &&
		    address_equal(&selector->prefix.address, address))
			return true;
	}
	return false;
}

/* As a handle, or as the address of a sender. */
static bool is_configured(const struct config *config, const struct address *address)
{
	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t j = 0; j < config->pools[i].n_handles; j++)
			if (address_equal(&config->pools[i].handles[j].address, address))
				return true;
	for (size_t i = 0; i < config->n_senders; i++)
		if (is_source(&config->senders[i], address))
			return true;
	return false;
}

static int keep_handle(void *data, const void *key, const void *value)
{
	const struct keeping *keeping = data;
	const struct selector *selector = key;
	struct sender_ref ref = *(const struct sender_ref *)value;
	const struct steering_sender *sender;
	struct address address;

	if (strncmp(ref.label, HANDLE_PREFIX, strlen(HANDLE_PREFIX)) != 0)
		return 0;
	memcpy(address.bytes, selector->address, sizeof(address.bytes));
	if (is_configured(keeping->steering->config, &address) ||
	    (keeping->is_gone && keeping->is_gone(keeping->data, &address)))
		return 0;
	sender = senders_find(keeping->steering, ref.label);
	ref.sender = sender ? sender->id : NOBODY;
	ref.is_handle = 1;
	keeping->wanted->kinds |= 1u << selector->kind;
	return table_add(&keeping->wanted->selectors, selector, &ref);
}

/* ---- all of them */

/* A handle of `held` that is not configured goes on, unless it is gone. */
static int collect(const struct steering *steering, handle_test is_gone, void *data,
		   const struct table *held, struct wanted *ret)
{
	struct keeping keeping = {steering, is_gone, data, ret};
	int r = 0;

	*ret = (struct wanted){.steering = steering};
	table_init(&ret->selectors, sizeof(struct selector), sizeof(struct sender_ref));
	table_init(&ret->nets, sizeof(struct net), sizeof(struct sender_ref));
	for (size_t i = 0; r == 0 && i < steering->n_senders; i++) {
		const struct steering_sender *sender = &steering->senders[i];

		if (sender->config)
			r = want_configured(ret, sender);
		else if (sender->handles_of)
			r = want_handles(ret, sender);
	}
	return r < 0 ? r : table_walk(held, keep_handle, &keeping);
}

static void wanted_done(struct wanted *wanted)
{
	table_done(&wanted->selectors);
	table_done(&wanted->nets);
}

int selectors_set_kinds(struct steering *steering, uint32_t set, uint32_t keep)
{
	struct datapath *datapath = steering->datapath;
	const uint32_t zero = 0;
	struct control value;
	int r = datapath->ops->get(datapath, MAP_CONTROL, &zero, &value);

	if (r < 0)
		return r;
	if (((value.selector_kinds | set) & keep) == value.selector_kinds &&
	    value.forwarded_masquerade == steering->config->forwarded_masquerade)
		return 0;
	value.selector_kinds = (value.selector_kinds | set) & keep;
	value.forwarded_masquerade = steering->config->forwarded_masquerade;
	return datapath->ops->put(datapath, MAP_CONTROL, &zero, &value);
}

/* ---- differences */

static int compare(struct datapath *datapath, enum map map, struct table *wanted,
		   struct table *held, struct table *ret_missing, struct table *ret_stale)
{
	size_t added;
	int r = table_compare(wanted, held, ret_missing, ret_stale, &added);

	if (r < 0)
		return r;
	return held->count + added > datapath->ops->capacity(datapath, map) ? -E2BIG : 0;
}

/*
 * Programs insert ids of cgroups meanwhile. So only entries that were there before `collect` looked
 * may go: an id that is inserted later is not among them.
 */
static int find_differences(struct steering *steering, handle_test is_gone, void *data,
			    struct selectors *ret)
{
	struct datapath *datapath = steering->datapath;
	struct wanted wanted = {0};
	struct table held, nets;
	int r;

	table_init(&held, sizeof(struct selector), sizeof(struct sender_ref));
	table_init(&nets, sizeof(struct net), sizeof(struct sender_ref));
	r = table_read(&held, datapath, MAP_SENDERS);
	if (r == 0)
		r = table_read(&nets, datapath, MAP_NETS);
	if (r == 0)
		r = collect(steering, is_gone, data, &held, &wanted);
	if (r == 0)
		r = compare(datapath, MAP_SENDERS, &wanted.selectors, &held, &ret->missing,
			    &ret->stale);
	if (r == 0)
		r = compare(datapath, MAP_NETS, &wanted.nets, &nets, &ret->missing_nets,
			    &ret->stale_nets);
	ret->kinds = wanted.kinds;
	wanted_done(&wanted);
	table_done(&held);
	table_done(&nets);
	return r;
}

int selectors_compare(struct steering *steering, struct selectors *ret_selectors,
		      struct error *error)
{
	int r;

	*ret_selectors = (struct selectors){0};
	if (steering->has_cgroups)
		cgroups_changed(steering); /* notes the ids of now */
	r = find_differences(steering, NULL, NULL, ret_selectors);
	if (r == -E2BIG)
		return error_set(
			error, r,
			"senders_max is too small for the selectors of all senders: raise it");
	return r < 0 ? error_errno(error, r, "reading selectors") : 0;
}

void selectors_done(struct selectors *selectors)
{
	table_done(&selectors->missing);
	table_done(&selectors->stale);
	table_done(&selectors->missing_nets);
	table_done(&selectors->stale_nets);
}

/* ---- at once */

static int write_missing(struct steering *steering, const struct selectors *selectors)
{
	struct datapath *datapath = steering->datapath;
	size_t i = 0, j = 0;
	int r = table_put_some(&selectors->missing, datapath, MAP_SENDERS, &i, SIZE_MAX);

	if (r == 0)
		r = table_put_some(&selectors->missing_nets, datapath, MAP_NETS, &j, SIZE_MAX);
	return r == 0 ? selectors_set_kinds(steering, selectors->kinds, ~0u) : r;
}

static int remove_stale(struct steering *steering, const struct selectors *selectors)
{
	struct datapath *datapath = steering->datapath;
	size_t i = 0, j = 0;
	int r = selectors_set_kinds(steering, 0, selectors->kinds);

	if (r == 0)
		r = table_remove_some(&selectors->stale, datapath, MAP_SENDERS, &i, SIZE_MAX);
	return r ? r : table_remove_some(&selectors->stale_nets, datapath, MAP_NETS, &j, SIZE_MAX);
}

int steering_forget_handles(struct steering *steering, handle_test is_gone, void *data,
			    struct error *error)
{
	struct selectors selectors = {0};
	int r = steering_begin(steering, STEERING_WAIT_MS, error);

	if (r < 0)
		return r;
	r = cgroups_prune(steering);
	if (r == 0)
		r = find_differences(steering, is_gone, data, &selectors);
	if (r == 0)
		r = remove_stale(steering, &selectors);
	selectors_done(&selectors);
	steering_end(steering);
	return r < 0 ? error_errno(error, r, "removing old selectors") : 0;
}

static int sync_at_once(struct steering *steering, struct error *error)
{
	struct selectors selectors = {0};
	/* Paths first: a cgroup that is made from now on has its id by the programs. */
	int r = cgroups_sync(steering);

	if (r == 0)
		r = cgroups_prune(steering);
	if (r < 0)
		return error_errno(error, r, "writing cgroups");
	r = selectors_compare(steering, &selectors, error);
	if (r == 0) {
		r = write_missing(steering, &selectors);
		if (r == 0)
			r = remove_stale(steering, &selectors);
		if (r < 0)
			error_errno(error, r, "writing selectors");
	}
	selectors_done(&selectors);
	return r;
}

int steering_sync_cgroups(struct steering *steering, struct error *error)
{
	int r;

	if (!steering->has_cgroups || !cgroups_changed(steering))
		return 0;
	r = steering_begin(steering, STEERING_WAIT_MS, error);
	if (r < 0) {
		steering->cgroups_seen = 0; /* the next call tries again */
		return r;
	}
	if (steering->is_in_force)
		r = sync_at_once(steering, error);
	steering_end(steering);
	return r;
}
