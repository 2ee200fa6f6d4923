/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks first: a handle on a host without hooks would let its mail out as it is. */
#include "host/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "datapath/hold.h"
#include "host/found.h"
#include "host/holding.h"
#include "host/leaving.h"
#include "host/others.h"
#include "host/put_back.h"
#include "host/report.h"
#include "host/runtime.h"
#include "host/wanted.h"
#include "netlink/netlink.h"
#include "netlink/snapshot.h"
#include "steering/steering.h"

struct look {
	struct watch *watch;
	struct snapshot snapshot;
	struct wanted *wanted;
	size_t n_wanted;
	struct netlink_interface *links; /* those that get hooks */
	size_t n_links;
};

static int no_memory(struct error *error)
{
	return error_set(error, -ENOMEM, "out of memory");
}

static struct put_back to_put_back(const struct look *look)
{
	const struct watch *watch = look->watch;

	return (struct put_back){watch->config,	   watch->netlink, watch->programs,
				 watch->announcer, look->links,	   look->n_links};
}

/* Does the account want a try? NULL: no. *ret_code: -ENOMEM. */
static struct repair_part *ask(struct look *look, const struct finding *finding, int *ret_code)
{
	enum repair_next next = REPAIR_LEAVE;
	struct repair_part *part = NULL;

	*ret_code = repair_look(&look->watch->repair, finding, clock_monotonic_ns(), &next, &part);
	return !*ret_code && next == REPAIR_TRY && look->watch->programs ? part : NULL;
}

/* ---- interfaces */

/* NULL: the hooks are there, and the first ones. Else the cause, in `finding` or `failure`. */
static const char *put_back(struct look *look, const struct wanted *wanted, struct finding *finding,
			    struct error *failure)
{
	const struct put_back put_back = to_put_back(look);

	if (put_back_hooks(&put_back, wanted->link, failure))
		return failure->text;
	found_interface(look->watch->config, look->watch->netlink, wanted, finding);
	return finding->state == HOST_PRESENT ? NULL : finding->cause;
}

/* One that fails is tried at the next look; local mail is held in any case. */
static void hold_forwarded(struct look *look, const struct netlink_interface *link)
{
	const struct put_back put_back = to_put_back(look);
	struct error ignored;

	holding_hook(look->watch->holding, &put_back, link, &ignored);
}

static int look_at_interface(struct look *look, const struct wanted *wanted, struct error *error)
{
	struct holding *holding = look->watch->holding;
	struct finding finding;
	struct repair_part *part;
	struct error failure;
	int r;

	found_interface(look->watch->config, look->watch->netlink, wanted, &finding);
	part = ask(look, &finding, &r);
	if (r)
		return no_memory(error);
	r = holding_set(holding, wanted->link, finding.state != HOST_PRESENT, error);
	if (!r && wanted->link && finding.state == HOST_REFUSED)
		hold_forwarded(look, wanted->link);
	if (r || !part)
		return r;
	repair_tried(part, put_back(look, wanted, &finding, &failure), clock_monotonic_ns());
	return holding_set(holding, wanted->link, finding.state != HOST_PRESENT, error);
}

static int find_wanted(struct look *look, struct error *error)
{
	const struct config *config = look->watch->config;
	size_t size = config->interfaces.count + look->snapshot.n_links;

	look->wanted = calloc(size + 1, sizeof(*look->wanted));
	look->links = calloc(size + 1, sizeof(*look->links));
	if (!look->wanted || !look->links)
		return no_memory(error);
	look->n_wanted = wanted_interfaces(config, &look->snapshot, look->wanted, size);
	for (size_t i = 0; i < look->n_wanted; i++)
		if (look->wanted[i].link && !*look->wanted[i].refused)
			look->links[look->n_links++] = *look->wanted[i].link;
	return 0;
}

static int look_at_others(struct look *look, struct error *error)
{
	const struct put_back put_back = to_put_back(look);

	if (!look->watch->programs)
		return 0;
	return others_follow(&look->watch->others, &put_back, &look->snapshot, error);
}

/* ---- uplinks */

static bool is_changed(const struct watch *watch, const struct uplinks *uplinks)
{
	return !watch->has_uplinks || watch->uplinks.count != uplinks->count ||
	       (uplinks->count && memcmp(watch->uplinks.routes, uplinks->routes,
					 uplinks->count * sizeof(*uplinks->routes)));
}

static int write_uplinks(struct watch *watch, const struct uplinks *uplinks, struct error *error)
{
	_cleanup_(close_fd_p) int lock = -1;
	_cleanup_(free_p) char *note = NULL;
	int r = runtime_lock(watch->config->runtime_dir, &lock, error);

	if (r)
		return r;
	r = uplinks_set(watch->datapath, uplinks->routes, uplinks->count);
	if (r)
		return error_errno(error, r, "writing uplinks");
	if (!uplinks_note(uplinks, &note) && note)
		log_error("guard", "%s", note);
	return 0;
}

static int look_at_uplinks(struct look *look, struct error *error)
{
	struct watch *watch = look->watch;
	_cleanup_(free_p) int *hooked = calloc(look->n_links + 1, sizeof(*hooked));
	const struct uplinks_host host = {watch->config, watch->netlink, &look->snapshot, hooked,
					  look->n_links};
	struct uplinks found;
	int r;

	if (!hooked)
		return no_memory(error);
	for (size_t i = 0; i < look->n_links; i++)
		hooked[i] = look->links[i].index;
	r = uplinks_find(&host, &found, error);
	if (r)
		return r;
	if (is_changed(watch, &found))
		r = write_uplinks(watch, &found, error);
	if (r) {
		uplinks_done(&found);
		return r;
	}
	uplinks_done(&watch->uplinks);
	watch->uplinks = found;
	watch->has_uplinks = true;
	return 0;
}

/* ---- addresses */

/* Present, and yet of no use. */
static void refuse_held(const struct look *look, const struct address *address,
			struct finding *finding)
{
	if (finding->state != HOST_PRESENT || !uplinks_hold(&look->watch->uplinks, address))
		return;
	finding->state = HOST_REFUSED;
	snprintf(finding->cause, sizeof(finding->cause), "its route leads to no hooked interface");
}

static int look_at_address(struct look *look, const struct address *address, bool is_handle,
			   struct error *error)
{
	const struct put_back put_back = to_put_back(look);
	struct finding finding;
	struct repair_part *part;
	struct error failure;
	int r;

	found_address(&look->snapshot, address, is_handle, &finding);
	refuse_held(look, address, &finding);
	finding.can_try = finding.can_try && (is_handle || look->n_links);
	part = ask(look, &finding, &r);
	if (r)
		return no_memory(error);
	if (!part)
		return 0;
	r = put_back_address(&put_back, address, is_handle, &failure);
	repair_tried(part, r ? failure.text : NULL, clock_monotonic_ns());
	return 0;
}

static int look_at_addresses(struct look *look, const struct config_address *addresses,
			     size_t count, bool is_handle, struct error *error)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		r = look_at_address(look, &addresses[i].address, is_handle, error);
	return r;
}

static int look_at_pools(struct look *look, struct error *error)
{
	const struct config *config = look->watch->config;
	int r = 0;

	for (size_t i = 0; !r && config->plumb && i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		r = look_at_addresses(look, pool->addresses, pool->n_addresses, false, error);
		if (!r)
			r = look_at_addresses(look, pool->handles, pool->n_handles, true, error);
	}
	return r;
}

/* Flows end by themselves, unannounced; to count them is a walk over all. */
static int retire_addresses(struct watch *watch, struct error *error)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct leaving leaving;
	int r;

	if (!watch->programs || now_ns < watch->retire_ns)
		return 0;
	watch->retire_ns = now_ns + WATCH_RETIRE_SEC * NS_PER_SEC;
	r = leaving_retire(watch->config, watch->netlink, watch->datapath, &leaving, error);
	if (r)
		return r;
	leaving_done(&watch->leaving);
	watch->leaving = leaving;
	return 0;
}

static int look_at_leaving(struct look *look, struct error *error)
{
	const struct leaving *leaving = &look->watch->leaving;
	int r = 0;

	for (size_t i = 0; !r && i < leaving->count; i++) {
		struct finding finding;

		found_address(&look->snapshot, &leaving->list[i].address, false, &finding);
		finding.state = HOST_LEAVING;
		snprintf(finding.cause, sizeof(finding.cause),
			 "not configured any more, flows: %llu",
			 (unsigned long long)leaving->list[i].flows);
		ask(look, &finding, &r);
	}
	return r ? no_memory(error) : 0;
}

static int look_at_all(struct look *look, struct error *error)
{
	struct holding *holding = look->watch->holding;
	const struct put_back put_back = to_put_back(look);
	int r = holding_follow(holding, &look->snapshot, clock_monotonic_ns(), error);

	if (!r)
		r = find_wanted(look, error);
	for (size_t i = 0; !r && i < look->n_wanted; i++)
		r = look_at_interface(look, &look->wanted[i], error);
	if (!r)
		r = look_at_others(look, error);
	if (!r)
		r = look_at_uplinks(look, error);
	if (!r)
		r = holding_unhook(holding, &put_back, error);
	if (!r)
		r = holding_finish(holding, clock_monotonic_ns(), error);
	if (!r)
		r = look_at_pools(look, error);
	if (!r)
		r = retire_addresses(look->watch, error);
	return r ? r : look_at_leaving(look, error);
}

/*
 * The agent writes the maps too: the turn may be its own just now. Then the next look tries again.
 */
static int steer_past_lost(struct watch *watch, struct error *error)
{
	int r = 0;

	if (watch->addresses_changed)
		r = steering_hold_addresses(watch->config, watch->datapath, error);
	if (!r)
		watch->addresses_changed = false;
	return r == -EBUSY ? 0 : r;
}

int watch_look(struct watch *watch, struct error *error)
{
	struct look look = {.watch = watch};
	int r = netlink_snapshot(watch->netlink, &look.snapshot, error);

	if (r)
		return r;
	repair_begin(&watch->repair);
	r = look_at_all(&look, error);
	if (!r)
		r = report_publish(&watch->repair, watch->datapath,
				   watch->holding && watch->holding->hold,
				   &watch->addresses_changed, error);
	if (!r)
		r = steer_past_lost(watch, error);
	free(look.wanted);
	free(look.links);
	snapshot_done(&look.snapshot);
	return r;
}

int watch_once(const struct config *config, struct netlink *netlink, struct error *error)
{
	struct holding holding = {0};
	struct watch watch = {.config = config, .netlink = netlink, .holding = &holding};
	struct hold_settings ignored;
	int r = datapath_open(config->pin_path, &watch.datapath, error);

	if (!r)
		r = report_restore(&watch.repair, watch.datapath, error);
	if (!r && !hold_read(config->pin_path, &ignored, error))
		r = holding_open(&holding, config, error);
	if (!r)
		r = watch_look(&watch, error);
	watch_done(&watch);
	holding_close(&holding);
	datapath_free(watch.datapath);
	return r;
}

void watch_done(struct watch *watch)
{
	repair_done(&watch->repair);
	others_done(&watch->others);
	leaving_done(&watch->leaving);
	uplinks_done(&watch->uplinks);
}
