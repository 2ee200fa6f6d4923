/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the state and writes the maps once. */
#include "host/up_fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "datapath/programs.h"
#include "host/runtime.h"
#include "host/up_state.h"
#include "state/state.h"
#include "steering/restore.h"
#include "steering/steering.h"

/* Without memory there is no note. */
static void add_note(struct up_fill *fill, const char *text)
{
	_cleanup_(free_p) char *before = fill->note;

	if (asprintf(&fill->note, "%s%s%s", before ? before : "", before ? "; " : "", text) < 0)
		fill->note = NULL;
}

/* Steering goes before all: with whatever can be read, and with the orders of the maps. */
static void read_state(struct up_fill *fill)
{
	struct error why = {{0}};
	int r = runtime_state_make(fill->config->state, fill->user, &why);

	free(fill->note);
	fill->note = NULL;
	if (!r)
		r = up_state_read(fill->config, &fill->state, &why);
	if (!why.text[0])
		return;
	error_prefix(&why, r,
		     "the state cannot be read%s, orders that the maps do not know are left out",
		     r ? "" : " as a whole");
	add_note(fill, why.text);
}

/* Within a boot, the agent's. */
static struct now take_time(struct up_fill *fill)
{
	struct calendar_record record;
	struct error ignored;

	if (fill->state && restore_calendar(fill->state, &record, &ignored) == 0)
		clock_continue(record.boot, record.ns, record.sec);
	return clock_now();
}

static int fill_maps(struct up_fill *fill, bool *ret_begun, struct error *error)
{
	const struct now now = take_time(fill);
	struct error waiting = {{0}};
	int r = steering_new(fill->config, fill->datapath, fill->state, &fill->steering, error);

	if (!r)
		r = restore_steering(fill->config, fill->state, fill->steering, &now, &waiting,
				     error);
	if (r)
		return r;
	if (waiting.text[0])
		add_note(fill, waiting.text);
	*ret_begun = true;
	return steering_sync(fill->steering, &now, error);
}

/* A step of `up` waits longer for its turn than one of the agent, which serves others meanwhile. */
static int begin_turn(struct up_fill *fill, struct error *error)
{
	int r = datapath_lock(fill->datapath, PROGRAMS_LOCK_MS);

	return r ? error_set(error, r,
			     "the agent holds the maps of '%s' and does not answer: restart it",
			     fill->config->pin_path)
		 : 0;
}

/* No order is given between the reading of the state and the end of the writing. */
static int fill_in_turn(struct up_fill *fill, bool *ret_begun, struct error *error)
{
	int r = begin_turn(fill, error);

	if (r)
		return r;
	read_state(fill);
	r = fill_maps(fill, ret_begun, error);
	datapath_unlock(fill->datapath);
	return r;
}

int up_fill_run(struct up_fill *fill, bool *ret_begun, struct error *error)
{
	int r = datapath_open(fill->config->pin_path, &fill->datapath, error);

	return r ? r : fill_in_turn(fill, ret_begun, error);
}

int up_fill_forget(struct up_fill *fill, handle_test is_gone, void *data, struct error *error)
{
	int r = begin_turn(fill, error);

	if (r)
		return r;
	r = steering_forget_handles(fill->steering, is_gone, data, error);
	datapath_unlock(fill->datapath);
	return r;
}

void up_fill_done(struct up_fill *fill)
{
	steering_free(TAKE_PTR(fill->steering));
	datapath_free(TAKE_PTR(fill->datapath));
	state_free(TAKE_PTR(fill->state));
	free(TAKE_PTR(fill->note));
}
