/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: Postern's filters on clsact, of the lowest priority that is free, 1 or
 * 2525. netlink/ adds the qdisc.
 */
#pragma once

struct error;
struct hook_interface;

/* CLSACT_HANDLES is on egress too, beside CLSACT_EGRESS, whose place the hold may have. */
enum clsact_point { CLSACT_INGRESS, CLSACT_EGRESS, CLSACT_HANDLES };

/* Replaces Postern's filter, or adds it. -EEXIST: foreign filters have both places. */
int clsact_attach(int program, const struct hook_interface *interface, enum clsact_point point,
		  struct error *error);

/* 0 also where Postern has no filter. */
int clsact_detach(const struct hook_interface *interface, enum clsact_point point,
		  struct error *error);

/* The priority of Postern's filter; 0: there is none. */
unsigned clsact_priority(const struct hook_interface *interface, enum clsact_point point);
