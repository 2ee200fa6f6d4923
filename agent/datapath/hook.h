/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hooks of one interface. In tc: TCX by a pinned link, or a filter on clsact where the kernel
 * has no TCX (before 6.6). For replies also XDP, in native mode only, by a pinned link.
 *
 * `auto` is XDP if the driver supports it and the hook is free; never without Ethernet headers, and
 * never on veth, where XDP sees packets with unfinished checksums (CHECKSUM_PARTIAL) and cannot
 * recognise them.
 *
 * An attached program is replaced in place: no packet passes unsteered in between. TCX programs
 * precede foreign ones, whose verdict could end the chain. The XDP hook has one program, and a
 * foreign one is never replaced.
 */
#pragma once

#include <stdbool.h>

#include "config/config.h"

struct error;
struct programs;

#define HOOK_CLSACT_HANDLE 1

enum hook_kind { HOOK_NONE, HOOK_TCX, HOOK_CLSACT, HOOK_XDP, HOOK_KINDS };
const char *hook_kind_name(enum hook_kind kind); /* none, tcx, clsact, xdp */

/* HOOK_HANDLES: on egress of an interface without the other two, it keeps handles on the host. */
enum hook_direction { HOOK_INGRESS, HOOK_EGRESS, HOOK_HANDLES };
struct hook {
	enum hook_direction direction;
	enum hook_kind kind;
};
const char *hook_name(struct hook hook); /* ingress-xdp, egress-tcx, … */
/* -EINVAL: no such hook. */
int hook_parse(const char *name, struct hook *ret_hook);

struct hook_interface {
	char name[16];
	int index;	     /* 0: the interface is gone (hook_detach() only) */
	bool has_link_layer; /* false: packets begin with the IP header (tun, wireguard) */
	bool is_unknown;     /* they begin with something else: HOOK_HANDLES alone is possible */
	bool is_veth;
};

struct hook_choice {
	enum hook_kind egress;
	enum hook_kind ingress;
	enum hook_kind fallback; /* if XDP cannot be attached; HOOK_NONE: that is an error */
};

/*
 * The configured hooks, as far as the kernel has them; only attaching shows whether the driver has
 * XDP. -EOPNOTSUPP: the configuration asks for TCX or XDP, but the kernel has no TCX, or the
 * interface no Ethernet headers.
 */
int hook_choose(const struct hook_interface *interface, enum config_ingress wanted_ingress,
		enum config_egress wanted_egress, struct hook_choice *ret_choice,
		struct error *error);

/*
 * HOOK_CLSACT needs the qdisc (netlink_clsact_add()). -EEXIST: a foreign filter has Postern's
 * place; -EBUSY: a foreign program is on the XDP hook; -EOPNOTSUPP: no native XDP.
 */
int hook_attach(const struct programs *programs, const char *pin_path,
		const struct hook_interface *interface, struct hook hook, struct error *error);

/*
 * Moves an attached TCX hook before foreign programs. For microseconds the interface drops all
 * packets of that direction, so that none passes unsteered.
 */
int hook_put_first(const struct programs *programs, const char *pin_path,
		   const struct hook_interface *interface, struct hook hook, struct error *error);

/* 0 also where nothing is attached, or only a foreign program. */
int hook_detach(const char *pin_path, const struct hook_interface *interface, struct hook hook,
		struct error *error);

struct hook_status {
	enum hook_kind egress;
	enum hook_kind ingress;
};

/*
 * The attached hooks of HOOK_EGRESS and HOOK_INGRESS, the first one that packets meet. Needs only
 * the rights on the pins.
 */
void hook_query(const char *pin_path, const struct hook_interface *interface,
		struct hook_status *ret_status);

#define HOOK_PROGRAM_NAME 16
/*
 * Does a foreign TCX program run before the attached hook? Its verdict can end the chain. Then
 * `ret_name` has its name. False for XDP, which has one program, and on kernels without TCX.
 */
bool hook_is_behind(const char *pin_path, const struct hook_interface *interface, struct hook hook,
		    char ret_name[HOOK_PROGRAM_NAME]);

/* The priority of our filter on clsact, by which netlink/ knows the filters before it; 0: none. */
unsigned hook_priority(const struct hook_interface *interface, enum hook_direction direction);
