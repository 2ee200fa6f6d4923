/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of `up` in their order, and the way back. Other files do the work of each step. */
#include "host/up.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "datapath/adopt.h"
#include "datapath/cgroups.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "datapath/programs.h"
#include "host/adopt.h"
#include "host/bpffs.h"
#include "host/handles.h"
#include "host/interfaces.h"
#include "host/journal.h"
#include "host/leaving.h"
#include "host/plumb.h"
#include "host/report.h"
#include "host/runtime.h"
#include "host/undo.h"
#include "host/watch.h"
#include "host/up_fill.h"
#include "host/up_prune.h"
#include "host/uplinks.h"
#include "steering/restore.h"
#include "netlink/announcer.h"
#include "netlink/netlink.h"
#include "netlink/snapshot.h"
#include "steering/steering.h"

struct up {
	struct config *config;
	struct runtime_user user;
	int lock;
	struct journal *journal;
	size_t journal_before; /* entries of earlier calls */
	struct netlink *netlink;
	struct interfaces interfaces;
	struct announcer *announcer;
	struct programs *programs; /* NULL before load() */
	struct up_fill fill;
	struct leaving leaving;
	struct uplinks uplinks;
	bool is_in_force; /* a datapath that was up follows the new configuration */
	char *sockets_note;
	char *leaving_note;
	char *cgroups_note;
	char *uplinks_note;
};

static void up_done(struct up *up)
{
	up_fill_done(&up->fill);
	programs_free(up->programs);
	announcer_close(up->announcer);
	interfaces_done(&up->interfaces);
	netlink_free(up->netlink);
	journal_free(up->journal);
	close_fd_p(&up->lock);
	leaving_done(&up->leaving);
	uplinks_done(&up->uplinks);
	free(up->sockets_note);
	free(up->leaving_note);
	free(up->cgroups_note);
	free(up->uplinks_note);
}

/*
 * While this process waited for the lock, another `up` may have put a newer file in force, which
 * the older one must not replace. The host may have changed, too.
 */
static int lock(struct up *up, struct error *error)
{
	const char *runtime_dir = up->config->runtime_dir;
	int r = runtime_lock(runtime_dir, &up->lock, error);

	if (!r)
		r = config_refresh(up->config, error);
	if (!r && strcmp(runtime_dir, up->config->runtime_dir))
		return error_set(error, -ESTALE,
				 "%s: runtime_dir has changed meanwhile: run 'postern up' again",
				 up->config->file);
	if (!r)
		r = runtime_user_get(up->config->user, &up->user, error);
	interfaces_done(&up->interfaces);
	return r ? r : interfaces_find(up->config, up->netlink, &up->interfaces, error);
}

/* Makes the runtime directory; changes nothing else on the host. */
static int prepare(struct up *up, struct error *error)
{
	const char *runtime_dir = up->config->runtime_dir;
	bool made_directory = access(runtime_dir, F_OK) != 0;
	int r = runtime_check_privileges(error);

	if (!r)
		r = runtime_user_get(up->config->user, &up->user, error);
	if (!r)
		r = netlink_open(&up->netlink, error);
	if (!r)
		r = interfaces_find(up->config, up->netlink, &up->interfaces, error);
	/* Without the capability, neighbours learn of a moved address by themselves, later. */
	if (!r && announcer_open(&up->announcer, error))
		up->announcer = NULL;
	if (!r)
		r = runtime_directory_make(runtime_dir, &up->user, error);
	if (!r)
		r = lock(up, error);
	if (!r)
		r = journal_open(up->config->runtime_dir, &up->journal, error);
	if (!r)
		up->journal_before = made_directory ? 0 : journal_count(up->journal);
	return r;
}

/* ---- the steps */

static int load(struct up *up, struct error *error)
{
	const struct config *config = up->config;
	struct programs_options options = {
		.pin_path = config->pin_path,
		.flows_max = config->flows_max,
		.senders_max = config->senders_max,
		.established_ns = config->timeout_established_sec * NS_PER_SEC,
		.transitory_ns = config->timeout_transitory_sec * NS_PER_SEC,
		.now_ns = clock_monotonic_ns(),
	};
	int r = bpffs_prepare(config->pin_path, up->journal, error);

	memcpy(options.ports, config->ports, sizeof(options.ports));
	options.handles = handles_filter(config);
	return r ? r : programs_open(&options, &up->programs, error);
}

/*
 * Before the maps have paths, and after a move: no cgroup is made unseen. Without these programs
 * the agent looks once a second.
 */
static int follow_cgroups(struct up *up, struct error *error)
{
	struct error failure;
	int r;

	if (!steering_has_cgroups(up->config))
		return cgroups_detach(up->config->pin_path, error);
	r = cgroups_attach(up->config->pin_path, &failure);
	if (!r)
		return 0;
	free(up->cgroups_note);
	up->cgroups_note = strdup(failure.text);
	return up->cgroups_note ? 0 : error_set(error, -ENOMEM, "out of memory");
}

static int find_uplinks(struct up *up, struct error *error)
{
	struct snapshot snapshot;
	struct uplinks_host host = {up->config, up->netlink, &snapshot, up->interfaces.indexes,
				    up->interfaces.count};
	int r = netlink_snapshot(up->netlink, &snapshot, error);

	if (r)
		return r;
	r = uplinks_find(&host, &up->uplinks, error);
	snapshot_done(&snapshot);
	if (!r && uplinks_note(&up->uplinks, &up->uplinks_note))
		r = error_set(error, -ENOMEM, "out of memory");
	return r;
}

static int set_uplinks(struct up *up, struct error *error)
{
	int r = find_uplinks(up, error);

	if (r)
		return r;
	r = uplinks_set(up->fill.datapath, up->uplinks.routes, up->uplinks.count);
	return r ? error_errno(error, r, "writing uplinks") : 0;
}

static int fill(struct up *up, struct error *error)
{
	bool begun = false;
	int r = follow_cgroups(up, error);

	if (!r)
		r = up_fill_run(&up->fill, &begun, error);
	if (begun && !programs_maps_are_new(up->programs))
		up->is_in_force = true;
	return r ? r : set_uplinks(up, error);
}

static struct attachment to_attach(const struct up *up)
{
	return (struct attachment){.config = up->config,
				   .netlink = up->netlink,
				   .journal = up->journal,
				   .programs = up->programs};
}

static int attach(struct up *up, struct error *error)
{
	const struct attachment attachment = to_attach(up);

	return interfaces_attach(&up->interfaces, &attachment, error);
}

static int keep_handles(struct up *up, struct error *error)
{
	const struct attachment attachment = to_attach(up);

	return handles_attach_all(&attachment, &up->interfaces, error);
}

static int adopt(struct up *up, struct error *error)
{
	free(up->sockets_note);
	return adopt_sockets(up->config, up->programs, &up->sockets_note, error);
}

typedef int (*plumb_step)(const struct plumb *plumb, struct error *error);

static int plumb(struct up *up, plumb_step step, struct error *error)
{
	const struct plumb plumb = {up->config, up->netlink, up->journal, &up->interfaces,
				    up->announcer};

	return up->config->plumb ? step(&plumb, error) : 0;
}

static int grant(struct up *up, struct error *error)
{
	int r = pins_chown(up->config->pin_path, up->user.uid, up->user.gid, error);

	return r ? r : bpffs_open_way(up->config->pin_path, up->user.uid, up->journal, error);
}

/* ---- removal */

/* For undo: entries of this call. */
static bool is_new(const void *data, size_t index, const struct journal_entry *entry)
{
	const struct up *up = data;

	(void)entry;
	return index >= up->journal_before;
}

static int prune(struct up *up, struct error *error)
{
	const struct up_prune wanted = {up->config, up->netlink, up->journal, &up->interfaces,
					&up->leaving};
	int r = leaving_read(up->config, up->journal, up->fill.datapath, &up->leaving, error);

	if (!r && leaving_note(&up->leaving, &up->leaving_note))
		r = error_set(error, -ENOMEM, "out of memory");
	return r ? r : up_prune(&wanted, error);
}

/* Keeps silent: the caller reports the error that led here. Entries that fail stay for `down`. */
static void roll_back(struct up *up)
{
	struct undo undo = {up->journal, up->netlink, up->config->pin_path, is_new, up};
	struct error ignored;

	undo_network(&undo, &ignored);
	if (up->programs && programs_maps_are_new(up->programs))
		cgroups_detach(up->config->pin_path, &ignored);
	if (up->programs)
		programs_rollback(up->programs);
	undo_files(&undo, &ignored);
}

/*
 * Nothing is steered yet. Connections may open at any moment before the hooks are there, so
 * existing ones are adopted before and after.
 */
static int begin(struct up *up, struct error *error)
{
	int r = fill(up, error);

	if (!r)
		r = adopt(up, error);
	if (!r)
		r = attach(up, error);
	return r ? r : adopt(up, error);
}

/*
 * Packets are steered all the time. The maps change last: a new pool address serves flows only
 * after the connections from it are adopted.
 */
static int take_over(struct up *up, struct error *error)
{
	int r = programs_move(up->programs, &up->is_in_force, error);

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
		r = programs_maps_are_new(up->programs) ? begin(up, error) : take_over(up, error);
	if (!r)
		r = keep_handles(up, error);
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

static int finish(struct up *up, struct error *error)
{
	int r = prune(up, error);

	announcer_finish(up->announcer);
	/* Interfaces that have just lost the datapath's hooks. */
	if (!r)
		r = keep_handles(up, error);
	/* Old handles have left the host: no connection can bind to them any more. */
	if (!r)
		r = up_fill_forget(&up->fill, is_gone, up, error);
	return r ? r : adopt_timer(up->programs, error);
}

/* NULL, or the note on mail that the programs have held since the maps were made. */
static const char *masquerade_note(struct up *up)
{
	struct datapath *datapath = up->fill.datapath;
	struct stats stats;

	if (datapath->ops->stats(datapath, &stats) || !stats.translated_before)
		return NULL;
	return "a rule of this host masquerades forwarded mail before Postern, which holds it: "
	       "except the steered ports from that rule, or set forwarded_masquerade";
}

/* Joins the notes into one line. */
static int take_note(struct up *up, char **ret_note, struct error *error)
{
	const char *notes[] = {up->interfaces.note, up->sockets_note, up->leaving_note,
			       up->cgroups_note,    up->uplinks_note, up->fill.note,
			       masquerade_note(up)};
	char *joined = NULL;

	for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++) {
		char *before = joined;
		int r;

		if (!notes[i])
			continue;
		r = asprintf(&joined, "%s%s%s", before ? before : "", before ? "; " : "", notes[i]);
		free(before);
		if (r < 0)
			return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_note = joined;
	return 0;
}

int up_run_and_keep(struct config *config, struct programs **ret_programs, char **ret_note,
		    struct error *error)
{
	struct up up = {.config = config, .lock = -1};
	int r = prepare(&up, error);

	up.fill = (struct up_fill){.config = config, .user = &up.user};
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
	if (!r)
		*ret_programs = TAKE_PTR(up.programs);
	if (!r)
		report_up(config);
	up_done(&up);
	return r;
}

/* Takes the lock of `up` again. */
static int report_host(const struct config *config, struct error *error)
{
	struct netlink *netlink;
	int r = netlink_open(&netlink, error);

	if (r)
		return r;
	r = watch_once(config, netlink, error);
	netlink_free(netlink);
	return r ? error_prefix(error, r, "the new configuration is in force, but") : 0;
}

int up_run(struct config *config, char **ret_note, struct error *error)
{
	struct programs *programs;
	int r = up_run_and_keep(config, &programs, ret_note, error);

	if (r)
		return r;
	programs_free(programs);
	return report_host(config, error);
}
