/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may stand in one place only. Found by sorting, never by comparing all pairs: there may be some
 * hundred thousand senders. The error is at the later line and names the earlier one.
 */
#include "config/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "config/read.h"

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* ---- addresses of pools and handles */

struct place {
	struct address address; /* first: compare_address() serves for the search as well */
	const char *what;	/* "address" or "handle" */
	const char *pool;
	int line;
};

static int compare_address(const void *a, const void *b)
{
	return address_compare(a, b);
}

static int compare_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int r = address_compare(&x->address, &y->address);

	return r ? r : compare_numbers((uint64_t)x->line, (uint64_t)y->line);
}

static size_t add_places(struct place *places, const struct config_pool *pool, const char *what,
			 const struct config_address *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){
			.address = addresses[i].address,
			.what = what,
			.pool = pool->name,
			.line = addresses[i].line,
		};
	return count;
}

static int collect_places(const struct reader *reader, struct place **ret_places, size_t *ret_count)
{
	const struct config *config = reader->config;
	struct place *places;
	size_t count = 0;

	for (size_t i = 0; i < config->n_pools; i++)
		count += config->pools[i].n_addresses + config->pools[i].n_handles;
	places = calloc(count, sizeof(*places));
	if (!places)
		return read_out_of_memory(reader);
	count = 0;
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		count += add_places(places + count, pool, "address", pool->addresses,
				    pool->n_addresses);
		count += add_places(places + count, pool, "handle", pool->handles, pool->n_handles);
	}
	qsort(places, count, sizeof(*places), compare_place);
	*ret_places = places;
	*ret_count = count;
	return 0;
}

static int check_places(const struct reader *reader, const struct place *places, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct place *first = &places[i - 1], *again = &places[i];
		char text[ADDRESS_TEXT_SIZE];

		if (address_equal(&first->address, &again->address))
			return read_error(reader, again->line,
					  "found '%s' as %s of pool '%s', expected it in one place "
					  "only (it is %s of pool '%s' at line %d)",
					  address_format(&again->address, text), again->what,
					  again->pool, first->what, first->pool, first->line);
	}
	return 0;
}

/* Binding to a handle chooses its pool; as a source it would stand for the sender instead. */
static int check_source(const struct reader *reader, const struct config_selector *selector,
			const struct place *places, size_t count)
{
	const struct place *place;
	char text[ADDRESS_TEXT_SIZE];

	if (selector->kind != CONFIG_SELECTOR_SOURCE || selector->prefix.length != 128)
		return 0;
	place = bsearch(&selector->prefix.address, places, count, sizeof(*places), compare_address);
	if (!place || strcmp(place->what, "handle") != 0)
		return 0;
	return read_error(reader, selector->line,
			  "found source '%s', expected none that is a handle (it is one of pool "
			  "'%s' at line %d)",
			  address_format(&place->address, text), place->pool, place->line);
}

static int check_addresses(const struct reader *reader)
{
	const struct config *config = reader->config;
	_cleanup_(free_p) struct place *places = NULL;
	size_t count = 0;
	int r = collect_places(reader, &places, &count);

	if (r == 0)
		r = check_places(reader, places, count);
	for (size_t i = 0; r == 0 && i < config->n_senders; i++)
		for (size_t j = 0; r == 0 && j < config->senders[i].n_selectors; j++)
			r = check_source(reader, &config->senders[i].selectors[j], places, count);
	return r;
}

/* ---- selectors */

struct claim {
	const struct config_selector *selector;
	const char *sender;
};

static int compare_selector(const struct config_selector *a, const struct config_selector *b)
{
	int r;

	if (a->kind != b->kind)
		return compare_numbers(a->kind, b->kind);
	switch (a->kind) {
	case CONFIG_SELECTOR_SOURCE:
		r = address_compare(&a->prefix.address, &b->prefix.address);
		return r ? r : compare_numbers(a->prefix.length, b->prefix.length);
	case CONFIG_SELECTOR_CGROUP:
		return strcmp(a->path, b->path);
	default:
		return compare_numbers(a->number, b->number);
	}
}

static int compare_claim(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int r = compare_selector(x->selector, y->selector);

	return r ? r : compare_numbers((uint64_t)x->selector->line, (uint64_t)y->selector->line);
}

static const char *describe_selector(const struct config_selector *selector, char *ret_text,
				     size_t size)
{
	char prefix[PREFIX_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];

	switch (selector->kind) {
	case CONFIG_SELECTOR_SOURCE:
		snprintf(ret_text, size, "source '%s'",
			 selector->prefix.length == 128
				 ? address_format(&selector->prefix.address, address)
				 : prefix_format(&selector->prefix, prefix));
		break;
	case CONFIG_SELECTOR_CGROUP:
		snprintf(ret_text, size, "cgroup '%.100s'", selector->path);
		break;
	case CONFIG_SELECTOR_MARK:
	case CONFIG_SELECTOR_UID:
		snprintf(ret_text, size, "%s '%u'",
			 selector->kind == CONFIG_SELECTOR_MARK ? "mark" : "uid", selector->number);
		break;
	}
	return ret_text;
}

static int check_claims(const struct reader *reader, const struct claim *claims, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct claim *first = &claims[i - 1], *again = &claims[i];
		char text[128];

		if (compare_selector(first->selector, again->selector) == 0)
			return read_error(
				reader, again->selector->line,
				"found %s of sender '%s', expected it in one place only (it is of "
				"sender '%s' at line %d)",
				describe_selector(again->selector, text, sizeof(text)),
				again->sender, first->sender, first->selector->line);
	}
	return 0;
}

static int check_selectors(const struct reader *reader)
{
	const struct config *config = reader->config;
	_cleanup_(free_p) struct claim *claims = NULL;
	size_t count = 0;

	for (size_t i = 0; i < config->n_senders; i++)
		count += config->senders[i].n_selectors;
	claims = calloc(count + 1, sizeof(*claims));
	if (!claims)
		return read_out_of_memory(reader);
	count = 0;
	for (size_t i = 0; i < config->n_senders; i++)
		for (size_t j = 0; j < config->senders[i].n_selectors; j++)
			claims[count++] = (struct claim){
				.selector = &config->senders[i].selectors[j],
				.sender = config->senders[i].name,
			};
	qsort(claims, count, sizeof(*claims), compare_claim);
	return check_claims(reader, claims, count);
}

/* ---- names of senders */

static int compare_sender(const void *a, const void *b)
{
	const struct config_sender *x = a, *y = b;
	int r = strcasecmp(x->name, y->name);

	if (r == 0)
		r = strcmp(x->name, y->name);
	return r ? r : compare_numbers((uint64_t)x->line, (uint64_t)y->line);
}

static int check_senders(const struct reader *reader)
{
	struct config *config = reader->config;

	if (config->n_senders == 0)
		return 0;
	qsort(config->senders, config->n_senders, sizeof(*config->senders), compare_sender);
	for (size_t i = 1; i < config->n_senders; i++)
		if (strcmp(config->senders[i - 1].name, config->senders[i].name) == 0)
			return read_error(
				reader, config->senders[i].line,
				"found sender '%s' again, expected it once (it is at line "
				"%d)",
				config->senders[i].name, config->senders[i - 1].line);
	return 0;
}

/* ---- names of tenants; they stay in the order of the file */

static int compare_tenant(const void *a, const void *b)
{
	const struct config_tenant *const *x = a, *const *y = b;
	int r = strcmp((*x)->name, (*y)->name);

	return r ? r : compare_numbers((uint64_t)(*x)->line, (uint64_t)(*y)->line);
}

static int check_tenants(const struct reader *reader)
{
	const struct config *config = reader->config;
	_cleanup_(free_p) const struct config_tenant **sorted =
		calloc(config->n_tenants + 1, sizeof(const struct config_tenant *));

	if (!sorted)
		return read_out_of_memory(reader);
	for (size_t i = 0; i < config->n_tenants; i++)
		sorted[i] = &config->tenants[i];
	qsort(sorted, config->n_tenants, sizeof(*sorted), compare_tenant);
	for (size_t i = 1; i < config->n_tenants; i++)
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			return read_error(
				reader, sorted[i]->line,
				"found tenant '%s' again, expected it once (it is at line %d)",
				sorted[i]->name, sorted[i - 1]->line);
	return 0;
}

int check_unique(struct reader *reader)
{
	int r = check_senders(reader);

	if (r == 0)
		r = check_tenants(reader);
	if (r == 0)
		r = check_addresses(reader);
	return r < 0 ? r : check_selectors(reader);
}
