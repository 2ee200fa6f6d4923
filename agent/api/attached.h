/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces that steered mail leaves by, and the hooks on them, as the kernel has them now. */
#pragma once

#include "view/view.h"

struct config;

/*
 * The configured interfaces, else those of the default routes. An interface that is gone has no hooks.
 * Where the kernel cannot be asked, the list is empty. attached_done() frees it.
 */
void attached_read(const struct config *config, struct hooked_interfaces *ret_interfaces);
void attached_done(struct hooked_interfaces *interfaces);
