/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One interface's ingress and egress attachment. TCX by a pinned link (pin_path/link_IFNAME_egress,
 * …_ingress, a '.' in the name written ':', as bpffs takes no dots); where the kernel has no TCX
 * (before 6.6), a filter on clsact, priority HOOK_CLSACT_PRIORITY and handle 1.
 *
 * Ingress is attached first and detached last: the reply to the first translated SYN must find its
 * way back. What is attached already is replaced in place: no packet passes unsteered between. TCX
 * programs go before those of others, which could end the chain with a verdict of their own.
 */
#pragma once

#include <stdbool.h>

#include "config/config.h"

struct error;
struct loaded;

#define HOOK_CLSACT_PRIORITY 2525

enum hook_kind { HOOK_NONE, HOOK_TCX, HOOK_CLSACT };
const char *hook_kind_name(enum hook_kind kind); /* none, tcx, clsact */
/* -EINVAL: neither tcx nor clsact. */
int hook_kind_parse(const char *name, enum hook_kind *ret_kind);

struct hook_interface {
	char name[16];
	int index;	     /* 0: it is gone (hook_detach() only) */
	bool has_link_layer; /* false: packets begin with the IP header (tun, wireguard) */
};

struct hook_status {
	enum hook_kind egress;
	enum hook_kind ingress;
};

/* Which kind to use; AUTO takes the best that the kernel has. -EOPNOTSUPP: it has no TCX, but TCX was asked for. */
int hook_choose(const struct hook_interface *interface, enum config_egress wanted,
		enum hook_kind *ret_kind, struct error *error);

/*
 * Attaches both directions; what it added is taken back on failure. HOOK_CLSACT needs the qdisc
 * (netlink_clsact_add()). -EEXIST: somebody else's filter is in our place.
 */
int hook_attach(const struct loaded *loaded, const char *pin_path,
		const struct hook_interface *interface, enum hook_kind kind, struct error *error);

/* Removes both directions of one kind. What is not there, or not ours, is no error. */
int hook_detach(const char *pin_path, const struct hook_interface *interface, enum hook_kind kind,
		struct error *error);

/* What is there now. Needs no capability, only the rights on the pins. */
int hook_query(const char *pin_path, const struct hook_interface *interface,
	       struct hook_status *ret_status);
