/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of a steering, and the order in which the maps are written. */
#include "steering/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "steering/steering_internal.h"

int steering_new(struct config *config, struct datapath *datapath, struct state *state,
		 struct steering **ret_steering, struct error *error)
{
	struct steering *steering = calloc(1, sizeof(*steering));
	int r;

	if (!steering)
		return error_set(error, -ENOMEM, "out of memory");
	steering->config = config;
	steering->datapath = datapath;
	steering->state = state;
	steering->has_cgroups = steering_has_cgroups(config);
	r = turn_see_state(steering);
	if (r < 0)
		error_errno(error, r, "reading the configuration in force");
	if (r == 0) {
		r = pools_number(config, datapath);
		if (r < 0)
			error_errno(error, r, "reading pools");
	}
	if (r == 0)
		r = pools_load(steering, error);
	if (r == 0)
		r = lanes_load(steering, error);
	if (r == 0)
		r = senders_load(steering, error);
	if (r < 0) {
		steering_free(steering);
		return r;
	}
	*ret_steering = steering;
	return 0;
}

void steering_free(struct steering *steering)
{
	if (!steering)
		return;
	senders_done(steering);
	lanes_done(steering);
	pool_set_done(&steering->pools);
	free(steering);
}

/*
 * An entry is written before the entries that refer to it, and removed after them: addresses, slots
 * and pools, then verdicts, then selectors.
 */
static int write_all(struct steering *steering, const struct now *now, struct error *error)
{
	int r = pools_sync(steering, error);

	if (r == 0)
		r = verdicts_sync(steering, now, error);
	if (r == 0)
		r = selectors_sync(steering, error);
	if (r == 0)
		r = selectors_prune(steering, error);
	if (r == 0)
		r = verdicts_prune(steering, error);
	return r == 0 ? pools_prune(steering, error) : r;
}

/*
 * The configuration is in force before the first write: if this process is killed midway, the agent
 * finds another configuration than its own, loads the file and completes the maps.
 */
int steering_sync(struct steering *steering, const struct now *now, struct error *error)
{
	int r = steering_begin(steering, STEERING_WAIT_MS, error);

	if (r < 0)
		return r;
	r = turn_take_over(steering);
	if (r < 0)
		error_errno(error, r, "writing the configuration in force");
	else
		r = write_all(steering, now, error);
	steering_end(steering);
	return r;
}

const struct config *steering_config(const struct steering *steering)
{
	return steering->config;
}

struct datapath *steering_datapath(const struct steering *steering)
{
	return steering->datapath;
}

const struct pool_set *steering_pools(const struct steering *steering)
{
	return &steering->pools;
}
