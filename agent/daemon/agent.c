/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens what the agent works on, puts everything on one event loop, and closes it again. */
#include "daemon/agent.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "config/keys.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "datapath/datapath.h"
#include "daemon/listeners.h"
#include "daemon/loop.h"
#include "process/lock.h"
#include "process/sd_notify.h"
#include "datapath/pins.h"
#include "process/privileges.h"
#include "daemon/error_log.h"
#include "state/failover.h"
#include "state/state.h"

/* Verdicts end to the second; cgroups and the pins are looked at every other one. */
#define TICK_EVERY_SEC	1
#define WATCH_EVERY_SEC 2
/* Between two slices of what is to be written, so that requests come in between. */
#define WRITE_EVERY_MS 2

struct agent {
	struct config *config; /* borrowed from the caller, or `reloaded` */
	struct config *reloaded;
	struct config at_start; /* shallow: what a reload must not change */
	int lock_fd;
	ino_t pins; /* pins_inode() of the maps that are open */
	struct datapath *datapath;
	struct state *state;
	char user[PRIVILEGES_USER_SIZE];
	struct steering *steering;
	struct judge *judge;
	struct datapath_events *events;
	struct error_log error_log;
	struct loop loop;
	struct listeners listeners;
	uint64_t started_ns;
	int status;
};

/* ---- what it hears from below */

static void on_datapath_event(void *data, const struct event *event)
{
	struct agent *agent = data;
	const struct now time = clock_now();

	if (event->counter == COUNTER_flows_opened)
		judge_connections(agent->judge, event->sender, &time);
	else
		error_log_drop(&agent->error_log, agent->steering, event);
}

static void on_state_change(void *data, const char *why)
{
	struct agent *agent = data;

	error_log_state(&agent->error_log, why);
}

static int rewrite_state(void *data, struct state *state, struct error *error)
{
	const struct agent *agent = data;

	return judge_rewrite(agent->judge, state, error);
}

/* ---- what the loop calls */

static void stop(struct agent *agent, int status)
{
	agent->status = status;
	loop_stop(&agent->loop);
}

static void on_stop_signal(evutil_socket_t number, short what, void *data)
{
	(void)what;
	log_info("agent", "ending at %s", strsignal(number));
	stop(data, 0);
}

static void on_write(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;

	(void)fd, (void)what;
	if (judge_write(agent->judge))
		loop_once(&agent->loop, WRITE_EVERY_MS, on_write, agent);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;
	const struct now time = clock_now();

	judge_tick(agent->judge, &time);
	failover_tick(agent->state, time.sec);
	on_write(fd, what, data);
}

static void on_events(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;

	(void)fd, (void)what;
	datapath_events_consume(agent->events);
}

/* ---- another configuration */

static void warn_fixed(const struct agent *agent, const struct config *config)
{
	char names[256];

	if (config_changed(&agent->at_start, config, CONFIG_NEEDS_AGENT, names, sizeof(names)) > 0)
		log_warning("agent", "%s: new values of %s need a restart of the agent, ignoring",
			    config->file, names);
}

/* Another configuration with all that goes by it. */
struct reload {
	struct now now;
	struct config *config;
	struct steering *steering;
	struct judge_next *judge;
};

static void give_up_reload(struct reload *reload)
{
	judge_next_free(reload->judge);
	steering_free(reload->steering);
	config_free(reload->config);
}

/* Everything that may fail. The agent stays as it is; the maps follow as the last step. */
static int prepare_reload(struct agent *agent, struct reload *reload, struct error *error)
{
	int code = config_load(agent->config->file, &reload->config, error);

	if (code == 0)
		code = steering_new(reload->config, agent->datapath, agent->state,
				    &reload->steering, error);
	if (code == 0)
		code = steering_inherit(reload->steering, agent->steering, error);
	if (code == 0)
		code = judge_prepare(agent->judge, reload->config, reload->steering, &reload->now,
				     &reload->judge, error);
	if (code == 0)
		code = steering_sync(reload->steering, &reload->now, error);
	return code;
}

/* Cannot fail: nobody may go on with a configuration that is freed. */
static void commit_reload(struct agent *agent, struct reload *reload)
{
	judge_commit(agent->judge, reload->judge, &reload->now);
	steering_free(agent->steering);
	config_free(agent->reloaded);
	agent->steering = reload->steering;
	listeners_follow(&agent->listeners, reload->steering);
	agent->config = agent->reloaded = reload->config;
}

/*
 * Pool addresses and interfaces are put in place by `up`; senders, verdicts and slots follow here.
 */
static int reload(struct agent *agent, struct error *error)
{
	struct reload reload = {.now = clock_now()};
	int code = prepare_reload(agent, &reload, error);

	if (code < 0) {
		give_up_reload(&reload);
		return code;
	}
	warn_fixed(agent, reload.config);
	commit_reload(agent, &reload);
	return 0;
}

/* ---- another datapath in place of the one that was opened */

static int open_datapath(struct agent *agent, struct error *error)
{
	const char *pin_path = agent->config->pin_path;
	int code;

	/* Before the maps: should they be made anew in between, the first look at the pin tells. */
	code = pins_inode(pin_path, &agent->pins);
	if (code == -ENOENT)
		return error_set(error, code, "nothing is up at '%s': run 'postern up' first",
				 pin_path);
	if (code < 0)
		return error_set(error, code, "'%s': %s", pin_path, strerror(-code));
	code = datapath_open(pin_path, &agent->datapath, error);
	if (code == 0)
		code = datapath_events_open(pin_path, on_datapath_event, agent, &agent->events,
					    error);
	return code;
}

static int follow_events(struct agent *agent)
{
	return loop_on_readable(&agent->loop, LOOP_EVENTS, datapath_events_fd(agent->events),
				on_events, agent);
}

/* Exchanges what the agent has open. */
static void swap_datapath(struct agent *agent, struct datapath **datapath,
			  struct datapath_events **events)
{
	struct datapath_events *agents_events = TAKE_PTR(agent->events);
	struct datapath *agents_datapath = TAKE_PTR(agent->datapath);

	loop_forget(&agent->loop, LOOP_EVENTS);
	agent->events = *events;
	agent->datapath = *datapath;
	*events = agents_events;
	*datapath = agents_datapath;
}

/* Where it fails, what was open before is so again: the agent has to end, and does so with that. */
static int reopen(struct agent *agent, struct error *error)
{
	struct datapath_events *events = NULL;
	struct datapath *datapath = NULL;
	int code;

	swap_datapath(agent, &datapath, &events);
	code = open_datapath(agent, error);
	if (code == 0 && follow_events(agent) < 0)
		code = error_set(error, -ENOMEM, "out of memory");
	if (code == 0)
		code = reload(agent, error);
	if (code < 0)
		swap_datapath(agent, &datapath, &events);
	datapath_events_free(events);
	datapath_free(datapath);
	return code;
}

/*
 * Maps that take no writing are about to be replaced by another `up`: what it brings is opened when
 * it is done.
 */
static void follow_datapath(struct agent *agent)
{
	struct error error;
	int code = reopen(agent, &error);

	if (code == 0) {
		log_info("agent", "the datapath at '%s' was made anew; opened again",
			 agent->config->pin_path);
		return;
	}
	if (code == -EPERM) {
		log_warning("agent", "the datapath at '%s' is being made anew: %s; retrying",
			    agent->config->pin_path, error.text);
		agent->pins = 0;
		return;
	}
	log_error("agent", "the datapath at '%s' was made anew: %s; ending, to be started again",
		  agent->config->pin_path, error.text);
	stop(agent, 1);
}

static void on_reload_signal(evutil_socket_t number, short what, void *data)
{
	const struct now time = clock_now();
	struct agent *agent = data;
	struct error error, ignored;

	(void)number, (void)what;
	/* Often sent right after an `up`. */
	if (pins_are_replaced(agent->config->pin_path, agent->pins)) {
		follow_datapath(agent);
		return;
	}
	if (reload(agent, &error) == 0) {
		log_info("agent", "%s: read again", agent->config->file);
		return;
	}
	error_prefix(&error, 0, "reading the configuration again");
	error_log_add(&agent->error_log, &error);
	/* Whatever the attempt had written already goes back. */
	steering_sync(agent->steering, &time, &ignored);
}

static void on_watch(evutil_socket_t fd, short what, void *data)
{
	struct agent *agent = data;
	struct error error;
	ino_t inode;

	(void)fd, (void)what;
	if (pins_inode(agent->config->pin_path, &inode) == -ENOENT) {
		log_error("agent",
			  "the datapath at '%s' was taken down; ending, to be started again",
			  agent->config->pin_path);
		stop(agent, 1);
		return;
	}
	if (pins_are_replaced(agent->config->pin_path, agent->pins)) {
		follow_datapath(agent);
		return;
	}
	listeners_retry(&agent->listeners);
	if (steering_sync_cgroups(agent->steering, &error) < 0)
		error_log_add(&agent->error_log, &error);
}

/* ---- start and end */

static int open_state(struct agent *agent, struct error *error)
{
	const struct failover_owner owner = {agent, on_state_change, rewrite_state};

	return failover_open(agent->config->state, &owner, &agent->state, error);
}

/* The judge gives the steering its standings before the maps are written. */
static int open_judge(struct agent *agent, struct error *error)
{
	const struct judge_hooks hooks = {&agent->error_log, error_log_publish, error_log_add};
	const struct now time = clock_now();
	int code =
		steering_new(agent->config, agent->datapath, agent->state, &agent->steering, error);

	if (code == 0)
		code = judge_open(agent->config, agent->steering, agent->state, &hooks, &time,
				  &agent->judge, error);
	return code == 0 ? steering_sync(agent->steering, &time, error) : code;
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
	    follow_events(agent) < 0)
		return error_set(error, -ENOMEM, "cannot set up the event loop");
	return 0;
}

static int open_listeners(struct agent *agent, struct error *error)
{
	agent->listeners = (struct listeners){
		.base = agent->loop.base,
		.steering = agent->steering,
		.judge = agent->judge,
		.state = agent->state,
		.error_log = &agent->error_log,
		.user = agent->user,
		.started_ns = agent->started_ns,
	};
	return listeners_open(&agent->listeners, &agent->at_start, error);
}

static int open_all(struct agent *agent, struct error *error)
{
	int code = 0;

	agent->error_log.recent = recent_errors_new();
	if (!agent->error_log.recent)
		return error_set(error, -ENOMEM, "out of memory");
	if (agent->lock_fd < 0)
		code = lock_take(agent->config->runtime_dir, "agent", &agent->lock_fd, error);
	if (code == -ENOENT)
		error_set(error, code, "there is no '%s': run 'postern up' first",
			  agent->config->runtime_dir);
	if (code == 0)
		code = open_datapath(agent, error);
	if (code == 0)
		code = open_state(agent, error);
	if (code == 0)
		code = open_judge(agent, error);
	if (code == 0)
		code = open_loop(agent, error);
	if (code == 0)
		code = open_listeners(agent, error);
	return code;
}

static void close_all(struct agent *agent)
{
	/* Whoever follows is gone before the last things happen. */
	listeners_close(&agent->listeners);
	loop_close(&agent->loop);
	datapath_events_free(agent->events);
	judge_close(agent->judge);
	steering_free(agent->steering);
	state_free(agent->state);
	datapath_free(agent->datapath);
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
	int code = privileges_become(options->config->user, options->ends_with_parent, error);

	if (code < 0)
		return code;
	signal(SIGPIPE, SIG_IGN);
	loop_block_signals(true);
	privileges_user(agent.user);
	code = open_all(&agent, error);
	if (code == 0) {
		log_info("agent", "running as %s, state %s", agent.user,
			 *failover_trouble(agent.state) ? "in memory" : "durable");
		sd_notify_send("READY=1");
		loop_block_signals(false);
		loop_run(&agent.loop);
		sd_notify_send("STOPPING=1");
		code = agent.status;
	}
	close_all(&agent);
	return code;
}
