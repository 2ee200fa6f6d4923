/* SPDX-License-Identifier: BSD-2-Clause */
/* Becoming the agent's user for good. */
#pragma once

struct error;

/*
 * As root: becomes `user` with its groups. In any case: every capability set is emptied (the bounding
 * set where that is allowed) and no_new_privs is set, so that nothing comes back. -ENOENT: no such user.
 */
int privileges_drop(const char *user, struct error *error);
