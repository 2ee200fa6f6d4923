/* SPDX-License-Identifier: BSD-2-Clause */
/* The turn of a writer, and the configuration that the maps follow. */
#include "steering/steering.h"

#include <errno.h>
#include <string.h>

#include "steering/steering_internal.h"

static int read_control(struct steering *steering, struct control *ret_control)
{
	const uint32_t zero = 0;

	return steering->datapath->ops->get(steering->datapath, MAP_CONTROL, &zero, ret_control);
}

/* 0 in the map: no configuration was written yet. */
static int see_configuration(struct steering *steering)
{
	struct control control;
	int r = read_control(steering, &control);

	if (r == 0)
		steering->is_in_force = !control.configuration ||
					control.configuration == steering->config->fingerprint;
	return r;
}

int steering_begin(struct steering *steering, unsigned wait_ms, struct error *error)
{
	int r = datapath_lock(steering->datapath, wait_ms);

	if (r < 0)
		return error_set(error, r,
				 "another process, such as 'postern up', is writing the maps; "
				 "nothing was changed, try again");
	r = see_configuration(steering);
	if (r == 0)
		return 0;
	steering_end(steering);
	return error_errno(error, r, "reading the configuration in force");
}

void steering_end(struct steering *steering)
{
	datapath_unlock(steering->datapath);
}

int steering_begin_order(struct steering *steering, struct error *error)
{
	int r;

	if (!steering->state)
		return error_set(error, -EROFS, "opened for reading only");
	r = steering_begin(steering, STEERING_WAIT_MS, error);
	if (r < 0 || steering->is_in_force)
		return r;
	steering_end(steering);
	return error_set(error, -ESTALE,
			 "the agent does not follow the configuration of the last 'postern up' "
			 "yet; nothing was changed, try again");
}

int steering_end_order(struct steering *steering, int r, struct error *error)
{
	steering_end(steering);
	if (r != -EPERM)
		return r;
	return error_set(error, -EBUSY,
			 "'postern up' is replacing the maps; nothing was changed, try again");
}

bool steering_is_in_force(struct steering *steering)
{
	return see_configuration(steering) < 0 || steering->is_in_force;
}

/* ---- the state */

int turn_see_state(struct steering *steering)
{
	const struct state *state = steering->state;
	struct control control;
	int r = read_control(steering, &control);

	if (r < 0)
		return r;
	if (!state_is_current(state))
		steering->source = STEERING_BOTH;
	else if (!control.configuration || control.state == state->identity)
		steering->source = STEERING_FILE;
	else
		steering->source = control.state == STATE_BEHIND ? STEERING_MAPS : STEERING_BOTH;
	return 0;
}

enum steering_source steering_source(const struct steering *steering)
{
	return steering->source;
}

int steering_note_state(struct steering *steering, bool has_all, struct error *error)
{
	const uint32_t zero = 0;
	struct control control;
	int r = steering_begin(steering, STEERING_WAIT_MS, error);

	if (r < 0)
		return r;
	r = read_control(steering, &control);
	control.state = has_all ? steering->state->identity : STATE_BEHIND;
	if (has_all)
		steering->source = STEERING_FILE;
	if (r == 0)
		r = steering->datapath->ops->put(steering->datapath, MAP_CONTROL, &zero, &control);
	steering_end(steering);
	return r < 0 ? error_errno(error, r, "writing the state of the orders") : 0;
}

/* ---- the configuration */

/* New maps have no orders yet, so what was written to them is what the state could tell. */
static uint64_t state_of(const struct steering *steering, const struct control *control)
{
	if (steering->source == STEERING_FILE)
		return steering->state->identity;
	return control->configuration ? control->state : STATE_UNREAD;
}

int turn_take_over(struct steering *steering)
{
	const uint32_t zero = 0;
	struct control control, before;
	int r = read_control(steering, &control);

	steering->is_in_force = true;
	if (r < 0)
		return r;
	before = control;
	control.state = state_of(steering, &control);
	control.configuration = steering->config->fingerprint;
	if (memcmp(&before, &control, sizeof(control)) == 0)
		return 0;
	return steering->datapath->ops->put(steering->datapath, MAP_CONTROL, &zero, &control);
}

void steering_move(struct steering *steering, struct datapath *datapath)
{
	steering->datapath = datapath;
}
