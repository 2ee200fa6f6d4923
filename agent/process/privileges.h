/* SPDX-License-Identifier: BSD-2-Clause */
/* Becoming the agent's user for good. */
#pragma once

#include <stdbool.h>

struct error;

#define PRIVILEGES_USER_SIZE 64

/*
 * As root: becomes `user` with its groups. In any case: every capability set is emptied (the bounding
 * set where that is allowed) and no_new_privs is set, so that nothing comes back. -ENOENT: no such user.
 */
int privileges_drop(const char *user, struct error *error);

/*
 * The same, and where `ends_with_parent` SIGTERM comes when the process that forked this one dies.
 * -ECHILD: it has died already.
 */
int privileges_become(const char *user, bool ends_with_parent, struct error *error);

/* Who this process is: a name, or a number where it has none. */
void privileges_user(char buffer[PRIVILEGES_USER_SIZE]);
