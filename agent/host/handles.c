/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter is computed once for each load of the programs; the hooks are interfaces.c's. */
#include "host/handles.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/hook.h"
#include "host/interfaces.h"
#include "host/journal.h"
#include "netlink/netlink.h"
#include "netlink/snapshot.h"

/* ---- the filter */

/* The first bits of some addresses. */
struct common {
	uint8_t mask[8];
	uint8_t bits[8];
	bool any; /* an address was taken */
};

/* Clears the first bit that differs, and all bits behind it. */
static void narrow(struct common *common, const uint8_t *bytes, size_t size)
{
	bool differs = false;

	for (size_t i = 0; i < size; i++) {
		if (differs)
			common->mask[i] = 0;
		while (common->mask[i] & (common->bits[i] ^ bytes[i])) {
			common->mask[i] = (uint8_t)(common->mask[i] << 1);
			differs = true;
		}
		common->bits[i] &= common->mask[i];
	}
}

static void take(struct common *common, const uint8_t *bytes, size_t size)
{
	if (common->any) {
		narrow(common, bytes, size);
		return;
	}
	common->any = true;
	memset(common->mask, 0xff, size);
	memcpy(common->bits, bytes, size);
}

struct handle_filter handles_filter(const struct config *config)
{
	struct common ipv4 = {.bits = {0xff}}, ipv6 = {.bits = {0xff}};
	struct handle_filter filter;

	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t j = 0; j < config->pools[i].n_handles; j++) {
			const struct address *handle = &config->pools[i].handles[j].address;

			if (address_is_ipv4(handle))
				take(&ipv4, handle->bytes + 12, sizeof(filter.ipv4));
			else
				take(&ipv6, handle->bytes, sizeof(filter.ipv6));
		}
	memcpy(&filter.ipv4_mask, ipv4.mask, sizeof(filter.ipv4_mask));
	memcpy(&filter.ipv4, ipv4.bits, sizeof(filter.ipv4));
	memcpy(filter.ipv6_mask, ipv6.mask, sizeof(filter.ipv6_mask));
	memcpy(filter.ipv6, ipv6.bits, sizeof(filter.ipv6));
	return filter;
}

/* ---- hooks */

static bool has_handles(const struct config *config)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (config->pools[i].n_handles)
			return true;
	return false;
}

enum hook_kind handles_hook_kind(const struct config *config, const struct netlink_interface *link)
{
	const struct hook_interface interface = interfaces_hook(link);
	struct hook_status status;
	struct hook_choice choice;
	struct error ignored;

	if (!has_handles(config) || link->is_loopback || link->is_port)
		return HOOK_NONE;
	hook_query(config->pin_path, &interface, &status);
	if (status.egress != HOOK_NONE && status.ingress != HOOK_NONE)
		return HOOK_NONE;
	if (hook_choose(&interface, CONFIG_INGRESS_TC, config->egress, &choice, &ignored))
		return HOOK_NONE;
	return choice.egress;
}

int handles_attach(const struct attachment *to, const struct netlink_interface *link,
		   struct error *error)
{
	const struct hook_interface interface = interfaces_hook(link);
	const struct hook hook = {HOOK_HANDLES, handles_hook_kind(to->config, link)};

	return hook.kind == HOOK_NONE ? 0 : interfaces_attach_hook(to, &interface, hook, error);
}

int handles_attach_all(const struct attachment *to, struct interfaces *interfaces,
		       struct error *error)
{
	struct snapshot snapshot;
	struct error failure;
	int r = netlink_snapshot(to->netlink, &snapshot, error);

	if (r)
		return r;
	for (size_t i = 0; !r && i < snapshot.n_links; i++)
		if (handles_attach(to, &snapshot.links[i], &failure)) {
			error_prefix(&failure, -EIO, "mail from handles is not held");
			r = interfaces_add_note(interfaces, failure.text, error);
		}
	snapshot_done(&snapshot);
	return r;
}

bool handles_is_hook(const struct journal_entry *entry)
{
	struct hook hook;

	return entry->kind == JOURNAL_HOOK && !hook_parse(entry->detail, &hook) &&
	       hook.direction == HOOK_HANDLES;
}
