/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the parts of the agent, connects them to the event loop, and closes them. */
#include "daemon/agent.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "api/rights.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/daemon_internal.h"
#include "daemon/maps.h"
#include "daemon/reload.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "judge/judge.h"
#include "process/lock.h"
#include "process/sd_notify.h"
#include "state/failover.h"
#include "state/state.h"
#include "steering/restore.h"
#include "steering/steering.h"
#include "wire/event.h"

/* A tick ends verdicts to the second. A watch looks at cgroups and pins. */
#define TICK_EVERY_SEC	1
#define WATCH_EVERY_SEC 2
#define START_WAIT_MS	30000
/* The pause between two slices of changes to save: requests are answered in it. */
#define WRITE_EVERY_MS 2

/* ---- callbacks of the state file */

/*
 * Before an order that the file refuses is in the maps, these say that they are newer. A file that
 * could not be read at the start may have orders that the maps lack: then they do not.
 */
static void note_state(struct agent *agent)
{
	struct error ignored;

	agent->state_noted =
		agent->state_noted || !agent->steering || !agent->state->durable ||
		steering_note_state(agent->steering, state_is_current(agent->state), &ignored) == 0;
}

static void on_state_change(void *data, const char *why)
{
	struct agent *agent = data;

	error_log_state(&agent->error_log, why);
	agent->state_noted = false;
	note_state(agent);
}

static int rewrite_state(void *data, struct state *state, struct error *error)
{
	const struct agent *agent = data;

	return judge_rewrite(agent->judge, state, error);
}

/* ---- callbacks of the loop */

static void stop(struct agent *agent, int status)
{
	agent->status = status;
	loop_stop(&agent->loop);
}

static void on_stop_signal(evutil_socket_t number, short what, void *data)
{
	(void)what;
	log_info("agent", "stopping on signal: %s", strsignal(number));
	stop(data, 0);
}

static void on_write(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;

	(void)fd, (void)what;
	if (judge_write(agent->judge))
		loop_once(&agent->loop, WRITE_EVERY_MS, on_write, agent);
}

/* A leap of the wall clock begins or ends. */
static void report_leap(const struct agent *agent, const struct now *now)
{
	const struct now *before = &agent->ticked;
	int64_t moved_sec = now->leap_sec - before->leap_sec;
	const char *state = now->leap_sec			      ? "leapt"
			    : now->stepped_sec != before->stepped_sec ? "taken"
								      : "back";

	if (moved_sec >= -CALENDAR_LEAP_SEC && moved_sec <= CALENDAR_LEAP_SEC)
		return;
	error_log_publish(
		(void *)&agent->error_log,
		&(struct wire_event){.kind = WIRE_EVENT_CLOCK,
				     .now_sec = now->sec,
				     .clock = {now->leap_sec ? now->leap_sec : -moved_sec, state}});
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;
	const struct now time = clock_now();

	sd_notify_alive();
	reload_follow(agent, &time);
	host_news_follow(&agent->host_news, agent->steering, &agent->error_log);
	report_leap(agent, &time);
	agent->ticked = time;
	judge_tick(agent->judge, &time);
	failover_tick(agent->state, time.sec);
	note_state(agent);
	on_write(fd, what, data);
}

static void exit_for_restart(struct agent *agent, const char *event, const char *why)
{
	log_error("agent",
		  "the datapath at '%s' was %s%s%s; exiting, for the supervisor to restart",
		  agent->config->pin_path, event, *why ? ": " : "", why);
	stop(agent, 1);
}

static int follow_maps(struct agent *agent, struct error *error)
{
	const char *pin_path = agent->config->pin_path;
	int r = maps_follow(agent, error);

	if (r == 0)
		log_info("agent", "the datapath at '%s' was recreated; opened the new one",
			 pin_path);
	else if (r == -EPERM)
		log_warning("agent", "the datapath at '%s' is being recreated: %s; retrying",
			    pin_path, error->text);
	else
		exit_for_restart(agent, "recreated", error->text);
	return r;
}

static int reload(void *data, uint64_t *ret_number, struct error *error)
{
	struct agent *agent = data;
	int r;

	sd_notify_alive();
	/* Operators ask for it right after `up`. */
	if (!agent->reload && maps_are_replaced(agent)) {
		r = follow_maps(agent, error);
		/* New maps may go on with the old configuration. */
		if (r < 0 || !agent->reload_due_ns)
			return r;
	}
	r = reload_begin(agent, ret_number, error);
	return r < 0 ? r : -EINPROGRESS;
}

static void on_reload_signal(evutil_socket_t number, short what, void *data)
{
	struct error reported;
	uint64_t ignored;

	(void)number, (void)what;
	reload(data, &ignored, &reported);
}

static void on_watch(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;
	struct error error;
	ino_t inode;
	int r;

	(void)fd, (void)what;
	if (pins_inode(agent->config->pin_path, &inode) == -ENOENT) {
		exit_for_restart(agent, "taken down", "");
		return;
	}
	if (agent->reload)
		return; /* it has the turn to write, and looks at cgroups itself */
	if (maps_are_replaced(agent)) {
		follow_maps(agent, &error);
		return;
	}
	listeners_watch(&agent->listeners);
	r = steering_sync_cgroups(agent->steering, &error);
	if (r < 0 && r != -EBUSY)
		error_log_add(&agent->error_log, &error);
}

/* ---- start and end */

static int open_state(struct agent *agent, struct error *error)
{
	const struct failover_owner owner = {agent, on_state_change, rewrite_state};

	return failover_open(agent->config->state, &owner, &agent->state, error);
}

/*
 * The configuration was loaded before the maps were locked, so `up` may have put a newer one in
 * force since.
 */
static int refresh_config(struct agent *agent, struct error *error)
{
	uint64_t fingerprint;
	int r = config_fingerprint(agent->config->file, &fingerprint, error);

	if (r < 0 || fingerprint == agent->config->fingerprint)
		return r;
	r = config_load(agent->config->file, &agent->reloaded, error);
	if (r < 0)
		return r;
	agent->config = agent->reloaded;
	agent->at_start = *agent->config;
	return 0;
}

/* Within a boot, times go on where an earlier agent had them. */
static struct now begin_time(struct agent *agent)
{
	struct calendar_record record;
	struct error ignored;

	if (restore_calendar(agent->state, &record, &ignored) == 0)
		clock_continue(record.boot, record.ns, record.sec);
	return clock_now();
}

/* The judge gives the steering its standings before steering_sync() writes the maps. */
static int open_judge(struct agent *agent, struct error *error)
{
	const struct judge_hooks hooks = {&agent->error_log, clock_boot(), error_log_publish,
					  error_log_add};
	const struct now time = begin_time(agent);
	int r = steering_new(agent->config, agent->datapath, agent->state, &agent->steering, error);

	if (r == 0)
		r = judge_open(agent->config, agent->steering, agent->state, &hooks, &time,
			       &agent->judge, error);
	return r == 0 ? steering_sync(agent->steering, &time, error) : r;
}

/* From the first look at file and state until the maps follow both, no `up` writes. */
static int open_in_turn(struct agent *agent, struct error *error)
{
	int r = datapath_lock(agent->datapath, START_WAIT_MS);

	if (r < 0)
		return error_set(error, r,
				 "another process, such as 'postern up', is writing the "
				 "maps and does not end");
	r = refresh_config(agent, error);
	if (r == 0)
		r = open_state(agent, error);
	if (r == 0)
		r = open_judge(agent, error);
	datapath_unlock(agent->datapath);
	return r;
}

static int open_loop(struct agent *agent, struct error *error)
{
	struct loop *loop = &agent->loop;

	if (loop_open(loop) < 0 ||
	    loop_on_signal(loop, LOOP_TERM, SIGTERM, on_stop_signal, agent) < 0 ||
	    loop_on_signal(loop, LOOP_INT, SIGINT, on_stop_signal, agent) < 0 ||
	    loop_on_signal(loop, LOOP_HUP, SIGHUP, on_reload_signal, agent) < 0 ||
	    loop_every(loop, LOOP_TICK, TICK_EVERY_SEC, on_tick, agent) < 0 ||
	    loop_every(loop, LOOP_WATCH, WATCH_EVERY_SEC, on_watch, agent) < 0 ||
	    maps_listen(agent) < 0)
		return error_set(error, -ENOMEM, "cannot set up the event loop");
	return 0;
}

static int open_listeners(struct agent *agent, struct error *error)
{
	int r = rights_new(agent->config, &agent->rights, error);

	if (r < 0)
		return r;
	agent->listeners = (struct listeners){
		.base = agent->loop.base,
		.steering = agent->steering,
		.judge = agent->judge,
		.rights = agent->rights,
		.state = agent->state,
		.error_log = &agent->error_log,
		.user = agent->user,
		.started_ns = agent->started_ns,
		.reload = reload,
		.owner = agent,
	};
	return listeners_open(&agent->listeners, &agent->at_start, error);
}

static int open_all(struct agent *agent, struct error *error)
{
	int r = 0;

	agent->error_log.recent = recent_errors_new();
	if (!agent->error_log.recent)
		return error_set(error, -ENOMEM, "out of memory");
	if (agent->lock_fd < 0)
		r = lock_take(agent->config->runtime_dir, "agent", &agent->lock_fd, error);
	if (r == -ENOENT)
		error_set(error, r, "there is no '%s': run 'postern up' first",
			  agent->config->runtime_dir);
	if (r == 0)
		r = maps_open(agent, error);
	if (r == 0)
		r = open_in_turn(agent, error);
	if (r == 0)
		r = open_loop(agent, error);
	if (r == 0)
		r = open_listeners(agent, error);
	return r;
}

static void close_all(struct agent *agent)
{
	reload_cancel(agent);
	/* First of the parts: followers get no events of the shutdown. */
	listeners_close(&agent->listeners);
	loop_close(&agent->loop);
	rights_free(agent->rights);
	judge_close(agent->judge);
	steering_free(agent->steering);
	state_free(agent->state);
	maps_close(agent);
	host_news_done(&agent->host_news);
	recent_errors_free(agent->error_log.recent);
	config_free(agent->reloaded);
	if (agent->lock_fd >= 0)
		close(agent->lock_fd);
}

int agent_run(const struct agent_options *options, struct error *error)
{
	struct agent agent = {
		.config = options->config,
		.at_start = *options->config,
		.lock_fd = options->lock_fd,
		.started_ns = clock_monotonic_ns(),
	};
	int r = privileges_become(options->config->user, options->ends_with_parent, error);

	if (r < 0)
		return r;
	signal(SIGPIPE, SIG_IGN);
	loop_block_signals(true);
	privileges_user(agent.user);
	r = open_all(&agent, error);
	if (r == 0) {
		log_info("agent", "running as %s, state %s", agent.user,
			 *failover_trouble(agent.state) ? "in memory" : "durable");
		sd_notify_send("READY=1");
		loop_block_signals(false);
		loop_run(&agent.loop);
		sd_notify_send("STOPPING=1");
		r = agent.status;
	}
	close_all(&agent);
	return r;
}
