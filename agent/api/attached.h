/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces of steered mail and the hooks on them, as the kernel has them now. */
#pragma once

#include "view/view.h"

struct config;

/*
 * The configured interfaces, else the interfaces of the default routes. A missing interface has no
 * hooks. The list is empty if netlink fails. attached_done() frees it.
 */
void attached_read(const struct config *config, struct hooked_interfaces *ret_interfaces);
void attached_done(struct hooked_interfaces *interfaces);
