/* SPDX-License-Identifier: BSD-2-Clause */
/* Who can have a verdict: names, ids that outlive restarts, and what was set by hand for each. */
#include "control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "control/model.h"

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

static int list_senders(struct controller *control)
{
	const struct config *config = control->config;
	int r;

	control->senders =
		calloc(config->n_senders + config->n_pools + 1, sizeof(*control->senders));
	if (!control->senders)
		return -ENOMEM;
	r = add_sender(control, strdup(UNKNOWN_NAME), NULL, NULL);
	for (size_t i = 0; r == 0 && i < config->n_senders; i++)
		r = add_sender(control, strdup(config->senders[i].name), &config->senders[i], NULL);
	for (size_t i = 0; r == 0 && i < config->n_pools; i++) {
		char *name = NULL;

		if (config->pools[i].n_handles == 0)
			continue;
		if (asprintf(&name, HANDLE_PREFIX "%s", config->pools[i].name) < 0)
			return -ENOMEM;
		r = add_sender(control, name, NULL, &config->pools[i]);
	}
	qsort(control->senders, control->n_senders, sizeof(*control->senders), compare_names);
	return r;
}

struct control_sender *roster_find(const struct controller *control, const char *name)
{
	struct control_sender key = {.name = (char *)name};

	return bsearch(&key, control->senders, control->n_senders, sizeof(key), compare_names);
}

static void set_manual(struct control_sender *sender, enum verdict_action action,
		       const struct pool *pool, int64_t until_sec)
{
	sender->manual = true;
	sender->action = action;
	sender->pool = pool;
	sender->until_sec = until_sec;
}

/* What a walk over the map of verdicts tells: ids of those we know, and the highest of all. */
struct adoption {
	struct controller *control;
	uint32_t highest;
	bool manual_too;
	uint64_t now_ns;
	int64_t now_sec;
};

static void adopt_manual(const struct adoption *adoption, struct control_sender *sender,
			 const struct verdict *verdict)
{
	const struct pool *pool = pool_find(&adoption->control->pools, verdict->pool_label);
	int64_t until_sec = 0;

	if (verdict->reason != REASON_MANUAL || (verdict->action == VERDICT_STEER && !pool))
		return;
	if (verdict->until_ns)
		until_sec = adoption->now_sec +
			    ((int64_t)verdict->until_ns - (int64_t)adoption->now_ns) /
				    (int64_t)NS_PER_SEC;
	set_manual(sender, verdict->action, pool, until_sec);
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
	if (adoption->manual_too)
		adopt_manual(adoption, sender, verdict);
	return 0;
}

static int restore_verdict(void *data, const struct state_verdict *verdict)
{
	struct controller *control = data;
	struct control_sender *sender = roster_find(control, verdict->sender);
	const struct pool *pool = pool_find(&control->pools, verdict->pool);

	/* A pool that is configured no longer cannot be steered to: the verdict waits in the state. */
	if (sender && (pool || verdict->action != VERDICT_STEER))
		set_manual(sender, verdict->action, pool, verdict->until_sec);
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
	bool durable = control->state && control->state->durable;
	struct state_visitor visitor = {.data = control, .verdict = restore_verdict};
	struct adoption adoption = {
		.control = control, .manual_too = !durable, .now_ns = now_ns, .now_sec = now_sec};
	int r = list_senders(control);

	if (r == 0)
		r = control->datapath->ops->walk(control->datapath, MAP_VERDICT, adopt_id,
						 &adoption);
	if (r == 0)
		r = index_by_id(control, adoption.highest);
	if (r < 0)
		return control_map_error(error, r, "reading senders");
	return durable ? control->state->ops->load(control->state, &visitor, error) : 0;
}

void roster_done(struct controller *control)
{
	for (size_t i = 0; i < control->n_senders; i++)
		free(control->senders[i].name);
	free(control->senders);
	free(control->by_id);
}

const struct control_sender *control_senders(const struct controller *control, size_t *ret_count)
{
	*ret_count = control->n_senders;
	return control->senders;
}

const struct control_sender *control_sender_find(const struct controller *control, const char *name)
{
	return roster_find(control, name);
}

const char *control_sender_name(const struct controller *control, uint32_t id)
{
	struct control_sender key = {.id = id};
	const struct control_sender *pointer = &key;
	const struct control_sender **found =
		bsearch(&pointer, control->by_id, control->n_senders, sizeof(pointer), compare_ids);

	return found ? (*found)->name : "(removed)";
}
