/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: Postern's filters on clsact, of priority HOOK_CLSACT_PRIORITY and handle
 * 1. netlink/ adds the qdisc.
 */
#pragma once

#include <stdbool.h>

#include <bpf/libbpf.h>

struct error;
struct hook_interface;

/* Replaces Postern's filter, or adds it. -EEXIST: a foreign filter has its priority and handle. */
int clsact_attach(int program, const struct hook_interface *interface,
		  enum bpf_tc_attach_point point, struct error *error);

/* 0 also where Postern has no filter. */
int clsact_detach(const struct hook_interface *interface, enum bpf_tc_attach_point point,
		  struct error *error);

bool clsact_is_attached(const struct hook_interface *interface, enum bpf_tc_attach_point point);
