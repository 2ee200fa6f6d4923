/* SPDX-License-Identifier: BSD-2-Clause */
/* Exchanges the open maps as a whole, so that a failure leaves the old ones. */
#include "daemon/maps.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "daemon/daemon_internal.h"
#include "daemon/reload.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "judge/judge.h"
#include "steering/steering.h"

static void on_event(void *data, const struct event *event)
{
	struct agent *agent = data;
	const struct now now = clock_now();

	if (event->counter == COUNTER_flows_opened)
		judge_connections(agent->judge, event->sender, &now);
	else
		error_log_drop(&agent->error_log, agent->steering, event);
}

int maps_open(struct agent *agent, struct error *error)
{
	const char *pin_path = agent->config->pin_path;
	int r;

	/* The pin first: if `up` replaces the maps in between, maps_are_replaced() notices. */
	r = pins_inode(pin_path, &agent->pins);
	if (r == -ENOENT)
		return error_set(error, r, "nothing is up at '%s': run 'postern up' first",
				 pin_path);
	if (r < 0)
		return error_set(error, r, "'%s': %s", pin_path, strerror(-r));
	r = datapath_open(pin_path, &agent->datapath, error);
	return r == 0 ? datapath_events_open(pin_path, on_event, agent, &agent->events, error) : r;
}

void maps_close(struct agent *agent)
{
	loop_forget(&agent->loop, LOOP_EVENTS);
	datapath_events_free(TAKE_PTR(agent->events));
	datapath_free(TAKE_PTR(agent->datapath));
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;

	(void)fd, (void)what;
	datapath_events_consume(agent->events);
}

int maps_listen(struct agent *agent)
{
	return loop_on_readable(&agent->loop, LOOP_EVENTS, datapath_events_fd(agent->events),
				on_readable, agent);
}

bool maps_are_replaced(const struct agent *agent)
{
	return pins_are_replaced(agent->config->pin_path, agent->pins);
}

static int open_and_listen(struct agent *agent, struct error *error)
{
	int r = maps_open(agent, error);

	if (r == 0 && maps_listen(agent) < 0)
		r = error_set(error, -ENOMEM, "out of memory");
	return r;
}

/*
 * A configuration that cannot be loaded is no reason to end: the one that the agent has goes on,
 * with the new maps. -EPERM is of a map: `up` is replacing these, too.
 */
static int reload_or_keep(struct agent *agent, struct error *error)
{
	int r = reload_run(agent, error);

	if (r == 0 || r == -EPERM)
		return r;
	steering_move(agent->steering, agent->datapath);
	reload_try_later(agent, r, error);
	return 0;
}

int maps_follow(struct agent *agent, struct error *error)
{
	struct datapath_events *events = TAKE_PTR(agent->events);
	struct datapath *datapath = TAKE_PTR(agent->datapath);
	int r;

	loop_forget(&agent->loop, LOOP_EVENTS);
	r = open_and_listen(agent, error);
	if (r == 0)
		r = reload_or_keep(agent, error);
	/* After a commit the steering is on the new maps, also where they refuse a write. */
	if (r == 0 || steering_datapath(agent->steering) == agent->datapath) {
		datapath_events_free(events);
		datapath_free(datapath);
		agent->pins = r == -EPERM ? 0 : agent->pins;
		return r;
	}
	maps_close(agent);
	agent->events = events;
	agent->datapath = datapath;
	if (r == -EPERM)
		agent->pins = 0;
	return r;
}
