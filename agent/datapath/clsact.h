/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: our filters on clsact, priority HOOK_CLSACT_PRIORITY and handle 1. The
 * qdisc itself is netlink/'s.
 */
#pragma once

#include <stdbool.h>

#include <bpf/libbpf.h>

struct error;
struct hook_interface;

/* Replaces our filter, or adds one. -EEXIST: somebody else's filter is in our place. */
int clsact_attach(int program, const struct hook_interface *interface,
		  enum bpf_tc_attach_point point, struct error *error);

/* 0 where there is none of ours. */
int clsact_detach(const struct hook_interface *interface, enum bpf_tc_attach_point point,
		  struct error *error);

bool clsact_is_attached(const struct hook_interface *interface, enum bpf_tc_attach_point point);
