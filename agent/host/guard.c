/* SPDX-License-Identifier: BSD-2-Clause */
/* The process: its signals, its loop, its states. watch.c has the work. */
#include "host/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"
#include "datapath/programs.h"
#include "host/holding.h"
#include "host/put_back.h"
#include "host/report.h"
#include "host/runtime.h"
#include "host/up.h"
#include "host/watch.h"
#include "netlink/announcer.h"
#include "netlink/monitor.h"
#include "netlink/netlink.h"
#include "process/lock.h"
#include "process/sd_notify.h"

/*
 * Between two looks passes this time, or as many times the duration of the last one: looks at a
 * host with a million routes take a share of a CPU.
 */
#define SETTLE_NS    5000000
#define SETTLE_LOOKS 4

enum state { STARTING, WATCHING, RESTING };

struct guard {
	const struct guard_options *options;
	struct config *config;	   /* in force */
	struct config *own_config; /* of a reload; NULL: the caller's is in force */
	struct netlink *netlink;
	struct monitor *monitor;
	struct announcer *announcer;
	struct programs *programs;
	struct datapath *datapath;
	struct watch watch;
	struct holding holding;
	ino_t pins; /* of the maps in force */
	int signals;
	int lock;
	enum state state;
	bool is_ready;
	uint64_t next_try_ns;
	uint64_t look_ns;	   /* duration of the last look */
	uint64_t looked_ns;	   /* its end */
	struct error last_failure; /* logged once, not at each try */
};

static void guard_done(struct guard *guard)
{
	watch_done(&guard->watch);
	holding_close(&guard->holding);
	datapath_free(guard->datapath);
	programs_free(guard->programs);
	announcer_close(guard->announcer);
	monitor_close(guard->monitor);
	netlink_free(guard->netlink);
	config_free(guard->own_config);
	close_fd_p(&guard->signals);
	close_fd_p(&guard->lock);
}

/* ---- up */

static void tell_ready(struct guard *guard)
{
	if (!guard->is_ready && guard->options->on_ready)
		guard->options->on_ready();
	guard->is_ready = true;
}

/* The maps may be others than before; postern_host keeps what it says of them. */
static int follow_maps(struct guard *guard, struct error *error)
{
	struct datapath *datapath = NULL;
	int r = datapath_open(guard->config->pin_path, &datapath, error);

	if (!r)
		r = pins_inode(guard->config->pin_path, &guard->pins);
	if (r) {
		datapath_free(datapath);
		return error_set(error, r, "'%s': %s", guard->config->pin_path, strerror(-r));
	}
	datapath_free(guard->datapath);
	guard->datapath = datapath;
	watch_done(&guard->watch);
	guard->watch = (struct watch){.config = guard->config,
				      .netlink = guard->netlink,
				      .programs = guard->programs,
				      .announcer = guard->announcer,
				      .datapath = datapath,
				      .holding = &guard->holding};
	return report_restore(&guard->watch.repair, datapath, error);
}

/* Watches a datapath that is up by this configuration. */
static int begin_watch(struct guard *guard, struct config *config, struct programs *programs,
		       struct error *error)
{
	int r;

	programs_free(guard->programs);
	guard->programs = programs;
	guard->config = config;
	guard->state = WATCHING;
	r = follow_maps(guard, error);
	/* The ports may be others. */
	return r ? r : holding_open(&guard->holding, config, error);
}

static int bring_up(struct guard *guard, struct config *config, struct error *error)
{
	_cleanup_(free_p) char *note = NULL;
	struct programs *programs = NULL;
	int r;

	sd_notify_alive();
	r = up_run_and_keep(config, &programs, &note, error);
	sd_notify_alive();
	if (r)
		return r;
	if (note)
		log_info("up", "%s", note);
	return begin_watch(guard, config, programs, error);
}

static void look(struct guard *guard)
{
	uint64_t begin_ns = clock_monotonic_ns();
	struct error error;

	if (watch_look(&guard->watch, &error))
		log_warning("guard", "%s; retrying", error.text);
	guard->looked_ns = clock_monotonic_ns();
	guard->look_ns = guard->looked_ns - begin_ns;
}

/* A failure is no end: the guard does `up` itself. */
static void start_with(struct guard *guard, struct programs *programs)
{
	struct error error;

	if (begin_watch(guard, guard->config, programs, &error)) {
		log_error("guard", "%s; retrying", error.text);
		guard->state = STARTING;
		return;
	}
	look(guard);
	log_info("guard", "watching the host");
	tell_ready(guard);
}

static void try_up(struct guard *guard)
{
	struct error error;

	guard->next_try_ns = clock_monotonic_ns() + GUARD_RETRY_SEC * NS_PER_SEC;
	if (bring_up(guard, guard->config, &error)) {
		if (strcmp(error.text, guard->last_failure.text))
			log_error("guard", "%s; retrying", error.text);
		guard->last_failure = error;
		/* Its own changes, and their way back, are no reason for the next try. */
		monitor_read(guard->monitor);
		/* Mail can be taken in: it waits in its queue. */
		if (guard->holding.hold)
			tell_ready(guard);
		return;
	}
	look(guard);
	log_info("guard", "up; watching the host");
	tell_ready(guard);
}

static void reload(struct guard *guard)
{
	struct config *config = NULL;
	struct error error;
	int r = config_load(guard->options->config_file, &config, &error);

	if (!r)
		r = bring_up(guard, config, &error);
	if (r && guard->config != config) {
		log_error("guard", "the configuration stays as it was: %s", error.text);
		config_free(config);
		return;
	}
	config_free(guard->own_config);
	guard->own_config = config;
	look(guard);
	log_info("guard", "up again; watching the host");
	tell_ready(guard);
}

/* ---- the loop */

/* Did somebody else call `up` with the file as it is now, and another one is in force here? */
static bool is_overtaken(const struct guard *guard)
{
	const uint32_t zero = 0;
	struct control control;
	struct error ignored;
	uint64_t file = 0;

	return !guard->datapath->ops->get(guard->datapath, MAP_CONTROL, &zero, &control) &&
	       control.configuration && control.configuration != guard->config->fingerprint &&
	       !config_fingerprint(guard->options->config_file, &file, &ignored) &&
	       file == control.configuration;
}

/* Somebody else called `down` or `up`. */
static void follow_pins(struct guard *guard)
{
	ino_t pins;

	if (pins_inode(guard->config->pin_path, &pins) == -ENOENT) {
		log_warning("guard", "'down' was called: resting until 'up'");
		holding_close(&guard->holding);
		guard->state = RESTING;
	} else if (pins != guard->pins || is_overtaken(guard)) {
		reload(guard);
	}
}

/* While no datapath is there. A failure is logged once. */
static void look_before_up(struct guard *guard)
{
	const struct put_back put_back = {.config = guard->config, .netlink = guard->netlink};
	struct error error;
	ino_t pins;

	/* A datapath that an earlier guard has left steers: its hooks stay. */
	if (pins_inode(guard->config->pin_path, &pins) != -ENOENT ||
	    !holding_look(&guard->holding, &put_back, &error))
		return;
	if (strcmp(error.text, guard->last_failure.text))
		log_warning("guard", "%s; retrying", error.text);
	guard->last_failure = error;
}

static void tick(struct guard *guard)
{
	ino_t pins;

	switch (guard->state) {
	case STARTING:
		look_before_up(guard);
		if (clock_monotonic_ns() >= guard->next_try_ns)
			try_up(guard);
		break;
	case WATCHING:
		follow_pins(guard);
		if (guard->state == WATCHING)
			look(guard);
		break;
	case RESTING:
		if (!pins_inode(guard->config->pin_path, &pins))
			reload(guard);
		break;
	}
}

/* A link is looked at once, other changes that follow a look closely, together. */
static void on_change(struct guard *guard, enum monitor_change change)
{
	uint64_t since_ns = clock_monotonic_ns() - guard->looked_ns;
	uint64_t wait_ns = SETTLE_LOOKS * guard->look_ns;

	if (wait_ns < SETTLE_NS)
		wait_ns = SETTLE_NS;
	if (change != MONITOR_LINK && since_ns < wait_ns) {
		poll(NULL, 0, (int)((wait_ns - since_ns) / 1000000) + 1);
		monitor_read(guard->monitor);
	}
	if (guard->state == STARTING)
		guard->next_try_ns = 0;
	if (guard->state != RESTING)
		tick(guard);
}

/* False: the process ends. */
static bool on_signal(struct guard *guard)
{
	struct signalfd_siginfo info;

	while (read(guard->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return false;
		reload(guard);
	}
	return true;
}

/* A host that cannot be held is still steered. */
static void hold_host(struct guard *guard)
{
	struct error error;

	if (holding_open(&guard->holding, guard->config, &error))
		log_error("guard", "mail is not held until 'up': %s", error.text);
}

static void run(struct guard *guard)
{
	struct pollfd fds[] = {{guard->signals, POLLIN, 0},
			       {monitor_fd(guard->monitor), POLLIN, 0}};
	uint64_t next_tick_ns = 0;

	for (;;) {
		uint64_t now_ns = clock_monotonic_ns();
		uint64_t left_ns = next_tick_ns > now_ns ? next_tick_ns - now_ns : 0;
		enum monitor_change change;

		sd_notify_alive();
		poll(fds, 2, (int)(left_ns / 1000000));
		if (fds[0].revents && !on_signal(guard))
			return;
		change = fds[1].revents ? monitor_read(guard->monitor) : MONITOR_NOTHING;
		if (change)
			on_change(guard, change);
		if (clock_monotonic_ns() < next_tick_ns)
			continue;
		tick(guard);
		next_tick_ns = clock_monotonic_ns() + NS_PER_SEC;
	}
}

static int open_signals(int *ret_fd, struct error *error)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	*ret_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return *ret_fd < 0 ? error_set(error, -errno, "signals: %s", strerror(errno)) : 0;
}

static int prepare(struct guard *guard, struct error *error)
{
	const struct config *config = guard->config;
	struct runtime_user user;
	int r = runtime_check_privileges(error);

	if (!r)
		r = runtime_user_get(config->user, &user, error);
	if (!r)
		r = runtime_directory_make(config->runtime_dir, &user, error);
	if (!r)
		r = lock_take(config->runtime_dir, "guard", &guard->lock, error);
	if (!r)
		r = open_signals(&guard->signals, error);
	if (!r)
		r = netlink_open(&guard->netlink, error);
	/* Without it neighbours learn of addresses by their own ways. */
	if (!r && announcer_open(&guard->announcer, error))
		guard->announcer = NULL;
	/* From here on no change is missed. */
	return r ? r : monitor_open(&guard->monitor, error);
}

int guard_run(const struct guard_options *options, struct error *error)
{
	struct guard guard = {
		.options = options, .config = options->config, .signals = -1, .lock = -1};
	int r = prepare(&guard, error);

	if (!r) {
		hold_host(&guard);
		if (options->programs)
			start_with(&guard, options->programs);
		run(&guard);
	}
	guard_done(&guard);
	return r;
}
