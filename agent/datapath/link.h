/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: hooks with a pinned BPF link, TCX and XDP. The pin is
 * pin_path/link_IFNAME_POINT; ':' stands for a '.' in the interface's name, as bpffs allows no
 * dots.
 */
#pragma once

#include <stdbool.h>

#include "datapath/hook.h"

struct error;

/* LINK_TCX_HANDLES is on egress too, beside LINK_TCX_EGRESS, whose place the hold may have. */
enum link_point { LINK_TCX_INGRESS, LINK_TCX_EGRESS, LINK_TCX_HANDLES, LINK_XDP };

/*
 * -EINVAL: the kernel does not know the attach type, hence no TCX. Other errors: the interface's.
 */
int link_probe_tcx(const struct hook_interface *interface);

/*
 * Replaces the program of the pinned link, or creates a link: TCX before foreign programs, XDP in
 * native mode only. -EOPNOTSUPP: the driver has no native XDP; -EBUSY: a foreign program is on the
 * XDP hook.
 */
int link_attach(int program, const char *pin_path, const struct hook_interface *interface,
		enum link_point point, struct error *error);

/*
 * Moves a pinned TCX link before foreign programs, by a new link in its place. For microseconds the
 * interface drops all packets of that direction. After an error the hook is where it
 * was, or gone until link_attach().
 */
int link_put_first(int program, const char *pin_path, const struct hook_interface *interface,
		   enum link_point point, struct error *error);

/* 0 also where there is no link, or its interface is gone or renamed. */
int link_detach(const char *pin_path, const struct hook_interface *interface, enum link_point point,
		struct error *error);

bool link_is_attached(const char *pin_path, const struct hook_interface *interface,
		      enum link_point point);

/*
 * Is the first program of the TCX point another than the pinned link's? Without a link: is there
 * any? Then `ret_name` has the name of it.
 */
bool link_is_behind(const char *pin_path, const struct hook_interface *interface,
		    enum link_point point, char ret_name[HOOK_PROGRAM_NAME]);
