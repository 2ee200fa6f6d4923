/* SPDX-License-Identifier: BSD-2-Clause */
/* From names or routes to interfaces, and from interfaces to attached programs. */
#include "host/interfaces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/hold.h"
#include "host/arp.h"
#include "host/journal.h"
#include "netlink/netlink.h"

/* ---- which interfaces */

static int refuse(const struct netlink_interface *link, struct error *error)
{
	return error_set(error, -EOPNOTSUPP,
			 "interface '%s': Postern cannot parse links of type %s", link->name,
			 link->type);
}

static int find_named(const struct config *config, struct netlink *netlink,
		      struct netlink_interface **ret_found, struct error *error)
{
	_cleanup_(free_p) struct netlink_interface *found =
		calloc(config->interfaces.count, sizeof(*found));
	int r = 0;

	if (!found)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < config->interfaces.count; i++) {
		r = netlink_interface_get(netlink, config->interfaces.texts[i], &found[i], error);
		if (!r && found[i].layer == NETLINK_UNKNOWN)
			r = refuse(&found[i], error);
	}
	if (!r)
		*ret_found = TAKE_PTR(found);
	return r;
}

struct hook_interface interfaces_hook(const struct netlink_interface *link)
{
	struct hook_interface interface = {.index = link->index,
					   .has_link_layer = link->has_link_layer,
					   .is_unknown = link->layer == NETLINK_UNKNOWN,
					   .is_veth = link->is_veth};

	memcpy(interface.name, link->name, sizeof(interface.name));
	return interface;
}

static int add(struct interfaces *interfaces, const struct config *config,
	       const struct netlink_interface *found, struct error *error)
{
	struct interface *interface = &interfaces->list[interfaces->count];

	interface->hook = interfaces_hook(found);
	interfaces->indexes[interfaces->count++] = found->index;
	return hook_choose(&interface->hook, config->ingress, config->egress, &interface->choice,
			   error);
}

int interfaces_take(const struct config *config, const struct netlink_interface *links,
		    size_t count, struct interfaces *ret_interfaces, struct error *error)
{
	struct interfaces interfaces = {
		.list = calloc(count, sizeof(*interfaces.list)),
		.indexes = calloc(count, sizeof(*interfaces.indexes)),
	};
	int r = 0;

	if (!interfaces.list || !interfaces.indexes)
		r = error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < count; i++)
		r = add(&interfaces, config, &links[i], error);
	if (r)
		interfaces_done(&interfaces);
	else
		*ret_interfaces = interfaces;
	return r;
}

/* Of the interfaces that the routes name, those with a known link type move to the front. */
static int drop_unknown(struct netlink_interface *found, size_t *count, struct error *error)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++)
		if (found[i].layer != NETLINK_UNKNOWN)
			found[kept++] = found[i];
	if (!kept)
		return refuse(&found[0], error);
	*count = kept;
	return 0;
}

int interfaces_find(const struct config *config, struct netlink *netlink,
		    struct interfaces *ret_interfaces, struct error *error)
{
	_cleanup_(free_p) struct netlink_interface *found = NULL;
	size_t count = config->interfaces.count;
	int r;

	if (count) {
		r = find_named(config, netlink, &found, error);
	} else {
		r = netlink_default_interfaces(netlink, &found, &count, error);
		if (!r)
			r = drop_unknown(found, &count, error);
	}
	return r ? r : interfaces_take(config, found, count, ret_interfaces, error);
}

void interfaces_done(struct interfaces *interfaces)
{
	free(interfaces->list);
	free(interfaces->indexes);
	free(interfaces->note);
	*interfaces = (struct interfaces){0};
}

/* ---- their hooks */

static int add_qdisc(const struct attachment *to, const struct hook_interface *interface,
		     struct error *error)
{
	bool there = false;
	int r = netlink_clsact_find(to->netlink, interface->index, &there, error);

	if (r || there)
		return r;
	r = journal_add(to->journal, JOURNAL_QDISC, interface->name, NULL, error);
	return r ? r : netlink_clsact_add(to->netlink, interface->index, error);
}

int interfaces_attach_hook(const struct attachment *to, const struct hook_interface *interface,
			   struct hook hook, struct error *error)
{
	const char *name = interface->name;
	int r = 0;

	if (hook.kind == HOOK_CLSACT)
		r = add_qdisc(to, interface, error);
	if (r)
		return error_prefix(error, r, "interface '%s'", name);
	r = journal_add(to->journal, JOURNAL_HOOK, name, hook_name(hook), error);
	if (r)
		return r;
	return to->hold ? hold_hook_attach(to->hold, to->config->pin_path, interface, hook, error)
			: hook_attach(to->programs, to->config->pin_path, interface, hook, error);
}

int interfaces_add_note(struct interfaces *interfaces, const char *text, struct error *error)
{
	const char *before = interfaces->note ? interfaces->note : "";
	char *longer;

	if (asprintf(&longer, "%s%s%s", before, *before ? "; " : "", text) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	free(interfaces->note);
	interfaces->note = longer;
	return 0;
}

static int attach_ingress(struct interfaces *interfaces, struct interface *interface,
			  const struct attachment *to, struct error *error)
{
	struct hook_choice *choice = &interface->choice;
	struct hook hook = {HOOK_INGRESS, choice->ingress};
	int r = interfaces_attach_hook(to, &interface->hook, hook, error);

	if (!r || !choice->fallback)
		return r;
	if (r != -EOPNOTSUPP) {
		error_prefix(error, r, "replies are taken in tc");
		r = interfaces_add_note(interfaces, error->text, error);
		if (r)
			return r;
	}
	hook.kind = choice->ingress = choice->fallback;
	return interfaces_attach_hook(to, &interface->hook, hook, error);
}

int interfaces_attach(struct interfaces *interfaces, const struct attachment *attachment,
		      struct error *error)
{
	int r = 0;

	for (size_t i = 0; !r && i < interfaces->count; i++) {
		struct interface *interface = &interfaces->list[i];
		struct hook egress = {HOOK_EGRESS, interface->choice.egress};

		r = arp_prepare(attachment->netlink, attachment->journal, interface->hook.index,
				interface->hook.name, error);
		if (!r)
			r = attach_ingress(interfaces, interface, attachment, error);
		if (!r)
			r = interfaces_attach_hook(attachment, &interface->hook, egress, error);
	}
	return r;
}

int interfaces_hold(const struct interfaces *interfaces, const struct attachment *attachment,
		    struct error *error)
{
	int r = 0;

	for (size_t i = 0; !r && i < interfaces->count; i++) {
		const struct interface *interface = &interfaces->list[i];
		const struct hook egress = {HOOK_EGRESS, interface->choice.egress};

		r = interfaces_attach_hook(attachment, &interface->hook, egress, error);
	}
	return r;
}

bool interfaces_named(const struct interfaces *interfaces, const char *name)
{
	for (size_t i = 0; i < interfaces->count; i++)
		if (!strcmp(interfaces->list[i].hook.name, name))
			return true;
	return false;
}

bool interfaces_have(const struct interfaces *interfaces, const char *name, struct hook hook)
{
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *interface = &interfaces->list[i];

		if (!strcmp(interface->hook.name, name))
			return hook.kind == (hook.direction == HOOK_INGRESS
						     ? interface->choice.ingress
						     : interface->choice.egress);
	}
	return false;
}

const char *interfaces_name(const struct interfaces *interfaces, int index)
{
	size_t i = 0;

	while (interfaces->indexes[i] != index)
		i++;
	return interfaces->list[i].hook.name;
}
