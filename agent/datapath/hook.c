/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and chooses hooks. link.c and clsact.c attach them. */
#include "datapath/hook.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "datapath/clsact.h"
#include "datapath/link.h"
#include "datapath/programs.h"
#include "datapath/libbpf_log.h"

const char *hook_kind_name(enum hook_kind kind)
{
	switch (kind) {
	case HOOK_TCX:
		return "tcx";
	case HOOK_CLSACT:
		return "clsact";
	case HOOK_XDP:
		return "xdp";
	default:
		return "none";
	}
}

/* In the order in which packets meet the hooks. */
static const struct {
	const char *name;
	struct hook hook;
} names[] = {
	{"ingress-xdp", {HOOK_INGRESS, HOOK_XDP}},	 {"ingress-tcx", {HOOK_INGRESS, HOOK_TCX}},
	{"ingress-clsact", {HOOK_INGRESS, HOOK_CLSACT}}, {"egress-tcx", {HOOK_EGRESS, HOOK_TCX}},
	{"egress-clsact", {HOOK_EGRESS, HOOK_CLSACT}},	 {"handles-tcx", {HOOK_HANDLES, HOOK_TCX}},
	{"handles-clsact", {HOOK_HANDLES, HOOK_CLSACT}},
};

static bool is_same(struct hook a, struct hook b)
{
	return a.direction == b.direction && a.kind == b.kind;
}

const char *hook_name(struct hook hook)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_same(names[i].hook, hook))
			return names[i].name;
	return "none";
}

int hook_parse(const char *name, struct hook *ret_hook)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i].name)) {
			*ret_hook = names[i].hook;
			return 0;
		}
	return -EINVAL;
}

/* ---- choice */

static int choose_tc(const struct hook_interface *interface, enum config_egress wanted,
		     enum hook_kind *ret_kind, struct error *error)
{
	int r = wanted == CONFIG_EGRESS_CLSACT ? -EINVAL : link_probe_tcx(interface);

	if (r && r != -EINVAL)
		return error_set(error, r, "interface '%s': %s", interface->name, strerror(-r));
	if (r && wanted == CONFIG_EGRESS_TCX)
		return error_set(error, -EOPNOTSUPP,
				 "interface '%s': this kernel has no TCX (Linux 6.6); leave egress "
				 "at \"auto\"",
				 interface->name);
	*ret_kind = r ? HOOK_CLSACT : HOOK_TCX;
	return 0;
}

int hook_choose(const struct hook_interface *interface, enum config_ingress wanted_ingress,
		enum config_egress wanted_egress, struct hook_choice *ret_choice,
		struct error *error)
{
	struct hook_choice choice = {0};
	int r = choose_tc(interface, wanted_egress, &choice.egress, error);

	if (r)
		return r;
	choice.ingress = choice.egress;
	if (wanted_ingress == CONFIG_INGRESS_XDP) {
		if (!interface->has_link_layer)
			return error_set(error, -EOPNOTSUPP,
					 "interface '%s': no XDP without Ethernet headers; set "
					 "ingress to \"auto\" or \"tc\"",
					 interface->name);
		choice.ingress = HOOK_XDP;
	} else if (wanted_ingress == CONFIG_INGRESS_AUTO && interface->has_link_layer &&
		   !interface->is_veth) {
		choice.ingress = HOOK_XDP;
		choice.fallback = choice.egress;
	}
	*ret_choice = choice;
	return 0;
}

/* ---- attaching */

static enum link_point link_point(struct hook hook)
{
	if (hook.kind == HOOK_XDP)
		return LINK_XDP;
	if (hook.direction == HOOK_HANDLES)
		return LINK_TCX_HANDLES;
	return hook.direction == HOOK_INGRESS ? LINK_TCX_INGRESS : LINK_TCX_EGRESS;
}

static enum clsact_point clsact_point(struct hook hook)
{
	if (hook.direction == HOOK_HANDLES)
		return CLSACT_HANDLES;
	return hook.direction == HOOK_INGRESS ? CLSACT_INGRESS : CLSACT_EGRESS;
}

static int program_of(const struct programs *programs, const struct hook_interface *interface,
		      struct hook hook)
{
	enum program program = hook.kind == HOOK_XDP		? PROGRAM_XDP
			       : hook.direction == HOOK_INGRESS ? PROGRAM_INGRESS
			       : hook.direction == HOOK_EGRESS	? PROGRAM_EGRESS
			       : interface->is_unknown		? PROGRAM_HANDLES_ANY
								: PROGRAM_HANDLES;

	return programs_fd(programs, program, interface->has_link_layer);
}

int hook_attach(const struct programs *programs, const char *pin_path,
		const struct hook_interface *interface, struct hook hook, struct error *error)
{
	int program = program_of(programs, interface, hook);
	int r;

	libbpf_log_begin();
	if (hook.kind == HOOK_CLSACT)
		r = clsact_attach(program, interface, clsact_point(hook), error);
	else
		r = link_attach(program, pin_path, interface, link_point(hook), error);
	libbpf_log_end();
	return r;
}

int hook_put_first(const struct programs *programs, const char *pin_path,
		   const struct hook_interface *interface, struct hook hook, struct error *error)
{
	int r;

	libbpf_log_begin();
	r = link_put_first(program_of(programs, interface, hook), pin_path, interface,
			   link_point(hook), error);
	libbpf_log_end();
	return r;
}

int hook_detach(const char *pin_path, const struct hook_interface *interface, struct hook hook,
		struct error *error)
{
	int r;

	libbpf_log_begin();
	if (hook.kind == HOOK_CLSACT)
		r = clsact_detach(interface, clsact_point(hook), error);
	else
		r = link_detach(pin_path, interface, link_point(hook), error);
	libbpf_log_end();
	return r;
}

static bool is_attached(const char *pin_path, const struct hook_interface *interface,
			struct hook hook)
{
	return hook.kind == HOOK_CLSACT ? clsact_priority(interface, clsact_point(hook))
					: link_is_attached(pin_path, interface, link_point(hook));
}

void hook_query(const char *pin_path, const struct hook_interface *interface,
		struct hook_status *ret_status)
{
	*ret_status = (struct hook_status){HOOK_NONE, HOOK_NONE};
	libbpf_log_begin();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct hook hook = names[i].hook;

		if (!is_attached(pin_path, interface, hook))
			continue;
		if (hook.direction == HOOK_EGRESS && !ret_status->egress)
			ret_status->egress = hook.kind;
		if (hook.direction == HOOK_INGRESS && !ret_status->ingress)
			ret_status->ingress = hook.kind;
	}
	libbpf_log_end();
}

bool hook_is_behind(const char *pin_path, const struct hook_interface *interface, struct hook hook,
		    char ret_name[HOOK_PROGRAM_NAME])
{
	struct hook tcx = {hook.direction, HOOK_TCX};
	bool is_behind = false;

	if (hook.kind != HOOK_TCX && hook.kind != HOOK_CLSACT)
		return false;
	libbpf_log_begin();
	is_behind = link_is_behind(pin_path, interface, link_point(tcx), ret_name);
	libbpf_log_end();
	return is_behind;
}

unsigned hook_priority(const struct hook_interface *interface, enum hook_direction direction)
{
	struct hook hook = {direction, HOOK_CLSACT};
	unsigned priority;

	libbpf_log_begin();
	priority = clsact_priority(interface, clsact_point(hook));
	libbpf_log_end();
	return priority;
}
