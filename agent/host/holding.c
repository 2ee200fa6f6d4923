/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes only changes: a look that finds nothing new makes no system call here. */
#include "host/holding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/hold.h"
#include "datapath/pins.h"
#include "host/bpffs.h"
#include "host/journal.h"
#include "host/put_back.h"
#include "host/runtime.h"
#include "netlink/snapshot.h"

static void journal_free_p(struct journal **journal)
{
	journal_free(*journal);
}

static int prepare(const struct config *config, struct error *error)
{
	_cleanup_(journal_free_p) struct journal *journal = NULL;
	_cleanup_(close_fd_p) int lock = -1;
	int r = runtime_lock(config->runtime_dir, &lock, error);

	if (!r)
		r = journal_open(config->runtime_dir, &journal, error);
	return r ? r : bpffs_prepare(config->pin_path, journal, error);
}

int holding_open(struct holding *holding, const struct config *config, struct error *error)
{
	struct hold_options options = {.pin_path = config->pin_path};
	struct hold *hold = NULL;
	ino_t pins;
	int r;

	if (!config->hold_until_up)
		return hold_release(config->pin_path, error);
	memcpy(options.ports, config->ports, sizeof(options.ports));
	r = prepare(config, error);
	if (!r)
		r = hold_open(&options, &hold, error);
	if (!r && pins_inode(config->pin_path, &pins) == -ENOENT)
		r = hold_set_scope(hold, HOLD_HOST, error);
	if (r) {
		hold_free(hold);
		return r;
	}
	holding_close(holding);
	*holding = (struct holding){.pin_path = config->pin_path, .hold = hold};
	return 0;
}

void holding_close(struct holding *holding)
{
	hold_free(holding->hold);
	free(holding->links);
	free(holding->own);
	*holding = (struct holding){0};
}

/* ---- links */

static struct holding_link *find(const struct holding *holding, int index)
{
	for (size_t i = 0; i < holding->count; i++)
		if (holding->links[i].index == index)
			return &holding->links[i];
	return NULL;
}

static int forget_gone(struct holding *holding, const struct snapshot *snapshot,
		       struct error *error)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < holding->count; i++) {
		const struct holding_link *link = &holding->links[i];

		if (snapshot_link(snapshot, link->index))
			holding->links[kept++] = *link;
		else if (!r)
			r = hold_forget_interface(holding->hold, link->index, error);
	}
	holding->count = kept;
	return r;
}

static int add(struct holding *holding, const struct netlink_interface *found, uint64_t now_ns,
	       struct error *error)
{
	struct holding_link *links =
		array_grow(holding->links, holding->count, sizeof(*holding->links));
	struct holding_link *link;

	if (!links)
		return error_set(error, -ENOMEM, "out of memory");
	holding->links = links;
	link = &links[holding->count++];
	*link = (struct holding_link){.index = found->index, .is_held = true};
	link->since_ns = holding->is_following ? now_ns : 0;
	memcpy(link->name, found->name, sizeof(link->name));
	return 0;
}

static int write_state(struct holding *holding, struct holding_link *link, bool is_held,
		       struct error *error)
{
	int r;

	if (link->is_written && link->is_held == is_held)
		return 0;
	r = hold_set_interface(holding->hold, link->index, link->name,
			       is_held ? HOLD_INTERFACE_HELD : HOLD_INTERFACE_PASS, error);
	if (!r) {
		link->is_held = is_held;
		link->is_written = true;
	}
	return r;
}

/* ---- own addresses */

static int write_own(struct holding *holding, const struct snapshot *snapshot, struct error *error)
{
	size_t size = snapshot->n_own * sizeof(*snapshot->own);
	struct net *nets;
	struct prefix *own;
	int r;

	if (holding->n_own == snapshot->n_own && size && !memcmp(holding->own, snapshot->own, size))
		return 0;
	own = malloc(size + 1);
	nets = calloc(snapshot->n_own + 1, sizeof(*nets));
	if (!own || !nets) {
		free(own);
		free(nets);
		return error_set(error, -ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < snapshot->n_own; i++) {
		nets[i].prefix_length = snapshot->own[i].length;
		memcpy(nets[i].address, snapshot->own[i].address.bytes, sizeof(nets[i].address));
	}
	r = hold_set_own(holding->hold, nets, snapshot->n_own, error);
	free(nets);
	free(holding->own);
	holding->own = memcpy(own, snapshot->own ? (const void *)snapshot->own : "", size);
	holding->n_own = r ? 0 : snapshot->n_own;
	return r;
}

/* ---- a look */

int holding_follow(struct holding *holding, const struct snapshot *snapshot, uint64_t now_ns,
		   struct error *error)
{
	int r;

	if (!holding->hold)
		return 0;
	r = forget_gone(holding, snapshot, error);
	for (size_t i = 0; !r && i < snapshot->n_links; i++)
		if (!find(holding, snapshot->links[i].index))
			r = add(holding, &snapshot->links[i], now_ns, error);
	return r ? r : write_own(holding, snapshot, error);
}

int holding_set(struct holding *holding, const struct netlink_interface *link, bool is_held,
		struct error *error)
{
	struct holding_link *known = link ? find(holding, link->index) : NULL;

	if (!known)
		return 0;
	known->is_needed = true;
	if (!is_held)
		known->is_hooked = false; /* the hooks are the datapath's */
	return write_state(holding, known, is_held, error);
}

int holding_hook(struct holding *holding, const struct put_back *put_back,
		 const struct netlink_interface *link, struct error *error)
{
	struct holding_link *known = find(holding, link->index);
	int r;

	if (!known || known->is_hooked)
		return 0;
	r = put_back_hold(put_back, link, holding->hold, error);
	known->is_hooked = !r;
	return r;
}

int holding_unhook(struct holding *holding, const struct put_back *put_back, struct error *error)
{
	int r = 0;

	for (size_t i = 0; !r && i < holding->count; i++) {
		struct holding_link *link = &holding->links[i];

		if (!link->is_hooked || link->is_needed)
			continue;
		r = put_back_release(put_back, link->name, error);
		link->is_hooked = r;
	}
	return r;
}

/* Also where it is held already: an `up` that failed may have left its own program. */
static int hook_again(struct holding *holding, const struct put_back *put_back,
		      const struct netlink_interface *link, struct error *error)
{
	struct holding_link *known = find(holding, link->index);

	if (known)
		known->is_hooked = false;
	return holding_hook(holding, put_back, link, error);
}

int holding_look(struct holding *holding, const struct put_back *put_back, struct error *error)
{
	struct snapshot snapshot;
	int r;

	if (!holding->hold)
		return 0;
	r = netlink_snapshot(put_back->netlink, &snapshot, error);
	if (r)
		return r;
	r = holding_follow(holding, &snapshot, clock_monotonic_ns(), error);
	for (size_t i = 0; !r && i < snapshot.n_links; i++)
		if (snapshot_leads_outside(&snapshot, snapshot.links[i].index))
			r = hook_again(holding, put_back, &snapshot.links[i], error);
	snapshot_done(&snapshot);
	return r;
}

int holding_finish(struct holding *holding, uint64_t now_ns, struct error *error)
{
	int r = 0;

	if (!holding->hold)
		return 0;
	for (size_t i = 0; !r && i < holding->count; i++) {
		struct holding_link *link = &holding->links[i];

		if (!link->is_needed && now_ns - link->since_ns >= HOLDING_SETTLE_NS)
			r = write_state(holding, link, false, error);
		link->is_needed = false;
	}
	if (!r && !holding->is_following)
		r = hold_set_scope(holding->hold, HOLD_NEW_INTERFACES, error);
	holding->is_following = !r;
	return r;
}
