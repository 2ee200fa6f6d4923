/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of `up` in their order, and taking them back. Each step's work is done elsewhere. */
#include "host/up.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "steering/steering.h"
#include "datapath/datapath.h"
#include "datapath/hook.h"
#include "datapath/programs.h"
#include "host/adopt.h"
#include "host/bpffs.h"
#include "host/journal.h"
#include "host/plumb.h"
#include "host/runtime.h"
#include "host/undo.h"
#include "netlink/netlink.h"
#include "state/state.h"

struct up_interface {
	struct hook_interface hook;
	struct hook_choice choice;
};

struct up {
	const struct config *config;
	struct runtime_user user;
	int lock;
	struct journal *journal;
	size_t journal_before; /* entries of earlier calls */
	struct netlink *netlink;
	struct up_interface *interfaces;
	size_t n_interfaces;
	struct loaded *loaded; /* NULL until it is loaded */
	bool is_in_force;      /* a datapath that was up follows the new configuration */
	char *note;
	char *sockets_note;
};

static void up_done(struct up *up)
{
	loaded_free(up->loaded);
	free(up->interfaces);
	netlink_free(up->netlink);
	journal_free(up->journal);
	close_fd_p(&up->lock);
	free(up->note);
	free(up->sockets_note);
}

/* ---- before anything is touched */

static int take_interface(struct up *up, const struct netlink_interface *found, struct error *error)
{
	struct up_interface *interface = &up->interfaces[up->n_interfaces];

	*interface = (struct up_interface){.hook = {.index = found->index,
						    .has_link_layer = found->has_link_layer,
						    .is_veth = found->is_veth}};
	memcpy(interface->hook.name, found->name, sizeof(found->name));
	up->n_interfaces++;
	return hook_choose(&interface->hook, up->config->ingress, up->config->egress,
			   &interface->choice, error);
}

static int find_interfaces(struct up *up, struct error *error)
{
	_cleanup_(free_p) struct netlink_interface *found = NULL;
	size_t count = up->config->n_interfaces;
	int r = 0;

	if (!count) {
		r = netlink_default_interfaces(up->netlink, &found, &count, error);
	} else {
		found = calloc(count, sizeof(*found));
		if (!found)
			return error_set(error, -ENOMEM, "out of memory");
		for (size_t i = 0; !r && i < count; i++)
			r = netlink_interface_get(up->netlink, up->config->interfaces[i], &found[i],
						  error);
	}
	if (r)
		return r;
	up->interfaces = calloc(count, sizeof(*up->interfaces));
	if (!up->interfaces)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < count; i++)
		r = take_interface(up, &found[i], error);
	return r;
}

static int prepare(struct up *up, struct error *error)
{
	const char *runtime_dir = up->config->runtime_dir;
	int r = runtime_check_privileges(error);

	if (!r)
		r = runtime_user_get(up->config->user, &up->user, error);
	if (!r)
		r = netlink_open(&up->netlink, error);
	if (!r)
		r = find_interfaces(up, error);
	if (!r)
		r = runtime_directory_make(runtime_dir, &up->user, error);
	if (!r)
		r = runtime_lock(runtime_dir, &up->lock, error);
	if (!r)
		r = journal_open(runtime_dir, &up->journal, error);
	if (!r)
		up->journal_before = journal_count(up->journal);
	return r;
}

/* ---- the steps */

static int load(struct up *up, struct error *error)
{
	const struct config *config = up->config;
	struct load_options options = {
		.pin_path = config->pin_path,
		.flows_max = config->flows_max,
		.senders_max = config->senders_max,
		.established_ns = config->timeout_established_sec * NS_PER_SEC,
		.transitory_ns = config->timeout_transitory_sec * NS_PER_SEC,
	};
	int r = bpffs_prepare(config->pin_path, up->journal, error);

	memcpy(options.ports, config->ports, sizeof(options.ports));
	return r ? r : loaded_open(&options, &up->loaded, error);
}

static int fill_maps(struct up *up, struct datapath *datapath, struct state *state,
		     struct error *error)
{
	struct steering *steering = NULL;
	uint64_t now_ns = clock_monotonic_ns();
	int64_t now_sec = clock_wall_sec();
	int r = steering_new(up->config, datapath, state, now_ns, now_sec, &steering, error);

	if (!r) {
		up->is_in_force = !loaded_is_new(up->loaded);
		r = steering_sync(steering, now_ns, now_sec, error);
	}
	steering_free(steering);
	return r;
}

/* Over a full disk what is in the file can be read all the same. The first error says more. */
static int open_state(const char *file, struct state **ret_state, struct error *error)
{
	int r = state_sqlite_open(file, ret_state, error);
	struct error ignored;

	if (r < 0 && r != -EBUSY && state_sqlite_open_reading(file, ret_state, &ignored) == 0)
		return 0;
	return r;
}

static int fill(struct up *up, struct error *error)
{
	struct datapath *datapath = NULL;
	struct state *state = NULL;
	int r = runtime_state_make(up->config->state, &up->user, error);

	if (!r)
		r = open_state(up->config->state, &state, error);
	if (!r)
		r = datapath_open(up->config->pin_path, &datapath, error);
	if (!r)
		r = fill_maps(up, datapath, state, error);
	datapath_free(datapath);
	state_free(state);
	return r;
}

static int add_qdisc(struct up *up, const struct hook_interface *interface, struct error *error)
{
	bool there = false;
	int r = netlink_clsact_find(up->netlink, interface->index, &there, error);

	if (r || there)
		return r;
	r = journal_add(up->journal, JOURNAL_QDISC, interface->name, NULL, error);
	return r ? r : netlink_clsact_add(up->netlink, interface->index, error);
}

static int attach_one(struct up *up, const struct up_interface *interface, struct hook hook,
		      struct error *error)
{
	const char *name = interface->hook.name;
	int r = 0;

	if (hook.kind == HOOK_CLSACT)
		r = add_qdisc(up, &interface->hook, error);
	if (r)
		return error_prefix(error, r, "interface '%s'", name);
	r = journal_add(up->journal, JOURNAL_HOOK, name, hook_name(hook), error);
	return r ? r : hook_attach(up->loaded, up->config->pin_path, &interface->hook, hook, error);
}

/* Appends to what the operator should know. */
static int add_note(struct up *up, const char *text, struct error *error)
{
	char *longer;

	if (asprintf(&longer, "%s%s%s", up->note ? up->note : "", up->note ? "; " : "", text) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	free(up->note);
	up->note = longer;
	return 0;
}

/* That a driver has no native XDP is nothing to speak of. */
static int attach_ingress(struct up *up, struct up_interface *interface, struct error *error)
{
	struct hook_choice *choice = &interface->choice;
	int r = attach_one(up, interface, (struct hook){HOOK_INGRESS, choice->ingress}, error);

	if (!r || !choice->fallback)
		return r;
	if (r != -EOPNOTSUPP) {
		error_prefix(error, r, "replies are taken in tc");
		r = add_note(up, error->text, error);
		if (r)
			return r;
	}
	choice->ingress = choice->fallback;
	return attach_one(up, interface, (struct hook){HOOK_INGRESS, choice->ingress}, error);
}

/*
 * Ingress is attached first and detached last: the reply to the first translated SYN must find its way
 * back.
 */
static int attach(struct up *up, struct error *error)
{
	int r = 0;

	for (size_t i = 0; !r && i < up->n_interfaces; i++) {
		struct up_interface *interface = &up->interfaces[i];

		r = attach_ingress(up, interface, error);
		if (!r)
			r = attach_one(up, interface,
				       (struct hook){HOOK_EGRESS, interface->choice.egress}, error);
	}
	return r;
}

static int adopt(struct up *up, struct error *error)
{
	free(up->sockets_note);
	return adopt_sockets(up->config, up->loaded, &up->sockets_note, error);
}

typedef int (*plumb_step)(const struct plumb *plumb, struct error *error);

static int plumb(struct up *up, plumb_step step, struct error *error)
{
	_cleanup_(free_p) int *indexes = calloc(up->n_interfaces, sizeof(*indexes));
	_cleanup_(free_p) const char **names = calloc(up->n_interfaces, sizeof(*names));
	struct plumb plumb = {up->config, up->netlink, up->journal,
			      indexes,	  names,       up->n_interfaces};

	if (!up->config->plumb)
		return 0;
	if (!indexes || !names)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < up->n_interfaces; i++) {
		indexes[i] = up->interfaces[i].hook.index;
		names[i] = up->interfaces[i].hook.name;
	}
	return step(&plumb, error);
}

static int grant(struct up *up, struct error *error)
{
	int r = loaded_grant(up->loaded, up->user.uid, up->user.gid, error);

	return r ? r : bpffs_open_way(up->config->pin_path, up->user.uid, up->journal, error);
}

/* ---- what is taken away again */

static bool is_hooked(const struct up *up, const char *name, struct hook hook)
{
	for (size_t i = 0; i < up->n_interfaces; i++) {
		const struct hook_choice *choice = &up->interfaces[i].choice;

		if (!strcmp(up->interfaces[i].hook.name, name))
			return hook.kind ==
			       (hook.direction == HOOK_INGRESS ? choice->ingress : choice->egress);
	}
	return false;
}

/* For undo: what an earlier `up` did and this configuration no longer wants. */
static bool is_unwanted(const void *data, size_t index, const struct journal_entry *entry)
{
	const struct up *up = data;
	struct hook hook;

	(void)index;
	switch (entry->kind) {
	case JOURNAL_ADDRESS:
	case JOURNAL_HANDLE:
		return !plumb_wants(up->config, entry);
	case JOURNAL_QDISC:
		return !is_hooked(up, entry->what, (struct hook){HOOK_EGRESS, HOOK_CLSACT});
	case JOURNAL_HOOK:
		return !hook_parse(entry->detail, &hook) && !is_hooked(up, entry->what, hook);
	default:
		return false;
	}
}

/* For undo: what this call added. */
static bool is_new(const void *data, size_t index, const struct journal_entry *entry)
{
	const struct up *up = data;

	(void)entry;
	return index >= up->journal_before;
}

static int prune(struct up *up, struct error *error)
{
	struct undo undo = {up->journal, up->netlink, up->config->pin_path, is_unwanted, up};

	return undo_network(&undo, error);
}

/* The first error is the one to tell; what cannot be undone stays in the journal for `down`. */
static void roll_back(struct up *up)
{
	struct undo undo = {up->journal, up->netlink, up->config->pin_path, is_new, up};
	struct error ignored;

	undo_network(&undo, &ignored);
	if (up->loaded)
		loaded_rollback(up->loaded);
	undo_files(&undo, &ignored);
}

/* Nothing is steered yet: connections older than the datapath are taken in before and after it begins. */
static int begin(struct up *up, struct error *error)
{
	int r = fill(up, error);

	if (!r)
		r = adopt(up, error);
	if (!r)
		r = attach(up, error);
	return r ? r : adopt(up, error);
}

/* The same where packets are steered all the while, maybe to addresses that are about to be. */
static int take_over(struct up *up, struct error *error)
{
	int r = loaded_move(up->loaded, &up->is_in_force, error);

	if (!r)
		r = attach(up, error);
	if (!r)
		r = adopt(up, error);
	return r ? r : fill(up, error);
}

static int bring_up(struct up *up, struct error *error)
{
	int r = load(up, error);

	if (!r)
		r = plumb(up, plumb_pools, error);
	if (!r)
		r = loaded_is_new(up->loaded) ? begin(up, error) : take_over(up, error);
	if (!r)
		r = plumb(up, plumb_handles, error);
	return r ? r : grant(up, error);
}

static bool is_gone(void *data, const struct address *handle)
{
	struct up *up = data;
	struct error ignored;
	int index = 0;

	return !netlink_address_find(up->netlink, handle, &index, &ignored) && !index;
}

/* After their addresses are gone. */
static int forget_handles(struct up *up, struct error *error)
{
	struct steering *steering = NULL;
	struct datapath *datapath = NULL;
	int r = datapath_open(up->config->pin_path, &datapath, error);

	if (!r)
		r = steering_new(up->config, datapath, NULL, clock_monotonic_ns(), clock_wall_sec(),
				 &steering, error);
	if (!r)
		r = steering_forget_handles(steering, is_gone, up, error);
	steering_free(steering);
	datapath_free(datapath);
	return r;
}

static int finish(struct up *up, struct error *error)
{
	int r = prune(up, error);

	if (!r)
		r = forget_handles(up, error);
	return r ? r : loaded_settle(up->loaded, error);
}

/* Both notes in one line. */
static int take_note(struct up *up, char **ret_note, struct error *error)
{
	if (!up->note || !up->sockets_note) {
		*ret_note = up->note ? TAKE_PTR(up->note) : TAKE_PTR(up->sockets_note);
		return 0;
	}
	if (asprintf(ret_note, "%s; %s", up->note, up->sockets_note) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int up_run(const struct config *config, char **ret_note, struct error *error)
{
	struct up up = {.config = config, .lock = -1};
	int r = prepare(&up, error);

	if (!r) {
		r = bring_up(&up, error);
		if (r && !up.is_in_force)
			roll_back(&up);
		else if (r)
			error_prefix(error, r, "the new configuration is in force, but");
		else
			r = finish(&up, error);
	}
	if (!r)
		r = take_note(&up, ret_note, error);
	up_done(&up);
	return r;
}
