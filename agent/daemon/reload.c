/* SPDX-License-Identifier: BSD-2-Clause */
/* Prepares everything that may fail, then commits in code that cannot. */
#include "daemon/reload.h"

#include "api/rights.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/keys.h"
#include "daemon/daemon_internal.h"
#include "judge/judge.h"
#include "steering/steering.h"

struct reload {
	struct now now;
	struct config *config;
	struct steering *steering;
	struct judge_next *judge;
	struct rights *rights;
};

/* Changes nothing of the agent. The maps follow as the last step. */
static int prepare(struct agent *agent, struct reload *reload, struct error *error)
{
	int r = config_load(agent->config->file, &reload->config, error);

	if (r == 0)
		r = steering_new(reload->config, agent->datapath, agent->state, &reload->steering,
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

static void give_up(struct reload *reload)
{
	rights_free(reload->rights);
	judge_next_free(reload->judge);
	steering_free(reload->steering);
	config_free(reload->config);
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
	int r = prepare(agent, &reload, error);

	if (r < 0) {
		give_up(&reload);
		return r;
	}
	warn_fixed(agent, reload.config);
	commit(agent, &reload);
	return 0;
}
