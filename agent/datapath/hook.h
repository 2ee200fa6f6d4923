/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One interface's egress and ingress attachment. TCX by a pinned link (pin_path/link_IFNAME_egress,
 * …_ingress); where the kernel has no TCX, a filter on clsact (priority HOOK_CLSACT_PRIORITY), found
 * out by trying. A pinned link that exists is updated in place: no packet passes unsteered between.
 */
#pragma once

#include <stdbool.h>

#include "config/config.h"

struct error;
struct loaded;

#define HOOK_CLSACT_PRIORITY 2525

enum hook_kind { HOOK_NONE, HOOK_TCX, HOOK_CLSACT };
const char *hook_kind_name(enum hook_kind kind); /* none, tcx, clsact */

struct hook_interface {
	char name[16];
	int index;
	bool has_link_layer; /* false: packets begin with the IP header (tun, wireguard) */
};

struct hook_status {
	enum hook_kind egress;
	enum hook_kind ingress;
};

/*
 * Attaches both directions or none. *ret_made says what was new (HOOK_NONE: it was there and was
 * updated), for a caller that must take it back. *ret_made_qdisc: a clsact qdisc was added for it.
 */
int hook_attach(const struct loaded *loaded, const char *pin_path,
		const struct hook_interface *interface, enum config_egress egress,
		struct hook_status *ret_made, bool *ret_made_qdisc, struct error *error);

/* Removes both; the qdisc too where `remove_qdisc`. What is not there is no error. */
int hook_detach(const char *pin_path, const struct hook_interface *interface, bool remove_qdisc,
		struct error *error);

/* What is there now; needs no capability for TCX (reads the pinned links). */
int hook_query(const char *pin_path, const struct hook_interface *interface,
	       struct hook_status *ret_status);
