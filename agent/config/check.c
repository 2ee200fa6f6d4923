/* SPDX-License-Identifier: BSD-2-Clause */
/* Required pools, ready-made policies, and the names that lead to pools and policies. */
#include "config/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/read.h"
#include "config/section.h"

static int compare_pool(const void *a, const void *b)
{
	const struct config_pool *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* As config_sender_find() searches. */
static int compare_sender(const void *a, const void *b)
{
	const struct config_sender *x = a, *y = b;
	int r = strcasecmp(x->name, y->name);

	return r ? r : strcmp(x->name, y->name);
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

static int find_default(const struct reader *reader)
{
	struct config *config = reader->config;
	const struct config_name *name = &config->default_name;

	config->default_action = VERDICT_STEER;
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

static int find_when_empty(const struct reader *reader, struct config_pool *pool)
{
	const struct config_name *name = &pool->when_empty_name;

	if (strcmp(name->text, "hold") == 0)
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

/*
 * Does the path from `pool` reach `last`, by one step or more? It may have a circle without `pool`.
 */
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
		return read_error(reader, high_risk->when_empty_name.line,
				  "found when_empty path %s, expected none from 'high-risk' to "
				  "'normal'",
				  path);
	}
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		if (!leads_to(pool, pool))
			continue;
		describe_path(pool, pool, path, sizeof(path));
		return read_error(reader, pool->when_empty_name.line,
				  "found when_empty path %s, expected one that ends with 'hold'",
				  path);
	}
	return 0;
}

static int find_pools(const struct reader *reader)
{
	int r = find_default(reader);

	for (size_t i = 0; r == 0 && i < reader->config->n_pools; i++)
		r = find_when_empty(reader, &reader->config->pools[i]);
	return r < 0 ? r : check_when_empty(reader);
}

/* As the file would define them: policy "strict" { like = "strict" }. */
static int add_ready_made(struct reader *reader)
{
	static const struct {
		const char *name, *like;
	} policies[] = {{"standard", "standard"},
			{"strict", "strict"},
			{"service", "service"},
			{"default", "service"}};

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const struct value name = {policies[i].name, 0}, like = {policies[i].like, 0};
		struct section section;
		int r;

		if (config_policy_find(reader->config, name.text))
			continue;
		r = section_open(reader, CONFIG_POLICY, &name, &section);
		if (r == 0)
			r = section_value(reader, &section, config_key_find(CONFIG_POLICY, "like"),
					  &like);
		if (r == 0)
			r = section_close(reader, &section);
		if (r < 0)
			return r;
	}
	reader->config->default_policy = config_policy_find(reader->config, "default");
	return 0;
}

static int find_policies(const struct reader *reader)
{
	for (size_t i = 0; i < reader->config->n_senders; i++) {
		struct config_sender *sender = &reader->config->senders[i];
		const struct config_name *name = &sender->policy_name;

		if (!name->text)
			continue;
		sender->policy = config_policy_find(reader->config, name->text);
		if (!sender->policy)
			return read_error(reader, name->line,
					  "found policy '%.100s', expected the name of a policy",
					  name->text);
	}
	return 0;
}

static void inherit_limits(struct config *config)
{
	for (size_t i = 0; i < config->n_senders; i++) {
		struct config_sender *sender = &config->senders[i];

		if (sender->connections_per_minute == READ_LEFT_OUT)
			sender->connections_per_minute = config->sender_connections_per_minute;
		if (sender->flows_max == READ_LEFT_OUT)
			sender->flows_max = config->sender_flows_max;
	}
}

/* Otherwise no sender would ever use the address that was forgotten. */
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
				return read_error(reader, pool->addresses[j].line,
						  "found '%s' without a handle of its own, "
						  "expected one for each address of pool '%s' or "
						  "for none (lanes = \"address\")",
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

	if (r == 0)
		r = check_unique(reader);
	if (r < 0)
		return r;
	inherit_limits(config);
	qsort(config->pools, config->n_pools, sizeof(*config->pools), compare_pool);
	/* Without senders there is no array. */
	if (config->n_senders > 0)
		qsort(config->senders, config->n_senders, sizeof(*config->senders), compare_sender);
	r = find_pools(reader);
	if (r == 0)
		r = add_ready_made(reader);
	if (r == 0)
		r = find_policies(reader);
	return r < 0 ? r : check_lanes(reader);
}
