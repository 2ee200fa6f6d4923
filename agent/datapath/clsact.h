/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: Postern's filters on clsact, of the lowest priority that is free, 1 or
 * 2525, and handle HOOK_CLSACT_HANDLE. netlink/ adds the qdisc.
 */
#pragma once

#include <stdbool.h>

#include <bpf/libbpf.h>

struct error;
struct hook_interface;

/* Replaces Postern's filter, or adds it. -EEXIST: foreign filters have both places. */
int clsact_attach(int program, const struct hook_interface *interface,
		  enum bpf_tc_attach_point point, struct error *error);

/* 0 also where Postern has no filter. */
int clsact_detach(const struct hook_interface *interface, enum bpf_tc_attach_point point,
		  struct error *error);

/* The priority of Postern's filter; 0: there is none. */
unsigned clsact_priority(const struct hook_interface *interface, enum bpf_tc_attach_point point);
