/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the state and writes the maps once. */
#include "host/up_fill.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "datapath/programs.h"
#include "host/runtime.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "steering/restore.h"
#include "steering/steering.h"

/* On a full disk the file can still be read. If that fails too, the first error explains more. */
static int open_state(const char *file, struct state **ret_state, struct error *error)
{
	int r = sqlite_open(file, ret_state, error);
	struct error ignored;

	if (r < 0 && r != -EBUSY && sqlite_open_reading(file, ret_state, &ignored) == 0)
		return 0;
	return r;
}

static int fill_maps(struct up_fill *fill, bool *ret_begun, struct error *error)
{
	const struct now now = clock_now();
	int r = steering_new(fill->config, fill->datapath, fill->state, &fill->steering, error);

	if (!r)
		r = restore_steering(fill->config, fill->state, fill->steering, &now, error);
	if (r)
		return r;
	*ret_begun = true;
	return steering_sync(fill->steering, &now, error);
}

/* No order is given between the reading of the state and the end of the writing. */
static int fill_in_turn(struct up_fill *fill, bool *ret_begun, struct error *error)
{
	int r = datapath_lock(fill->datapath, PROGRAMS_LOCK_MS);

	if (r)
		return error_set(error, r,
				 "the agent holds the maps of '%s' and does not answer: restart it",
				 fill->config->pin_path);
	r = open_state(fill->config->state, &fill->state, error);
	if (!r)
		r = fill_maps(fill, ret_begun, error);
	datapath_unlock(fill->datapath);
	return r;
}

int up_fill_run(struct up_fill *fill, bool *ret_begun, struct error *error)
{
	int r = runtime_state_make(fill->config->state, fill->user, error);

	if (!r)
		r = datapath_open(fill->config->pin_path, &fill->datapath, error);
	return r ? r : fill_in_turn(fill, ret_begun, error);
}

void up_fill_done(struct up_fill *fill)
{
	steering_free(TAKE_PTR(fill->steering));
	datapath_free(TAKE_PTR(fill->datapath));
	state_free(TAKE_PTR(fill->state));
}
