/* SPDX-License-Identifier: BSD-2-Clause */
/* Derives what messages need of a configuration, and counts the messages. */
#include "milter/config_ref.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "config/config.h"
#include "dns/maildns.h"

static void config_ref_free(struct config_ref *ref)
{
	maildns_free(ref->dns);
	config_free(ref->owned);
	free(ref);
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

int config_refs_replace(struct config_refs *refs, const struct config *config, struct config *owned,
			struct event_base *base, struct error *error)
{
	struct config_ref *ref = calloc(1, sizeof(*ref));
	int r;

	if (!ref)
		return error_set(error, -ENOMEM, "out of memory");
	r = find_high_risk_lane(config, ref->high_risk_lane, error);
	if (r == 0)
		r = maildns_new(&config->mail, base, &ref->dns, error);
	if (r < 0) {
		free(ref);
		return r;
	}
	ref->config = config;
	ref->owned = owned;
	if (refs->current)
		SLIST_INSERT_HEAD(&refs->replaced, refs->current, link);
	refs->current = ref;
	return 0;
}

void config_refs_sweep(struct config_refs *refs)
{
	struct config_ref *ref = SLIST_FIRST(&refs->replaced), *next;

	for (; ref; ref = next) {
		next = SLIST_NEXT(ref, link);
		if (ref->users)
			continue;
		SLIST_REMOVE(&refs->replaced, ref, config_ref, link);
		config_ref_free(ref);
	}
}

void config_refs_done(struct config_refs *refs)
{
	config_refs_sweep(refs);
	assert(SLIST_EMPTY(&refs->replaced));
	if (refs->current)
		config_ref_free(refs->current);
	refs->current = NULL;
}

struct config_ref *config_ref_get(struct config_refs *refs)
{
	refs->current->users++;
	return refs->current;
}

void config_ref_put(struct config_ref *ref)
{
	if (ref)
		ref->users--;
}
