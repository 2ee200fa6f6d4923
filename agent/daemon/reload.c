/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of a reload, in turn by a thread and by the loop. */
#include "daemon/reload.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "api/rights.h"
#include "api/server.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/keys.h"
#include "daemon/daemon_internal.h"
#include "daemon/worker.h"
#include "datapath/datapath.h"
#include "judge/judge.h"
#include "steering/plan.h"
#include "steering/steering.h"

/* The file may change while it is read, over and over. */
#define LOADS_MAX 3

/* The pause between two slices: requests are answered in it. */
#define SLICE_EVERY_MS 1

#define RETRY_SEC      10
#define RETRY_BUSY_SEC 1

struct reload {
	struct agent *agent;
	struct worker *worker; /* NULL: the loop is at work */
	unsigned loads;
	bool has_turn;
	bool is_current;   /* the file is still the one that was read */
	bool is_committed; /* and the four below are the agent's; the next two are to be freed */
	struct config *config, *old_config;
	struct steering *steering, *old_steering;
	struct judge_next *judge;
	struct rights *rights;
	struct plan *plan;
	worker_call work, done; /* handed over to the thread */
	int r;			/* of the last step */
	struct error error;
};

/* ---- the steps */

/* In a thread. */
static void read_file(void *data)
{
	struct reload *reload = data;

	reload->loads++;
	reload->r = config_load(reload->agent->config->file, &reload->config, &reload->error);
}

/* Until end(), `up` does not write. */
static int open_next(struct reload *reload, struct error *error)
{
	struct agent *agent = reload->agent;
	int r = datapath_lock(agent->datapath, STEERING_WAIT_MS);

	if (r < 0)
		return error_set(error, r,
				 "another process, such as 'postern up', is writing the "
				 "maps; retrying");
	reload->has_turn = true;
	r = rights_new(reload->config, &reload->rights, error);
	return r < 0 ? r
		     : steering_open(reload->config, agent->datapath, agent->state,
				     &reload->steering, error);
}

/*
 * In a thread. While the file was read, `up` may have put a newer one in force: the file as it is
 * now is at least as new as the maps.
 */
static void compare(void *data)
{
	struct reload *reload = data;
	const struct now now = clock_now();
	struct error *error = &reload->error;
	uint64_t fingerprint;
	int r = config_fingerprint(reload->config->file, &fingerprint, error);

	reload->is_current = r == 0 && fingerprint == reload->config->fingerprint;
	if (reload->is_current)
		r = steering_load(reload->steering, error);
	if (r == 0 && reload->is_current)
		r = judge_prepare(reload->config, reload->steering, &reload->judge, error);
	if (r == 0 && reload->is_current)
		r = plan_new(reload->steering, &now, &reload->plan, error);
	reload->r = r;
}

static void warn_fixed(const struct agent *agent, const struct config *config)
{
	char names[256];

	if (config_changed(&agent->at_start, config, CONFIG_NEEDS_AGENT, names, sizeof(names)) > 0)
		log_warning("agent", "%s: new values of %s need a restart of the agent, ignoring",
			    config->file, names);
}

/* What the old configuration owns is no longer borrowed afterwards. */
static int commit(struct reload *reload, struct error *error)
{
	struct agent *agent = reload->agent;
	const struct now now = clock_now();
	int r = steering_inherit(reload->steering, agent->steering, error);

	if (r < 0)
		return r;
	warn_fixed(agent, reload->config);
	judge_commit(agent->judge, TAKE_PTR(reload->judge), &now);
	reload->old_steering = agent->steering;
	reload->old_config = agent->reloaded;
	agent->steering = reload->steering;
	listeners_follow(&agent->listeners, reload->steering, reload->rights);
	rights_free(agent->rights);
	agent->rights = reload->rights;
	agent->config = agent->reloaded = reload->config;
	reload->is_committed = true;
	return 0;
}

static void end_turn(struct reload *reload)
{
	if (reload->has_turn)
		datapath_unlock(reload->agent->datapath);
	reload->has_turn = false;
}

static void note_end(struct reload *reload, int r)
{
	reload->r = r;
	reload->agent->maps_behind = r < 0 && (reload->is_committed || reload->agent->maps_behind);
	end_turn(reload);
}

/* In a thread: a hundred thousand senders take a while. */
static void release(void *data)
{
	struct reload *reload = data;

	plan_free(TAKE_PTR(reload->plan));
	judge_next_free(TAKE_PTR(reload->judge));
	if (reload->is_committed) {
		steering_free(TAKE_PTR(reload->old_steering));
		config_free(TAKE_PTR(reload->old_config));
	} else {
		rights_free(TAKE_PTR(reload->rights));
		steering_free(TAKE_PTR(reload->steering));
		config_free(TAKE_PTR(reload->config));
	}
}

/* ---- at once */

static int read_and_compare(struct reload *reload, struct error *error)
{
	int r;

	read_file(reload);
	if (reload->r < 0) {
		*error = reload->error;
		return reload->r;
	}
	r = open_next(reload, error);
	if (r < 0)
		return r;
	compare(reload);
	if (reload->r < 0)
		*error = reload->error;
	return reload->r;
}

static int changes_all_the_time(const struct agent *agent, struct error *error)
{
	return error_set(error, -EBUSY, "%s: it changes while it is read", agent->config->file);
}

int reload_run(struct agent *agent, struct error *error)
{
	struct reload reload = {.agent = agent};
	int r = read_and_compare(&reload, error);

	while (r == 0 && !reload.is_current && reload.loads < LOADS_MAX) {
		end_turn(&reload);
		release(&reload);
		r = read_and_compare(&reload, error);
	}
	if (r == 0)
		r = reload.is_current ? commit(&reload, error) : changes_all_the_time(agent, error);
	if (r == 0) {
		const struct now now = clock_now();

		while ((r = plan_step(reload.plan, &now, error)) > 0)
			;
	}
	note_end(&reload, r);
	release(&reload);
	return r;
}

/* ---- beside the loop */

static void on_read(void *data);
static void on_compared(void *data);
static void on_released(void *data);

static void work_in_loop(evutil_socket_t fd, short what, void *data)
{
	struct reload *reload = data;

	(void)fd, (void)what;
	reload->work(reload);
	reload->done(reload);
}

/* The loop does the work where no thread can be had. */
static void hand_over(struct reload *reload, worker_call work, worker_call done)
{
	struct loop *loop = &reload->agent->loop;

	reload->work = work;
	reload->done = done;
	if (worker_start(loop->base, work, done, reload, &reload->worker) < 0)
		loop_once(loop, 0, work_in_loop, reload);
}

static void finish(struct reload *reload, int r)
{
	note_end(reload, r);
	hand_over(reload, release, on_released);
}

static void on_read(void *data)
{
	struct reload *reload = data;
	int r = reload->r;

	reload->worker = NULL;
	if (r == 0)
		r = open_next(reload, &reload->error);
	if (r < 0)
		finish(reload, r);
	else
		hand_over(reload, compare, on_compared);
}

static void on_slice(evutil_socket_t fd, short what, void *data)
{
	struct reload *reload = data;
	const struct now now = clock_now();
	int r = plan_step(reload->plan, &now, &reload->error);

	(void)fd, (void)what;
	if (r > 0)
		loop_once(&reload->agent->loop, SLICE_EVERY_MS, on_slice, reload);
	else
		finish(reload, r);
}

static void read_again(struct reload *reload)
{
	end_turn(reload);
	release(reload);
	hand_over(reload, read_file, on_read);
}

static void on_compared(void *data)
{
	struct reload *reload = data;
	int r = reload->r;

	reload->worker = NULL;
	if (r == 0 && !reload->is_current && reload->loads < LOADS_MAX) {
		read_again(reload);
		return;
	}
	if (r == 0)
		r = reload->is_current ? commit(reload, &reload->error)
				       : changes_all_the_time(reload->agent, &reload->error);
	if (r < 0)
		finish(reload, r);
	else
		on_slice(-1, 0, reload);
}

static void begin(struct agent *agent)
{
	struct reload *reload = agent->reload;

	*reload = (struct reload){.agent = agent};
	agent->reload_wanted = false;
	agent->reloads++;
	hand_over(reload, read_file, on_read);
}

/* Requests that came meanwhile wait for another one: the file may have changed since. */
static void on_released(void *data)
{
	struct reload *reload = data;
	struct agent *agent = reload->agent;
	struct error error = reload->error;
	int r = reload->r;

	if (r < 0) {
		reload_try_later(agent, r, &error);
	} else {
		agent->reload_due_ns = 0;
		log_info("agent", "%s: reloaded", agent->config->file);
	}
	server_answer(agent->error_log.server, agent->reloads, r, &error);
	if (agent->reload_wanted) {
		begin(agent);
	} else {
		agent->reload = NULL;
		free(reload);
	}
}

int reload_begin(struct agent *agent, uint64_t *ret_number, struct error *error)
{
	*ret_number = agent->reloads + 1;
	if (agent->reload) {
		agent->reload_wanted = true;
		return 0;
	}
	agent->reload = calloc(1, sizeof(*agent->reload));
	if (!agent->reload)
		return error_set(error, -ENOMEM, "out of memory");
	begin(agent);
	return 0;
}

void reload_cancel(struct agent *agent)
{
	struct reload *reload = TAKE_PTR(agent->reload);

	if (!reload)
		return;
	worker_cancel(reload->worker);
	end_turn(reload);
	release(reload);
	free(reload);
}

/* ---- when */

void reload_try_later(struct agent *agent, int r, struct error *error)
{
	agent->reload_busy = r == -EBUSY;
	agent->reload_due_ns = clock_monotonic_ns() +
			       (agent->reload_busy ? RETRY_BUSY_SEC : RETRY_SEC) * NS_PER_SEC;
	if (agent->reload_busy)
		return;
	error_prefix(error, 0, "reloading the configuration");
	error_log_add(&agent->error_log, error);
}

/*
 * A file with errors is tried again only where the maps follow another configuration than the
 * agent: until then the agent refuses orders.
 */
void reload_follow(struct agent *agent, const struct now *now)
{
	struct error ignored;
	uint64_t number;
	bool is_wanted;

	if (agent->reload)
		return;
	is_wanted = !steering_is_in_force(agent->steering) ||
		    (agent->reload_due_ns && agent->reload_busy) || agent->maps_behind;
	if (is_wanted && agent->reload_due_ns <= now->ns)
		reload_begin(agent, &number, &ignored);
}
