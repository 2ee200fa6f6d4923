/* SPDX-License-Identifier: BSD-2-Clause */
/* What `up` and `down` need before they touch anything: privileges, the agent's user, the lock. */
#pragma once

#include <sys/types.h>

struct config;
struct error;

/* -EPERM: a capability is missing; the text names it. */
int runtime_check_privileges(struct error *error);

struct runtime_user {
	uid_t uid;
	gid_t gid;
};
/* -ENOENT: no such user; the text says how to make it. */
int runtime_user_get(const char *name, struct runtime_user *ret_user, struct error *error);

/* Makes runtime_dir (0750, the user's). The parent must exist. */
int runtime_directory_make(const char *runtime_dir, const struct runtime_user *user,
			   struct error *error);

/*
 * Waits until no other `up` or `down` of this runtime_dir runs. Held until *ret_fd is closed.
 * -ENOENT: there is no such directory.
 */
int runtime_lock(const char *runtime_dir, int *ret_fd, struct error *error);

/* Makes the directory and an empty file, as the user's, where they are missing; a file of root's is given to it. */
int runtime_state_make(const char *file, const struct runtime_user *user, struct error *error);
