/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of a pool's lanes a sender takes now. */
#include "control/control.h"

#include <string.h>

#include "control/model.h"

int lanes_load(struct controller *control, struct error *error)
{
	int r = lane_set_init(&control->lanes, control->config);

	return r < 0 ? error_set(error, r, "out of memory") : 0;
}

void lanes_done(struct controller *control)
{
	lane_set_done(&control->lanes);
}

const struct lane *control_lane(const struct controller *control, const struct config_pool *pool)
{
	size_t count;

	return pool ? lane_of_pool(&control->lanes, pool, &count) : NULL;
}
