/* SPDX-License-Identifier: BSD-2-Clause */
/* Which addresses of pools the host lacks, by map host, and what follows for new flows. */
#include "steering/steering.h"

#include "steering/steering_internal.h"

static int follow(struct steering *steering, struct error *error)
{
	int r = pools_sync(steering, error);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < steering->pools.n_pools; i++)
		r = verdicts_follow_pool(steering, &steering->pools.pools[i]);
	if (r == 0)
		r = lanes_follow(steering);
	steering->host_changed = r < 0;
	return r < 0 ? error_errno(error, r, "writing verdicts of handles") : 0;
}

int steering_follow_host(struct steering *steering, struct error *error)
{
	int r = steering_begin(steering, STEERING_WAIT_MS, error);

	if (r < 0)
		return r;
	pools_see_host(steering);
	if (steering->is_in_force && steering->host_changed)
		r = follow(steering, error);
	steering_end(steering);
	return r;
}

int steering_hold_addresses(const struct config *config, struct datapath *datapath,
			    struct error *error)
{
	struct steering steering = {
		.config = config, .datapath = datapath, .source = STEERING_MAPS};
	int r = steering_begin(&steering, STEERING_WAIT_MS, error);

	if (r < 0)
		return r;
	if (steering.is_in_force)
		r = pools_load(&steering, error);
	if (r == 0 && steering.is_in_force)
		r = pools_sync(&steering, error);
	steering_end(&steering);
	pool_set_done(&steering.pools);
	return r;
}
