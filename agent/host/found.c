/* SPDX-License-Identifier: BSD-2-Clause */
/* One finding for each part; repair.c decides. */
#include "host/found.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/hook.h"
#include "host/interfaces.h"
#include "host/repair.h"
#include "host/wanted.h"
#include "netlink/netlink.h"
#include "netlink/snapshot.h"

static void miss(struct finding *finding, bool can_try, const char *cause)
{
	finding->state = HOST_MISSING;
	finding->can_try = can_try;
	snprintf(finding->cause, sizeof(finding->cause), "%.*s", POSTERN_CAUSE - 1, cause);
}

/* ---- hooks */

/* Does a filter of others on clsact come before ours? Then the finding is complete. */
static bool has_filter_before(struct netlink *netlink, const struct hook_interface *interface,
			      struct hook hook, struct finding *finding)
{
	bool egress = hook.direction == HOOK_EGRESS;
	struct netlink_filter first;
	struct error ignored;

	if (hook.kind != HOOK_CLSACT)
		return false;
	if (netlink_filter_first(netlink, interface->index, egress, &first, &ignored) ||
	    (first.priority == hook_priority(interface, hook.direction) &&
	     first.handle == HOOK_CLSACT_HANDLE && !strcmp(first.kind, "bpf")))
		return false;
	miss(finding, true, "");
	snprintf(finding->cause, sizeof(finding->cause), "filter '%s' pref %u is before %s hook",
		 first.kind, first.priority, egress ? "the egress" : "the ingress");
	return true;
}

static bool has_program_before(const struct config *config, const struct hook_interface *interface,
			       struct hook hook, struct finding *finding)
{
	char name[HOOK_PROGRAM_NAME];

	if (!hook_is_behind(config->pin_path, interface, hook, name))
		return false;
	miss(finding, true, "");
	snprintf(finding->cause, sizeof(finding->cause), "TCX program '%s' is before %s hook", name,
		 hook.direction == HOOK_EGRESS ? "the egress" : "the ingress");
	return true;
}

static void look_at_hooks(const struct config *config, struct netlink *netlink,
			  const struct hook_interface *interface, struct finding *finding)
{
	struct hook hooks[2];
	struct hook_status status;
	struct hook_choice choice;
	struct error error;

	if (hook_choose(interface, config->ingress, config->egress, &choice, &error)) {
		miss(finding, true, error.text);
		return;
	}
	hook_query(config->pin_path, interface, &status);
	if (status.egress != choice.egress || !status.ingress) {
		miss(finding, true,
		     status.egress ? "the ingress hook is gone" : "the egress hook is gone");
		return;
	}
	hooks[0] = (struct hook){HOOK_EGRESS, status.egress};
	hooks[1] = (struct hook){HOOK_INGRESS, status.ingress};
	for (size_t i = 0; i < 2; i++)
		if (has_program_before(config, interface, hooks[i], finding) ||
		    has_filter_before(netlink, interface, hooks[i], finding))
			return;
	finding->state = HOST_PRESENT;
}

void found_interface(const struct config *config, struct netlink *netlink,
		     const struct wanted *wanted, struct finding *ret_finding)
{
	const struct netlink_interface *link = wanted->link;
	struct hook_interface interface;

	*ret_finding = (struct finding){.kind = HOST_INTERFACE, .index = link ? link->index : 0};
	memcpy(ret_finding->name, wanted->name, sizeof(wanted->name));
	memcpy(ret_finding->interface, wanted->name, sizeof(wanted->name));
	if (!link) {
		miss(ret_finding, false, "there is no such interface");
		return;
	}
	if (*wanted->refused) {
		ret_finding->state = HOST_REFUSED;
		memcpy(ret_finding->cause, wanted->refused, sizeof(ret_finding->cause));
		return;
	}
	interface = interfaces_hook(link);
	look_at_hooks(config, netlink, &interface, ret_finding);
}

/* ---- addresses */

void found_address(const struct snapshot *snapshot, const struct address *address, bool is_handle,
		   struct finding *ret_finding)
{
	int index = snapshot_address_index(snapshot, address);
	const struct netlink_interface *link = snapshot_link(snapshot, index);

	*ret_finding = (struct finding){.kind = is_handle ? HOST_HANDLE : HOST_ADDRESS,
					.state = HOST_PRESENT};
	address_format(address, ret_finding->name);
	if (link)
		memcpy(ret_finding->interface, link->name, sizeof(ret_finding->interface));
	else
		miss(ret_finding, true, "no interface has the address");
}
