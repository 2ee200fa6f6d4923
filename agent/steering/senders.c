/* SPDX-License-Identifier: BSD-2-Clause */
/* Senders that can have a verdict: names, and ids that outlive restarts. */
#include "steering/steering.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "policy/identity.h"
#include "steering/steering_internal.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct steering_sender *)a)->name,
		      ((const struct steering_sender *)b)->name);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t left = (*(const struct steering_sender *const *)a)->id;
	uint32_t right = (*(const struct steering_sender *const *)b)->id;

	return (left > right) - (left < right);
}

static int add_sender(struct steering *steering, char *name, const struct config_sender *config,
		      const struct config_pool *handles_of)
{
	if (!name)
		return -ENOMEM;
	steering->senders[steering->n_senders++] =
		(struct steering_sender){.name = name, .config = config, .handles_of = handles_of};
	return 0;
}

static bool has_pool_handles(const struct config_pool *pool)
{
	return pool->n_handles && !pool->handles[0].of;
}

static int add_configured(struct steering *steering, const struct config_sender *config)
{
	int r = add_sender(steering, strdup(config->name), config, NULL);

	if (r == 0)
		steering->senders[steering->n_senders - 1].is_limited =
			identity_rules(steering->config, config->name)
				->limits[CONFIG_CONNECTIONS_PER_MINUTE] != 0;
	return r;
}

static int add_handles(struct steering *steering, const struct config_pool *pool)
{
	char text[ADDRESS_TEXT_SIZE];
	char *name = NULL;
	int r = 0;

	if (has_pool_handles(pool)) {
		if (asprintf(&name, HANDLE_PREFIX "%s", pool->name) < 0)
			return -ENOMEM;
		r = add_sender(steering, name, NULL, pool);
	}
	for (size_t i = 0; r == 0 && i < pool->n_handles; i++) {
		const struct config_address *of = pool->handles[i].of;

		if (!of)
			continue;
		if (asprintf(&name, HANDLE_PREFIX "%s", address_format(&of->address, text)) < 0)
			return -ENOMEM;
		r = add_sender(steering, name, NULL, pool);
		if (r == 0)
			steering->senders[steering->n_senders - 1].handle_of = of;
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

static int list_senders(struct steering *steering)
{
	const struct config *config = steering->config;
	int r;

	steering->senders = calloc(count_senders(config), sizeof(*steering->senders));
	if (!steering->senders)
		return -ENOMEM;
	r = add_sender(steering, strdup(UNKNOWN_NAME), NULL, NULL);
	for (size_t i = 0; r == 0 && i < config->n_senders; i++)
		r = add_configured(steering, &config->senders[i]);
	for (size_t i = 0; r == 0 && i < config->n_pools; i++)
		r = add_handles(steering, &config->pools[i]);
	qsort(steering->senders, steering->n_senders, sizeof(*steering->senders), compare_names);
	return r;
}

struct steering_sender *senders_find(const struct steering *steering, const char *name)
{
	struct steering_sender key = {.name = (char *)name};

	return bsearch(&key, steering->senders, steering->n_senders, sizeof(key), compare_names);
}

static int compare_folded(const void *a, const void *b)
{
	return strcasecmp((*(struct steering_sender *const *)a)->name,
			  (*(struct steering_sender *const *)b)->name);
}

static int index_by_folded(struct steering *steering)
{
	steering->by_folded = calloc(steering->n_senders, sizeof(*steering->by_folded));
	if (!steering->by_folded)
		return -ENOMEM;
	for (size_t i = 0; i < steering->n_senders; i++)
		steering->by_folded[i] = &steering->senders[i];
	qsort(steering->by_folded, steering->n_senders, sizeof(*steering->by_folded),
	      compare_folded);
	return 0;
}

struct steering_sender *const *senders_find_folded(const struct steering *steering,
						   const char *name, size_t *ret_count)
{
	size_t low = 0, high = steering->n_senders, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcasecmp(steering->by_folded[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < steering->n_senders; end++)
		if (strcasecmp(steering->by_folded[end]->name, name) != 0)
			break;
	*ret_count = end - low;
	return steering->by_folded + low;
}

/* Result of a walk over map verdict: ids of known senders, and the highest id. */
struct adoption {
	struct steering *steering;
	uint32_t highest;
};

static int adopt_id(void *data, const void *key, const void *value)
{
	struct adoption *adoption = data;
	const struct verdict *verdict = value;
	uint32_t id = *(const uint32_t *)key;
	struct steering_sender *sender = senders_find(adoption->steering, verdict->label);

	if (id > adoption->highest)
		adoption->highest = id;
	if (sender)
		sender->id = id;
	return 0;
}

static int index_by_id(struct steering *steering, uint32_t highest)
{
	steering->by_id = calloc(steering->n_senders, sizeof(*steering->by_id));
	if (!steering->by_id)
		return -ENOMEM;
	for (size_t i = 0; i < steering->n_senders; i++) {
		struct steering_sender *sender = &steering->senders[i];

		if (sender->id == 0 && strcmp(sender->name, UNKNOWN_NAME) != 0)
			sender->id = ++highest;
		steering->by_id[i] = sender;
	}
	qsort(steering->by_id, steering->n_senders, sizeof(*steering->by_id), compare_ids);
	return 0;
}

int senders_load(struct steering *steering, struct error *error)
{
	struct adoption adoption = {.steering = steering};
	int r = list_senders(steering);

	if (r == 0)
		r = index_by_folded(steering);
	if (r == 0)
		r = steering->datapath->ops->walk(steering->datapath, MAP_VERDICT, adopt_id,
						  &adoption);
	if (r == 0)
		r = index_by_id(steering, adoption.highest);
	return r < 0 ? error_errno(error, r, "reading senders") : 0;
}

void senders_done(struct steering *steering)
{
	for (size_t i = 0; i < steering->n_senders; i++)
		free(steering->senders[i].name);
	free(steering->senders);
	free(steering->by_id);
	free(steering->by_folded);
}

const struct steering_sender *steering_senders(const struct steering *steering, size_t *ret_count)
{
	*ret_count = steering->n_senders;
	return steering->senders;
}

const struct steering_sender *steering_sender_find(const struct steering *steering,
						   const char *name)
{
	const struct steering_sender *sender = senders_find(steering, name);
	struct steering_sender *const *folded;
	size_t count;

	if (sender)
		return sender;
	folded = senders_find_folded(steering, name, &count);
	return count ? folded[0] : NULL;
}

struct sender_ref senders_reference(const struct steering_sender *sender)
{
	struct sender_ref ref = {.sender = sender->id, .is_handle = sender->handles_of != NULL};

	strncpy(ref.label, sender->name, sizeof(ref.label) - 1);
	return ref;
}

struct steering_sender *senders_find_id(const struct steering *steering, uint32_t id)
{
	struct steering_sender key = {.id = id};
	const struct steering_sender *pointer = &key;
	struct steering_sender **found = bsearch(&pointer, steering->by_id, steering->n_senders,
						 sizeof(pointer), compare_ids);

	return found ? *found : NULL;
}

const char *steering_sender_name(const struct steering *steering, uint32_t id)
{
	const struct steering_sender *sender = senders_find_id(steering, id);

	return sender ? sender->name : "(removed)";
}
