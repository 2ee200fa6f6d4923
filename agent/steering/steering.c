/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of a steering. */
#include "steering/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "steering/plan.h"
#include "steering/steering_internal.h"

int steering_open(struct config *config, struct datapath *datapath, struct state *state,
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
	if (r < 0) {
		steering_free(steering);
		return r;
	}
	*ret_steering = steering;
	return 0;
}

int steering_load(struct steering *steering, struct error *error)
{
	return senders_load(steering, error);
}

int steering_new(struct config *config, struct datapath *datapath, struct state *state,
		 struct steering **ret_steering, struct error *error)
{
	struct steering *steering;
	int r = steering_open(config, datapath, state, &steering, error);

	if (r < 0)
		return r;
	r = steering_load(steering, error);
	if (r < 0)
		steering_free(steering);
	else
		*ret_steering = steering;
	return r;
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

static int write_all(struct steering *steering, const struct now *now, struct error *error)
{
	struct plan *plan;
	int r = plan_new(steering, now, &plan, error);

	if (r < 0)
		return r;
	do
		r = plan_step(plan, now, error);
	while (r > 0);
	plan_free(plan);
	return r;
}

int steering_sync(struct steering *steering, const struct now *now, struct error *error)
{
	int r = steering_begin(steering, STEERING_WAIT_MS, error);

	if (r < 0)
		return r;
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
