/* SPDX-License-Identifier: BSD-2-Clause */
/* Adds the addresses that are missing on the host. */
#include "host/plumb.h"

#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "host/interfaces.h"
#include "host/journal.h"
#include "netlink/announcer.h"
#include "netlink/netlink.h"

static bool is_ours(const struct plumb *plumb, const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(address, text);
	for (size_t i = 0; i < journal_count(plumb->journal); i++) {
		const struct journal_entry *entry = journal_get(plumb->journal, i);

		if (entry->kind == JOURNAL_ADDRESS && !strcmp(entry->what, text))
			return true;
	}
	return false;
}

/* Earlier versions gave pool addresses another scope. */
static int narrow(const struct plumb *plumb, const struct address *address, int index,
		  struct error *error)
{
	const struct netlink_plumb there = {.address = *address, .index = index};

	return is_ours(plumb, address) ? netlink_address_narrow(plumb->netlink, &there, error) : 0;
}

static int add(const struct plumb *plumb, enum journal_kind kind,
	       const struct netlink_plumb *wanted, const char *interface, struct error *error)
{
	char text[ADDRESS_TEXT_SIZE];
	int there = 0;
	int r = netlink_address_find(plumb->netlink, &wanted->address, &there, error);

	if (r || there)
		return r ? r : narrow(plumb, &wanted->address, there, error);
	r = journal_add(plumb->journal, kind, address_format(&wanted->address, text), interface,
			error);
	if (r)
		return r;
	r = netlink_address_add(plumb->netlink, wanted, error);
	if (r)
		return error_prefix(error, r, "interface '%s'", interface);
	/* Nobody has a handle in a table. A failure is left to the neighbours' own ways. */
	if (kind == JOURNAL_ADDRESS && plumb->announcer)
		announcer_add(plumb->announcer, &wanted->address, wanted->index);
	return 0;
}

int plumb_address(const struct plumb *plumb, const struct address *address, struct error *error)
{
	struct netlink_plumb wanted = {.address = *address};
	int r = netlink_address_home(plumb->netlink, address, plumb->interfaces->indexes,
				     plumb->interfaces->count, &wanted.index, error);

	if (r)
		return r;
	return add(plumb, JOURNAL_ADDRESS, &wanted,
		   interfaces_name(plumb->interfaces, wanted.index), error);
}

int plumb_pools(const struct plumb *plumb, struct error *error)
{
	for (size_t i = 0; i < plumb->config->n_pools; i++) {
		const struct config_pool *pool = &plumb->config->pools[i];

		for (size_t j = 0; j < pool->n_addresses; j++) {
			int r = plumb_address(plumb, &pool->addresses[j].address, error);

			if (r)
				return r;
		}
	}
	return 0;
}

int plumb_handle(const struct plumb *plumb, const struct address *handle, struct error *error)
{
	struct netlink_plumb wanted = {.address = *handle};
	struct netlink_interface loopback;
	int r = netlink_interface_get(plumb->netlink, "lo", &loopback, error);

	if (r)
		return r;
	wanted.index = loopback.index;
	return add(plumb, JOURNAL_HANDLE, &wanted, loopback.name, error);
}

int plumb_handles(const struct plumb *plumb, struct error *error)
{
	int r = 0;

	for (size_t i = 0; !r && i < plumb->config->n_pools; i++) {
		const struct config_pool *pool = &plumb->config->pools[i];

		for (size_t j = 0; !r && j < pool->n_handles; j++)
			r = plumb_handle(plumb, &pool->handles[j].address, error);
	}
	return r;
}

static bool is_among(const struct config_address *addresses, size_t count, const char *text)
{
	struct address address;

	if (address_parse(text, &address))
		return false;
	for (size_t i = 0; i < count; i++)
		if (address_equal(&addresses[i].address, &address))
			return true;
	return false;
}

bool plumb_wants(const struct config *config, const struct journal_entry *entry)
{
	for (size_t i = 0; config->plumb && i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		if (entry->kind == JOURNAL_ADDRESS
			    ? is_among(pool->addresses, pool->n_addresses, entry->what)
			    : is_among(pool->handles, pool->n_handles, entry->what))
			return true;
	}
	return false;
}
