/* SPDX-License-Identifier: BSD-2-Clause */
/* pool "NAME" { addresses handles helo when_empty } */
#include "config/read.h"

#include <stdlib.h>
#include <string.h>

typedef int (*address_reader)(const struct reader *reader, const struct syntax_value *value,
			      struct config_address *ret_address);

/* What was read before a failure is the caller's as well. */
static int read_addresses(const struct reader *reader, const struct syntax_section *section,
			  const char *key, address_reader read_one,
			  struct config_address **ret_addresses, size_t *ret_count)
{
	size_t count = syntax_count(section, key);

	*ret_addresses = calloc(count ? count : 1, sizeof(**ret_addresses));
	if (!*ret_addresses)
		return read_out_of_memory(reader);
	*ret_count = count;
	for (size_t i = 0; i < count; i++) {
		int r = read_one(reader, syntax_get(section, key, i), &(*ret_addresses)[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_helo(const struct reader *reader, const struct syntax_section *section,
		     char **ret_helo)
{
	const struct syntax_value *value = syntax_get(section, "helo", 0);

	return value ? read_helo_name(reader, value->text, value->line, ret_helo) : 0;
}

/* What is the handle of one address stands behind those of the pool. */
static int add_own_handles(const struct reader *reader, struct config_pool *pool)
{
	struct config_address *handles = reallocarray(
		pool->handles, pool->n_handles + pool->n_addresses + 1, sizeof(*handles));

	if (!handles)
		return read_out_of_memory(reader);
	pool->handles = handles;
	for (size_t i = 0; i < pool->n_addresses; i++) {
		const struct config_address *address = &pool->addresses[i];

		if (address->has_handle)
			handles[pool->n_handles++] = (struct config_address){
				.address = address->handle, .line = address->line, .of = address};
	}
	return 0;
}

/* The two that always are there have fixed ids, so the others begin at POOL_FIRST_FREE. */
static int choose_id(const struct reader *reader, const struct syntax_section *section,
		     const char *name, uint32_t *ret_id)
{
	uint32_t id = POOL_FIRST_FREE;

	for (size_t i = 0; i < reader->config->n_pools; i++)
		id += reader->config->pools[i].id >= POOL_FIRST_FREE;
	if (strcmp(name, "normal") == 0)
		id = POOL_NORMAL;
	else if (strcmp(name, "high-risk") == 0)
		id = POOL_HIGH_RISK;
	if (id >= POSTERN_POOLS_MAX)
		return read_error(reader, section->line,
				  "found pool '%s', expected at most %d pools", name,
				  POSTERN_POOLS_MAX - 1);
	*ret_id = id;
	return 0;
}

static int check_pool_name(const struct reader *reader, const struct syntax_section *section)
{
	static const char *const words[] = {"hold", "pass", "drop"};
	struct address address;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(section->title, words[i]) == 0)
			return read_error(reader, section->line,
					  "found pool name '%s', expected another: that word has a "
					  "meaning of its own",
					  words[i]);
	/* "handle/192.0.2.1" is a sender. */
	if (address_parse(section->title, &address) == 0)
		return read_error(reader, section->line,
				  "found pool name '%s', expected another: that is an address",
				  section->title);
	for (size_t i = 0; i < reader->config->n_pools; i++)
		if (strcmp(section->title, reader->config->pools[i].name) == 0)
			return read_error(reader, section->line,
					  "found pool '%s' again, expected it once (it is at line "
					  "%d)",
					  section->title, reader->config->pools[i].line);
	return 0;
}

static int read_when_empty(struct reader *reader, const struct syntax_section *section, uint32_t id)
{
	struct read_name *name = &reader->when_empty[id];
	int r = read_copy(reader, section, "when_empty", &name->text);

	if (r == 0 && name->text)
		name->line = syntax_get(section, "when_empty", 0)->line;
	return r;
}

static int check_count(const struct reader *reader, const struct syntax_section *section,
		       const struct config_pool *pool)
{
	size_t count = 0;

	if (pool->n_addresses == 0)
		return read_error(reader, section->line,
				  "found pool '%s' without addresses, expected at least one",
				  pool->name);
	if (pool->n_addresses > POSTERN_SLOTS)
		return read_error(reader, section->line,
				  "found %zu addresses in pool '%s', expected at most %d",
				  pool->n_addresses, pool->name, POSTERN_SLOTS);
	/* This one is among them. */
	for (size_t i = 0; i < reader->config->n_pools; i++)
		count += reader->config->pools[i].n_addresses;
	if (count > POSTERN_ADDRESSES_MAX)
		return read_error(reader, section->line,
				  "found %zu addresses up to those of pool '%s', expected at most "
				  "%d in all",
				  count, pool->name, POSTERN_ADDRESSES_MAX);
	return 0;
}

static int read_keys(struct reader *reader, const struct syntax_section *section,
		     struct config_pool *pool)
{
	int r = read_addresses(reader, section, "addresses", read_pool_address, &pool->addresses,
			       &pool->n_addresses);

	if (r == 0)
		r = read_addresses(reader, section, "handles", read_handle, &pool->handles,
				   &pool->n_handles);
	if (r == 0)
		r = add_own_handles(reader, pool);
	if (r == 0)
		r = read_helo(reader, section, &pool->helo);
	if (r == 0)
		r = read_when_empty(reader, section, pool->id);
	return r == 0 ? check_count(reader, section, pool) : r;
}

int read_pool(struct reader *reader, const struct syntax_section *section)
{
	struct config *config = reader->config;
	struct config_pool pool = {.line = section->line};
	struct config_pool *pools;
	int r = check_pool_name(reader, section);

	if (r == 0)
		r = read_title(reader, section, POSTERN_POOL_LABEL, &pool.name);
	if (r < 0)
		return r;
	pools = reallocarray(config->pools, config->n_pools + 1, sizeof(*pools));
	if (!pools) {
		free(pool.name);
		return read_out_of_memory(reader);
	}
	config->pools = pools;
	r = choose_id(reader, section, pool.name, &pool.id);
	/* From here on the configuration owns what is read, complete or not. */
	pools[config->n_pools] = pool;
	pool = (struct config_pool){0};
	config->n_pools++;
	return r < 0 ? r : read_keys(reader, section, &pools[config->n_pools - 1]);
}
