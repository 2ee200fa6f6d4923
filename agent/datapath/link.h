/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: hooks that are held by a pinned BPF link, TCX and XDP. The pin is
 * pin_path/link_IFNAME_POINT, a '.' in the name of the interface written ':', as bpffs takes no
 * dots.
 */
#pragma once

#include <stdbool.h>

struct error;
struct hook_interface;

enum link_point { LINK_TCX_INGRESS, LINK_TCX_EGRESS, LINK_XDP };

/*
 * A kernel without TCX knows nothing of the attach type: -EINVAL. Other errors are the interface's.
 */
int link_probe_tcx(const struct hook_interface *interface);

/*
 * Replaces the program of our link, or makes a link. TCX: before the programs of others. XDP:
 * native only; -EOPNOTSUPP: the driver has no native XDP; -EBUSY: somebody else's program is there.
 */
int link_attach(int program, const char *pin_path, const struct hook_interface *interface,
		enum link_point point, struct error *error);

/* 0 where there is none. Also where the interface is gone or has another name by now. */
int link_detach(const char *pin_path, const struct hook_interface *interface, enum link_point point,
		struct error *error);

bool link_is_attached(const char *pin_path, const struct hook_interface *interface,
		      enum link_point point);
