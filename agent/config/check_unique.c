/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds what stands in two places. It sorts: to compare all pairs of 100,000 senders takes minutes.
 * The error is at the later line and names the earlier one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/check.h"
#include "config/read.h"

struct place {
	const void *thing; /* a name, an address, a selector */
	const char *what;  /* "pool", "handle", … */
	const char *owner; /* the pool or sender that it stands in */
	int line;
};

typedef int (*comparer)(const struct place *a, const struct place *b);

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_places(const void *a, const void *b, void *compare)
{
	const struct place *x = a, *y = b;
	int r = (*(comparer *)compare)(x, y);

	return r ? r : x->line - y->line;
}

/* Sorts. The second of two equal places, right behind the first; NULL: all differ. */
static const struct place *find_again(struct place *places, size_t count, comparer compare)
{
	qsort_r(places, count, sizeof(*places), compare_places, &compare);
	for (size_t i = 1; i < count; i++)
		if (compare(&places[i - 1], &places[i]) == 0)
			return &places[i];
	return NULL;
}

/* ---- names */

static int compare_names(const struct place *a, const struct place *b)
{
	int r = strcmp(a->what, b->what);

	return r ? r : strcmp(a->thing, b->thing);
}

#define COLLECT_NAMES(places, n, sections, count, what_)                                           \
	for (size_t i_ = 0; i_ < (count); i_++)                                                    \
		(places)[(n)++] = (struct place)                                                   \
		{                                                                                  \
			.thing = (sections)[i_].name, .what = what_, .line = (sections)[i_].line   \
		}

static int check_names(const struct reader *reader)
{
	const struct config *config = reader->config;
	size_t count = config->n_pools + config->n_senders + config->n_policies + config->n_tenants;
	_cleanup_(free_p) struct place *places = calloc(count, sizeof(*places));
	const struct place *again;
	size_t n = 0;

	if (!places)
		return read_out_of_memory(reader);
	COLLECT_NAMES(places, n, config->pools, config->n_pools, "pool");
	COLLECT_NAMES(places, n, config->senders, config->n_senders, "sender");
	COLLECT_NAMES(places, n, config->policies, config->n_policies, "policy");
	COLLECT_NAMES(places, n, config->tenants, config->n_tenants, "tenant");
	again = find_again(places, n, compare_names);
	if (!again)
		return 0;
	return read_error(reader, again->line,
			  "found %s '%s' again, expected it once (it is at line %d)", again->what,
			  (const char *)again->thing, again[-1].line);
}

/* ---- addresses of pools and handles */

static int compare_addresses(const struct place *a, const struct place *b)
{
	return address_compare(a->thing, b->thing);
}

static int compare_addresses_of(const void *a, const void *b)
{
	return compare_addresses(a, b);
}

static size_t collect_addresses(struct place *places, const char *what, const char *pool,
				const struct config_address *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){&addresses[i].address, what, pool, addresses[i].line};
	return count;
}

/* A socket bound to a handle leaves by its pool; as a source it would show the sender instead. */
static int check_source(const struct reader *reader, const struct config_selector *selector,
			const struct place *places, size_t count)
{
	const struct place key = {.thing = &selector->prefix.address}, *found;
	char text[ADDRESS_TEXT_SIZE];

	if (selector->kind != CONFIG_SELECTOR_SOURCE || selector->prefix.length != 128)
		return 0;
	found = bsearch(&key, places, count, sizeof(*places), compare_addresses_of);
	if (!found || strcmp(found->what, "handle") != 0)
		return 0;
	return read_error(reader, selector->line,
			  "found source '%s', expected no handle (it is one of pool "
			  "'%s' at line %d)",
			  address_format(found->thing, text), found->owner, found->line);
}

static int check_sources(const struct reader *reader, const struct place *places, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < reader->config->n_senders; i++) {
		const struct config_sender *sender = &reader->config->senders[i];

		for (size_t j = 0; r == 0 && j < sender->n_selectors; j++)
			r = check_source(reader, &sender->selectors[j], places, count);
	}
	return r;
}

static int check_addresses(const struct reader *reader)
{
	const struct config *config = reader->config;
	_cleanup_(free_p) struct place *places = NULL;
	char text[ADDRESS_TEXT_SIZE];
	const struct place *again;
	size_t count = 0;

	for (size_t i = 0; i < config->n_pools; i++)
		count += config->pools[i].n_addresses + config->pools[i].n_handles;
	places = calloc(count, sizeof(*places));
	if (!places)
		return read_out_of_memory(reader);
	count = 0;
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		count += collect_addresses(places + count, "address", pool->name, pool->addresses,
					   pool->n_addresses);
		count += collect_addresses(places + count, "handle", pool->name, pool->handles,
					   pool->n_handles);
	}
	again = find_again(places, count, compare_addresses);
	if (!again)
		return check_sources(reader, places, count);
	return read_error(reader, again->line,
			  "found '%s' as %s of pool '%s', expected it in one place only (it is %s "
			  "of pool '%s' at line %d)",
			  address_format(again->thing, text), again->what, again->owner,
			  again[-1].what, again[-1].owner, again[-1].line);
}

/* ---- selectors */

static int compare_selectors(const struct place *x, const struct place *y)
{
	const struct config_selector *a = x->thing, *b = y->thing;
	int r = compare_numbers(a->kind, b->kind);

	if (r)
		return r;
	if (a->kind == CONFIG_SELECTOR_CGROUP)
		return strcmp(a->path, b->path);
	if (a->kind != CONFIG_SELECTOR_SOURCE)
		return compare_numbers(a->number, b->number);
	r = address_compare(&a->prefix.address, &b->prefix.address);
	return r ? r : compare_numbers(a->prefix.length, b->prefix.length);
}

/* "source '10.1.7.0/24'" */
static void describe_selector(const struct config_selector *selector, char *ret_text, size_t size)
{
	char text[PREFIX_TEXT_SIZE];

	if (selector->kind == CONFIG_SELECTOR_CGROUP)
		snprintf(ret_text, size, "cgroup '%.100s'", selector->path);
	else if (selector->kind != CONFIG_SELECTOR_SOURCE)
		snprintf(ret_text, size, "%s '%u'",
			 selector->kind == CONFIG_SELECTOR_MARK ? "mark" : "uid", selector->number);
	else if (selector->prefix.length == 128)
		snprintf(ret_text, size, "source '%s'",
			 address_format(&selector->prefix.address, text));
	else
		snprintf(ret_text, size, "source '%s'", prefix_format(&selector->prefix, text));
}

static int check_selectors(const struct reader *reader)
{
	const struct config *config = reader->config;
	_cleanup_(free_p) struct place *places = NULL;
	const struct place *again;
	size_t count = 0;
	char text[128];

	for (size_t i = 0; i < config->n_senders; i++)
		count += config->senders[i].n_selectors;
	places = calloc(count + 1, sizeof(*places));
	if (!places)
		return read_out_of_memory(reader);
	count = 0;
	for (size_t i = 0; i < config->n_senders; i++) {
		const struct config_sender *sender = &config->senders[i];

		for (size_t j = 0; j < sender->n_selectors; j++)
			places[count++] = (struct place){.thing = &sender->selectors[j],
							 .owner = sender->name,
							 .line = sender->selectors[j].line};
	}
	again = find_again(places, count, compare_selectors);
	if (!again)
		return 0;
	describe_selector(again->thing, text, sizeof(text));
	return read_error(reader, again->line,
			  "found %s of sender '%s', expected it in one place only (it is of sender "
			  "'%s' at line %d)",
			  text, again->owner, again[-1].owner, again[-1].line);
}

int check_unique(struct reader *reader)
{
	int r = check_names(reader);

	if (r == 0)
		r = check_addresses(reader);
	return r < 0 ? r : check_selectors(reader);
}
