/* SPDX-License-Identifier: BSD-2-Clause */
/* Life of a controller and the order in which the maps are brought in line. */
#include "steering/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "steering/steering_internal.h"

int control_map_error(struct error *error, int r, const char *what)
{
	return error_set(error, r, "%s: %s", what, strerror(-r));
}

static bool has_cgroups(const struct config *config)
{
	for (size_t i = 0; i < config->n_senders; i++)
		for (size_t j = 0; j < config->senders[i].n_selectors; j++)
			if (config->senders[i].selectors[j].kind == CONFIG_SELECTOR_CGROUP)
				return true;
	return false;
}

int control_new(const struct config *config, struct datapath *datapath, struct state *state,
		uint64_t now_ns, int64_t now_sec, struct controller **ret_control,
		struct error *error)
{
	struct controller *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return error_set(error, -ENOMEM, "out of memory");
	control->config = config;
	control->datapath = datapath;
	control->state = state;
	control->has_cgroups = has_cgroups(config);
	r = pools_load(control, error);
	if (r == 0)
		r = lanes_load(control, error);
	if (r == 0)
		r = roster_load(control, now_ns, now_sec, error);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

void control_free(struct controller *control)
{
	if (!control)
		return;
	roster_done(control);
	lanes_done(control);
	pool_set_done(&control->pools);
	free(control);
}

/*
 * What is referred to comes before what refers to it, and goes after it: addresses, slots and pools,
 * then verdicts, then selectors.
 */
int control_sync(struct controller *control, uint64_t now_ns, int64_t now_sec, struct error *error)
{
	int r = pools_sync(control, error);

	if (r == 0)
		r = verdicts_sync(control, now_ns, now_sec, error);
	if (r == 0)
		r = selectors_sync(control, error);
	if (r == 0)
		r = selectors_prune(control, error);
	if (r == 0)
		r = verdicts_prune(control, error);
	return r == 0 ? pools_prune(control, error) : r;
}

const struct config *control_config(const struct controller *control)
{
	return control->config;
}

struct datapath *control_datapath(const struct controller *control)
{
	return control->datapath;
}

const struct pool_set *control_pools(const struct controller *control)
{
	return &control->pools;
}
