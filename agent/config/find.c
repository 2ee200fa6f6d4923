/* SPDX-License-Identifier: BSD-2-Clause */
/* Searches in a configuration. */
#include "config/config.h"

#include <string.h>
#include <strings.h>

bool config_socket_equal(const struct config_socket *a, const struct config_socket *b)
{
	if (a->path && b->path)
		return strcmp(a->path, b->path) == 0;
	return !a->path && !b->path && address_equal(&a->address, &b->address) &&
	       a->port == b->port;
}

const struct config_pool *config_pool_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (strcmp(config->pools[i].name, name) == 0)
			return &config->pools[i];
	return NULL;
}

const struct config_pool *config_pool_by_id(const struct config *config, uint32_t id)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (config->pools[i].id == id)
			return &config->pools[i];
	return NULL;
}

uint32_t config_pool_moved(const struct config *config, uint32_t id, const struct config *to)
{
	const struct config_pool *pool = config_pool_by_id(config, id);
	const struct config_pool *moved = pool ? config_pool_find(to, pool->name) : NULL;

	return moved ? moved->id : POOL_NONE;
}

const struct config_policy *config_policy_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_policies; i++)
		if (strcmp(config->policies[i].name, name) == 0)
			return &config->policies[i];
	return NULL;
}

const struct config_sender *config_sender_find(const struct config *config, const char *name)
{
	const struct config_sender *senders = config->senders, *found = NULL;
	size_t low = 0, high = config->n_senders;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcasecmp(senders[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < config->n_senders && strcasecmp(senders[low].name, name) == 0; low++)
		if (!found || strcmp(senders[low].name, name) == 0)
			found = &senders[low];
	return found;
}
