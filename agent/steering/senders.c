/* SPDX-License-Identifier: BSD-2-Clause */
/* Who can have a verdict: names, ids that outlive restarts, and what holds for each at the start. */
#include "steering/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "steering/steering_internal.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct control_sender *)a)->name,
		      ((const struct control_sender *)b)->name);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t left = (*(const struct control_sender *const *)a)->id;
	uint32_t right = (*(const struct control_sender *const *)b)->id;

	return (left > right) - (left < right);
}

static int add_sender(struct controller *control, char *name, const struct config_sender *config,
		      const struct config_pool *handles_of)
{
	if (!name)
		return -ENOMEM;
	control->senders[control->n_senders++] =
		(struct control_sender){.name = name, .config = config, .handles_of = handles_of};
	return 0;
}

static bool has_pool_handles(const struct config_pool *pool)
{
	return pool->n_handles && !pool->handles[0].of;
}

static int add_handles(struct controller *control, const struct config_pool *pool)
{
	char text[ADDRESS_TEXT_SIZE];
	char *name = NULL;
	int r = 0;

	if (has_pool_handles(pool)) {
		if (asprintf(&name, HANDLE_PREFIX "%s", pool->name) < 0)
			return -ENOMEM;
		r = add_sender(control, name, NULL, pool);
	}
	for (size_t i = 0; r == 0 && i < pool->n_handles; i++) {
		const struct config_address *of = pool->handles[i].of;

		if (!of)
			continue;
		if (asprintf(&name, HANDLE_PREFIX "%s", address_format(&of->address, text)) < 0)
			return -ENOMEM;
		r = add_sender(control, name, NULL, pool);
		if (r == 0)
			control->senders[control->n_senders - 1].handle_of = of;
	}
	return r;
}

static size_t count_senders(const struct config *config)
{
	size_t count = config->n_senders + config->n_pools + 1;

	for (size_t i = 0; i < config->n_pools; i++)
		count += config->pools[i].n_handles;
	return count;
}

static int list_senders(struct controller *control)
{
	const struct config *config = control->config;
	int r;

	control->senders = calloc(count_senders(config), sizeof(*control->senders));
	if (!control->senders)
		return -ENOMEM;
	r = add_sender(control, strdup(UNKNOWN_NAME), NULL, NULL);
	for (size_t i = 0; r == 0 && i < config->n_senders; i++)
		r = add_sender(control, strdup(config->senders[i].name), &config->senders[i], NULL);
	for (size_t i = 0; r == 0 && i < config->n_pools; i++)
		r = add_handles(control, &config->pools[i]);
	qsort(control->senders, control->n_senders, sizeof(*control->senders), compare_names);
	return r;
}

struct control_sender *roster_find(const struct controller *control, const char *name)
{
	struct control_sender key = {.name = (char *)name};

	return bsearch(&key, control->senders, control->n_senders, sizeof(key), compare_names);
}

static int compare_folded(const void *a, const void *b)
{
	return strcasecmp((*(struct control_sender *const *)a)->name,
			  (*(struct control_sender *const *)b)->name);
}

static int index_by_folded(struct controller *control)
{
	control->by_folded = calloc(control->n_senders, sizeof(*control->by_folded));
	if (!control->by_folded)
		return -ENOMEM;
	for (size_t i = 0; i < control->n_senders; i++)
		control->by_folded[i] = &control->senders[i];
	qsort(control->by_folded, control->n_senders, sizeof(*control->by_folded), compare_folded);
	return 0;
}

struct control_sender *const *roster_find_folded(const struct controller *control, const char *name,
						 size_t *ret_count)
{
	size_t low = 0, high = control->n_senders, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcasecmp(control->by_folded[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < control->n_senders; end++)
		if (strcasecmp(control->by_folded[end]->name, name) != 0)
			break;
	*ret_count = end - low;
	return control->by_folded + low;
}

/* What a walk over the map of verdicts tells: ids of those we know, and the highest of all. */
struct adoption {
	struct controller *control;
	uint32_t highest;
	bool standings_too;
	uint64_t now_ns;
	int64_t now_sec;
};

static bool is_of_the_engine(enum reason reason)
{
	return reason == REASON_MANUAL || reason == REASON_RESTRICTED || reason == REASON_SPAM ||
	       reason == REASON_OVER_LIMIT;
}

static void adopt_standing(const struct adoption *adoption, struct control_sender *sender,
			   const struct verdict *verdict)
{
	const struct config_pool *pool =
		config_pool_find(adoption->control->config, verdict->pool_label);
	struct policy_verdict *now = &sender->standing.now;

	if (!is_of_the_engine(verdict->reason) || (verdict->action == VERDICT_STEER && !pool))
		return;
	*now = (struct policy_verdict){
		.action = verdict->action,
		.pool = verdict->action == VERDICT_STEER ? pool->id : POOL_NONE,
		.reason = verdict->reason,
	};
	if (verdict->until_ns)
		now->until_sec = adoption->now_sec +
				 ((int64_t)verdict->until_ns - (int64_t)adoption->now_ns) /
					 (int64_t)NS_PER_SEC;
}

static int adopt_id(void *data, const void *key, const void *value)
{
	struct adoption *adoption = data;
	const struct verdict *verdict = value;
	uint32_t id = *(const uint32_t *)key;
	struct control_sender *sender = roster_find(adoption->control, verdict->label);

	if (id > adoption->highest)
		adoption->highest = id;
	if (!sender)
		return 0;
	sender->id = id;
	if (adoption->standings_too)
		adopt_standing(adoption, sender, verdict);
	return 0;
}

struct restoration {
	struct controller *control;
	int64_t now_sec;
};

/* The name that people chose is that of the sender; the engine knows no upper and lower case. */
static int restore_verdict(void *data, const struct state_verdict *verdict)
{
	const struct restoration *restoration = data;
	const struct controller *control = restoration->control;
	const struct config_pool *pool = config_pool_find(control->config, verdict->pool);
	size_t count;
	struct control_sender *const *senders =
		roster_find_folded(control, verdict->sender, &count);

	/* A pool that is configured no longer cannot be steered to: the verdict waits in the state. */
	if (verdict->action == VERDICT_STEER && !pool)
		return 0;
	if (verdict->until_sec && verdict->until_sec <= restoration->now_sec)
		return 0;
	for (size_t i = 0; i < count; i++)
		senders[i]->standing.now = (struct policy_verdict){
			.action = verdict->action,
			.pool = verdict->action == VERDICT_STEER ? pool->id : POOL_NONE,
			.reason = REASON_MANUAL,
			.until_sec = verdict->until_sec,
		};
	return 0;
}

/* After all verdicts by hand, which come before it in force as well. */
static int restore_standing(void *data, const struct state_record *record)
{
	const struct restoration *restoration = data;
	struct standing standing = {.manual = false};
	struct control_sender *const *senders;
	size_t count;

	if (record->size != sizeof(standing.record))
		return 0;
	memcpy(&standing.record, record->bytes, sizeof(standing.record));
	if (standing.record.version != STANDING_VERSION ||
	    !memchr(standing.record.name, '\0', sizeof(standing.record.name)))
		return 0;
	senders = roster_find_folded(restoration->control, standing.record.name, &count);
	for (size_t i = 0; i < count; i++) {
		struct control_standing *held = &senders[i]->standing;

		if (held->now.reason != REASON_MANUAL)
			held->now = standing_verdict(&standing, restoration->now_sec);
		held->after = standing_verdict(&standing, held->now.until_sec);
	}
	return 0;
}

static int index_by_id(struct controller *control, uint32_t highest)
{
	control->by_id = calloc(control->n_senders, sizeof(*control->by_id));
	if (!control->by_id)
		return -ENOMEM;
	for (size_t i = 0; i < control->n_senders; i++) {
		struct control_sender *sender = &control->senders[i];

		if (sender->id == 0 && strcmp(sender->name, UNKNOWN_NAME) != 0)
			sender->id = ++highest;
		control->by_id[i] = sender;
	}
	qsort(control->by_id, control->n_senders, sizeof(*control->by_id), compare_ids);
	return 0;
}

int roster_load(struct controller *control, uint64_t now_ns, int64_t now_sec, struct error *error)
{
	bool current = state_is_current(control->state);
	struct restoration restoration = {control, now_sec};
	const struct state_visitor visitor = {.data = &restoration,
					      .verdict = restore_verdict,
					      .record = restore_standing,
					      .kinds = 1U << STATE_STANDINGS};
	struct adoption adoption = {.control = control,
				    .standings_too = !current,
				    .now_ns = now_ns,
				    .now_sec = now_sec};
	int r = list_senders(control);

	if (r == 0)
		r = index_by_folded(control);
	if (r == 0)
		r = control->datapath->ops->walk(control->datapath, MAP_VERDICT, adopt_id,
						 &adoption);
	if (r == 0)
		r = index_by_id(control, adoption.highest);
	if (r < 0)
		return control_map_error(error, r, "reading senders");
	return current ? control->state->ops->load(control->state, &visitor, error) : 0;
}

void roster_done(struct controller *control)
{
	for (size_t i = 0; i < control->n_senders; i++)
		free(control->senders[i].name);
	free(control->senders);
	free(control->by_id);
	free(control->by_folded);
}

const struct control_sender *control_senders(const struct controller *control, size_t *ret_count)
{
	*ret_count = control->n_senders;
	return control->senders;
}

const struct control_sender *control_sender_find(const struct controller *control, const char *name)
{
	const struct control_sender *sender = roster_find(control, name);
	struct control_sender *const *folded;
	size_t count;

	if (sender)
		return sender;
	folded = roster_find_folded(control, name, &count);
	return count ? folded[0] : NULL;
}

static struct control_sender *find_id(const struct controller *control, uint32_t id)
{
	struct control_sender key = {.id = id};
	const struct control_sender *pointer = &key;
	struct control_sender **found =
		bsearch(&pointer, control->by_id, control->n_senders, sizeof(pointer), compare_ids);

	return found ? *found : NULL;
}

const char *control_sender_name(const struct controller *control, uint32_t id)
{
	const struct control_sender *sender = find_id(control, id);

	return sender ? sender->name : "(removed)";
}

/* ---- connections */

/* A count that went back began anew: `up` has made the maps again. */
static uint32_t take(struct control_sender *sender, const struct usage *usage)
{
	uint64_t before = usage->connections < sender->connections ? 0 : sender->connections;
	uint64_t count = usage->connections - before;

	sender->connections = usage->connections;
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

int control_take_connections(struct controller *control, uint32_t id,
			     const struct control_sender **ret_sender, uint32_t *ret_count)
{
	struct control_sender *sender = find_id(control, id);
	struct usage usage;

	if (!sender || control->datapath->ops->get(control->datapath, MAP_USAGE, &id, &usage) < 0)
		return -ENOENT;
	*ret_sender = sender;
	*ret_count = take(sender, &usage);
	return 0;
}

struct taking {
	struct controller *control;
	connections_visitor visitor;
	void *data;
};

static int take_one(void *data, const void *key, const void *value)
{
	const struct taking *taking = data;
	struct control_sender *sender = find_id(taking->control, *(const uint32_t *)key);
	uint32_t count = sender ? take(sender, value) : 0;

	if (count && taking->visitor)
		taking->visitor(taking->data, sender, count);
	return 0;
}

int control_take_all_connections(struct controller *control, connections_visitor visitor,
				 void *data, struct error *error)
{
	struct taking taking = {control, visitor, data};
	int r = control->datapath->ops->walk(control->datapath, MAP_USAGE, take_one, &taking);

	return r < 0 ? control_map_error(error, r, "reading usage") : 0;
}
