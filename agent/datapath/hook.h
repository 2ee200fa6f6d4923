/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hooks of one interface. In tc: TCX by a pinned link, or, where the kernel has no TCX (before
 * 6.6), a filter on clsact. For replies also XDP, native mode only, by a pinned link.
 *
 * `auto` is XDP where the driver has it and the hook is free, but never on veth: XDP sees packets
 * whose checksum is unfinished (CHECKSUM_PARTIAL) there, and cannot tell them from others. Nor
 * without Ethernet headers.
 *
 * What is attached already is replaced in place: no packet passes unsteered between. TCX programs
 * go before those of others, which could end the chain with a verdict of their own. XDP belongs to
 * one program: somebody else's is never replaced.
 */
#pragma once

#include <stdbool.h>

#include "config/config.h"

struct error;
struct programs;

#define HOOK_CLSACT_PRIORITY 2525

enum hook_kind { HOOK_NONE, HOOK_TCX, HOOK_CLSACT, HOOK_XDP };
const char *hook_kind_name(enum hook_kind kind); /* none, tcx, clsact, xdp */

enum hook_direction { HOOK_INGRESS, HOOK_EGRESS };
struct hook {
	enum hook_direction direction;
	enum hook_kind kind;
};
bool hook_equal(struct hook a, struct hook b);
const char *hook_name(struct hook hook); /* ingress-xdp, egress-tcx, … */
/* -EINVAL: no such hook. */
int hook_parse(const char *name, struct hook *ret_hook);

struct hook_interface {
	char name[16];
	int index;	     /* 0: it is gone (hook_detach() only) */
	bool has_link_layer; /* false: packets begin with the IP header (tun, wireguard) */
	bool is_veth;
};

struct hook_choice {
	enum hook_kind egress;
	enum hook_kind ingress;
	enum hook_kind fallback; /* where XDP cannot be had; HOOK_NONE: then it is an error */
};

/*
 * What the configuration asks for, as the kernel has it; whether XDP can be had is seen by
 * attaching. -EOPNOTSUPP: the kernel has no TCX, or the interface no Ethernet headers, but they
 * were asked for.
 */
int hook_choose(const struct hook_interface *interface, enum config_ingress wanted_ingress,
		enum config_egress wanted_egress, struct hook_choice *ret_choice,
		struct error *error);

/*
 * HOOK_CLSACT needs the qdisc (netlink_clsact_add()). -EEXIST: somebody else's filter is in our
 * place; -EBUSY: somebody else's program is on the XDP hook; -EOPNOTSUPP: no native XDP.
 */
int hook_attach(const struct programs *programs, const char *pin_path,
		const struct hook_interface *interface, struct hook hook, struct error *error);

/* What is not there, or not ours, is no error. */
int hook_detach(const char *pin_path, const struct hook_interface *interface, struct hook hook,
		struct error *error);

struct hook_status {
	enum hook_kind egress;
	enum hook_kind ingress;
};

/*
 * What is there now; the first that packets meet. Needs no capability, only the rights on the pins.
 */
void hook_query(const char *pin_path, const struct hook_interface *interface,
		struct hook_status *ret_status);
