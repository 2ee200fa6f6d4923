/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hold: programs that keep mail on the host while nothing steers it. They stay in force without
 * a process, from hold_open() until hold_release(); only hold_set_…() change what they hold. All of
 * it concerns TCP to steered ports of sockets in the caller's network namespace, and nothing else.
 *
 *   the host     connect() fails at once with ECONNREFUSED; a SYN that leaves by another call is
 *                dropped. Connections that exist go on. Destinations on this host are left alone.
 *   interface    each packet of a local socket that would leave by it is dropped; connect() fails
 *                with ETIMEDOUT after 6 s (drop with congestion), not after 134 s
 *   forwarded    SYNs of other hosts, by hold_hook_attach() on the interface
 *
 *   scope                 interface in the map: PASS     HELD       not in the map
 *   0                     passes                         held       passes
 *   HOLD_NEW_INTERFACES   passes                         held       held; loopback passes
 *   HOLD_HOST             the host is held, whatever the interface
 *
 * Pins, in pin_path: the maps of include/postern/hold.h, and the links hold_connect4, hold_connect6
 * and hold_egress on the root of the cgroup2 mount. They belong to root until pins_chown().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/hook.h"
#include "postern/hold.h"

struct error;
struct hold;

struct hold_options {
	const char *pin_path; /* its parent exists, on a bpffs; the directory is made */
	uint16_t ports[POSTERN_PORTS_MAX];
};

/*
 * Makes the hold, or takes over the pinned one: programs and ports are replaced in place, and
 * scope, interfaces and own addresses stay. A new one holds nothing. hold_free() frees the handle.
 * Needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON. -EPERM: one is missing; -ENODEV: no cgroup2 is
 * mounted; -EOPNOTSUPP: the kernel rejects the programs, or has no BTF; -EPROTO: pinned maps of
 * another layout.
 */
int hold_open(const struct hold_options *options, struct hold **ret_hold, struct error *error);
/* The hold stays in force. NULL does nothing. */
void hold_free(struct hold *hold);

/* Bits of enum hold_scope; in force when it returns. */
int hold_set_scope(struct hold *hold, uint32_t scope, struct error *error);
int hold_get_scope(const struct hold *hold, uint32_t *ret_scope, struct error *error);

/*
 * Inserts or replaces; `index` is above 0. The entry goes with its interface: an index may come
 * back as another interface. -E2BIG: HOLD_INTERFACES_MAX. forget: 0 also where it has no entry.
 */
int hold_set_interface(struct hold *hold, int index, const char *name,
		       enum hold_interface_state state, struct error *error);
int hold_forget_interface(struct hold *hold, int index, struct error *error);

/*
 * Replaces the set of the host's own addresses: each local route is one, IPv4 as a mapped address.
 * Loopback (127.0.0.0/8, ::1, unspecified) need not be in it. New ones are added before old ones
 * are removed. -E2BIG: HOLD_OWN_MAX.
 */
int hold_set_own(struct hold *hold, const struct net *own, size_t count, struct error *error);

/*
 * Puts the program that drops forwarded SYNs into the place of the interface's egress hook, TCX or
 * clsact (which needs the qdisc), under the same pin, priority and handle: hook_attach() replaces
 * it in place, hook_detach() and a journal line of kind hook undo it. hook_query() reports it as a
 * hook; postern_holdifs says that the interface is held. Errors: hook_attach()'s.
 */
int hold_hook_attach(const struct hold *hold, const char *pin_path,
		     const struct hook_interface *interface, struct hook egress,
		     struct error *error);

/* Takes the hold away, maps included; 0 where there is none. pins_remove() does it too. */
int hold_release(const char *pin_path, struct error *error);

/* ---- for readers; needs only the rights on the pins */

/* -ENOENT: there is no hold. */
int hold_read(const char *pin_path, struct hold_settings *ret_settings, struct error *error);

/* Non-zero ends the walk and is returned. `interface` is NULL where the index has no entry. */
typedef int (*held_visitor)(void *data, int index, const struct hold_interface *interface,
			    const struct held *held);
/*
 * Visits each interface that is in postern_holdifs or has held packets, and index 0 once the host
 * has refused a connection. -ENOENT: there is no hold.
 */
int hold_walk(const char *pin_path, held_visitor visitor, void *data, struct error *error);
