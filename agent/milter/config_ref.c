/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts who uses which. */
#include "milter/config_ref.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "config/config.h"
#include "dns/maildns.h"

static void let_go(struct settings *settings)
{
	maildns_free(settings->dns);
	config_free(settings->owned);
	free(settings);
}

static int find_high_risk_lane(const struct config *config, char ret_name[LANE_NAME_SIZE],
			       struct error *error)
{
	struct lane_set lanes;
	const struct lane *lane;
	size_t count;

	if (lane_set_init(&lanes, config) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	lane = lane_of_pool(&lanes, &config->pools[1], &count);
	snprintf(ret_name, LANE_NAME_SIZE, "%s", lane ? lane->name : "");
	lane_set_done(&lanes);
	return 0;
}

int settings_new(const struct config *config, struct config *owned, struct settings **ret_settings,
		 struct error *error)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	int code;

	if (!settings)
		return error_set(error, -ENOMEM, "out of memory");
	code = find_high_risk_lane(config, settings->high_risk_lane, error);
	if (code == 0)
		code = maildns_new(&config->mail, &settings->dns, error);
	if (code < 0) {
		let_go(settings);
		return code;
	}
	settings->config = config;
	settings->owned = owned;
	settings->references = 1;
	*ret_settings = settings;
	return 0;
}

void settings_replace(struct settings_holder *holder, struct settings *settings)
{
	struct settings *before;

	pthread_mutex_lock(&holder->mutex);
	before = holder->current;
	holder->current = settings;
	pthread_mutex_unlock(&holder->mutex);
	settings_put(holder, before);
}

struct settings *settings_get(struct settings_holder *holder)
{
	struct settings *settings;

	pthread_mutex_lock(&holder->mutex);
	settings = holder->current;
	settings->references++;
	pthread_mutex_unlock(&holder->mutex);
	return settings;
}

void settings_put(struct settings_holder *holder, struct settings *settings)
{
	unsigned left;

	if (!settings)
		return;
	pthread_mutex_lock(&holder->mutex);
	left = --settings->references;
	pthread_mutex_unlock(&holder->mutex);
	if (left == 0)
		let_go(settings);
}
