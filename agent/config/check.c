/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools that must be there, and the names that lead to pools and policies. */
#include "config/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_pool(const void *a, const void *b)
{
	const struct config_pool *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int check_pools(const struct reader *reader)
{
	static const char *const names[] = {"normal", "high-risk"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!config_pool_find(reader->config, names[i]))
			return read_error(reader, reader->last_line,
					  "found no pool '%s', expected pool \"%s\" { … }",
					  names[i], names[i]);
	return 0;
}

static int resolve_default(const struct reader *reader)
{
	const struct read_name *name = &reader->default_name;
	struct config *config = reader->config;

	config->default_action = VERDICT_STEER;
	config->default_pool = &config->pools[0];
	if (!name->text)
		return 0;
	config->default_pool = config_pool_find(config, name->text);
	if (config->default_pool)
		return 0;
	if (strcmp(name->text, "pass") == 0)
		config->default_action = VERDICT_PASS;
	else if (strcmp(name->text, "drop") == 0)
		config->default_action = VERDICT_DROP;
	else
		return read_error(reader, name->line,
				  "found default '%.100s', expected the name of a pool, 'pass' or "
				  "'drop'",
				  name->text);
	return 0;
}

static int resolve_when_empty(const struct reader *reader, struct config_pool *pool)
{
	const struct read_name *name = &reader->when_empty[pool->id];

	if (!name->text || strcmp(name->text, "hold") == 0)
		return 0;
	pool->when_empty = config_pool_find(reader->config, name->text);
	if (!pool->when_empty)
		return read_error(
			reader, name->line,
			"found when_empty '%.100s', expected the name of a pool or 'hold'",
			name->text);
	return 0;
}

/* "'a' -> 'b' -> 'c'", from `pool` to `last`, which the steps reach. */
static void describe_path(const struct config_pool *pool, const struct config_pool *last,
			  char *ret_text, size_t size)
{
	size_t used = (size_t)snprintf(ret_text, size, "'%s'", pool->name);

	do {
		pool = pool->when_empty;
		if (used < size)
			used += (size_t)snprintf(ret_text + used, size - used, " -> '%s'",
						 pool->name);
	} while (pool != last);
}

/* Where `last` is reached from `pool` by one step or more. Ends also in a cycle past `pool`. */
static bool leads_to(const struct config_pool *pool, const struct config_pool *last)
{
	for (unsigned steps = 0; pool->when_empty && steps < POSTERN_POOLS_MAX; steps++) {
		pool = pool->when_empty;
		if (pool == last)
			return true;
	}
	return false;
}

static int check_when_empty(const struct reader *reader)
{
	const struct config *config = reader->config;
	const struct config_pool *normal = &config->pools[0], *high_risk = &config->pools[1];
	char path[512];

	if (leads_to(high_risk, normal)) {
		describe_path(high_risk, normal, path, sizeof(path));
		return read_error(reader, reader->when_empty[high_risk->id].line,
				  "found when_empty path %s, expected none from 'high-risk' to "
				  "'normal'",
				  path);
	}
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		if (!leads_to(pool, pool))
			continue;
		describe_path(pool, pool, path, sizeof(path));
		return read_error(reader, reader->when_empty[pool->id].line,
				  "found when_empty path %s, expected one that ends with 'hold'",
				  path);
	}
	return 0;
}

static int resolve_names(const struct reader *reader)
{
	int r = resolve_default(reader);

	for (size_t i = 0; r == 0 && i < reader->config->n_pools; i++)
		r = resolve_when_empty(reader, &reader->config->pools[i]);
	return r < 0 ? r : check_when_empty(reader);
}

static int resolve_policies(const struct reader *reader)
{
	for (size_t i = 0; i < reader->n_sender_policies; i++) {
		const struct read_sender_policy *at = &reader->sender_policies[i];
		const struct config_policy *policy =
			config_policy_find(reader->config, at->name.text);

		if (!policy)
			return read_error(reader, at->name.line,
					  "found policy '%.100s', expected the name of a policy",
					  at->name.text);
		reader->config->senders[at->sender].policy = policy;
	}
	return 0;
}

static void resolve_limits(struct config *config)
{
	for (size_t i = 0; i < config->n_senders; i++) {
		struct config_sender *sender = &config->senders[i];

		if (sender->connections_per_minute == READ_LEFT_OUT)
			sender->connections_per_minute = config->sender_connections_per_minute;
		if (sender->flows_max == READ_LEFT_OUT)
			sender->flows_max = config->sender_flows_max;
	}
}

/* One that was forgotten would be passed over by every sender, and nobody would notice. */
static int check_lanes(const struct reader *reader)
{
	const struct config *config = reader->config;

	for (size_t i = 0; config->mail.lanes == CONFIG_LANES_ADDRESS && i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];
		size_t own = 0;

		for (size_t j = 0; j < pool->n_addresses; j++)
			own += pool->addresses[j].has_handle;
		for (size_t j = 0; own && j < pool->n_addresses; j++) {
			char text[ADDRESS_TEXT_SIZE];

			if (!pool->addresses[j].has_handle)
				return read_error(
					reader, pool->addresses[j].line,
					"found '%s' without a handle of its own, expected one "
					"behind "
					"each address of pool '%s' or none (lanes = \"address\")",
					address_format(&pool->addresses[j].address, text),
					pool->name);
		}
	}
	return 0;
}

int check_all(struct reader *reader)
{
	struct config *config = reader->config;
	int r = check_pools(reader);

	if (r < 0)
		return r;
	resolve_limits(config);
	qsort(config->pools, config->n_pools, sizeof(*config->pools), compare_pool);
	r = resolve_names(reader);
	if (r == 0)
		r = read_ready_made(reader);
	if (r == 0)
		r = resolve_policies(reader);
	if (r == 0)
		r = check_lanes(reader);
	return r < 0 ? r : check_unique(reader);
}
