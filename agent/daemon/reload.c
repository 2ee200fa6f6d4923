/* SPDX-License-Identifier: BSD-2-Clause */
/* Prepares everything that may fail, then commits in code that cannot. */
#include "daemon/reload.h"

#include <errno.h>
#include <stddef.h>

#include "api/rights.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/keys.h"
#include "daemon/daemon_internal.h"
#include "datapath/datapath.h"
#include "judge/judge.h"
#include "steering/steering.h"

/* The file may change while it is read, over and over. */
#define LOADS_MAX 3

#define RETRY_SEC      10
#define RETRY_BUSY_SEC 1

struct reload {
	struct now now;
	struct config *config;
	struct steering *steering;
	struct judge_next *judge;
	struct rights *rights;
};

/* ---- the file */

/*
 * No `up` writes while the maps are locked. While the file was read, `up` may have put a newer one
 * in force: the file as it is now is at least as new as the maps.
 */
static int lock_if_current(struct agent *agent, const struct config *config, bool *ret_current,
			   struct error *error)
{
	uint64_t fingerprint;
	int r = datapath_lock(agent->datapath, STEERING_WAIT_MS);

	if (r < 0)
		return error_set(error, r,
				 "another process, such as 'postern up', is writing the "
				 "maps; retrying");
	r = config_fingerprint(config->file, &fingerprint, error);
	*ret_current = r == 0 && fingerprint == config->fingerprint;
	if (!*ret_current)
		datapath_unlock(agent->datapath);
	return r;
}

/* On success the maps are locked. */
static int load(struct agent *agent, struct config **ret_config, struct error *error)
{
	for (int i = 0; i < LOADS_MAX; i++) {
		struct config *config = NULL;
		bool is_current = false;
		int r = config_load(agent->config->file, &config, error);

		if (r == 0)
			r = lock_if_current(agent, config, &is_current, error);
		if (r == 0 && is_current) {
			*ret_config = config;
			return 0;
		}
		config_free(config);
		if (r < 0)
			return r;
	}
	return error_set(error, -EBUSY, "%s: it changes while it is read", agent->config->file);
}

/* ---- the steps */

/* Changes nothing of the agent. The maps follow as the last step. */
static int prepare(struct agent *agent, struct reload *reload, struct error *error)
{
	int r = steering_new(reload->config, agent->datapath, agent->state, &reload->steering,
			     error);

	if (r == 0)
		r = steering_inherit(reload->steering, agent->steering, error);
	if (r == 0)
		r = judge_prepare(agent->judge, reload->config, reload->steering, &reload->now,
				  &reload->judge, error);
	if (r == 0)
		r = rights_new(reload->config, &reload->rights, error);
	return r == 0 ? steering_sync(reload->steering, &reload->now, error) : r;
}

/* Where the maps followed the old configuration, they do so again. */
static void give_up(struct agent *agent, struct reload *reload, bool was_in_force)
{
	struct error ignored;

	rights_free(reload->rights);
	judge_next_free(reload->judge);
	steering_free(reload->steering);
	config_free(reload->config);
	if (was_in_force)
		steering_sync(agent->steering, &reload->now, &ignored);
}

static void warn_fixed(const struct agent *agent, const struct config *config)
{
	char names[256];

	if (config_changed(&agent->at_start, config, CONFIG_NEEDS_AGENT, names, sizeof(names)) > 0)
		log_warning("agent", "%s: new values of %s need a restart of the agent, ignoring",
			    config->file, names);
}

/* Must not fail: the old configuration is freed here, and nothing may still borrow it. */
static void commit(struct agent *agent, struct reload *reload)
{
	judge_commit(agent->judge, reload->judge, &reload->now);
	steering_free(agent->steering);
	config_free(agent->reloaded);
	agent->steering = reload->steering;
	listeners_follow(&agent->listeners, reload->steering, reload->rights);
	rights_free(agent->rights);
	agent->rights = reload->rights;
	agent->config = agent->reloaded = reload->config;
}

int reload_run(struct agent *agent, struct error *error)
{
	struct reload reload = {.now = clock_now()};
	bool was_in_force = steering_is_in_force(agent->steering);
	int r = load(agent, &reload.config, error);

	if (r < 0)
		return r;
	r = prepare(agent, &reload, error);
	if (r < 0) {
		give_up(agent, &reload, was_in_force);
	} else {
		warn_fixed(agent, reload.config);
		commit(agent, &reload);
	}
	datapath_unlock(agent->datapath);
	return r;
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

int reload_now(struct agent *agent, struct error *error)
{
	int r = reload_run(agent, error);

	if (r < 0) {
		reload_try_later(agent, r, error);
		return r;
	}
	agent->reload_due_ns = 0;
	log_info("agent", "%s: reloaded", agent->config->file);
	return 0;
}

/*
 * A file with errors is tried again only where the maps follow another configuration than the
 * agent: until then the agent refuses orders.
 */
void reload_follow(struct agent *agent, const struct now *now)
{
	bool is_following = steering_is_in_force(agent->steering);
	bool is_wanted = !is_following || (agent->reload_due_ns && agent->reload_busy);
	struct error reported;

	if (is_wanted && agent->reload_due_ns <= now->ns)
		reload_now(agent, &reported);
}
