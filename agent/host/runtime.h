/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `up` and `down` need before they change the host: privileges, the agent's user, the lock,
 * and the directories and files that belong to that user.
 */
#pragma once

#include <sys/types.h>

struct config;
struct error;

/* -EPERM: the process lacks a capability that `up` and `down` need; the text names it. */
int runtime_check_privileges(struct error *error);

struct runtime_user {
	uid_t uid;
	gid_t gid;
};
/* -ENOENT: no such user; the text says how to create one. */
int runtime_user_get(const char *name, struct runtime_user *ret_user, struct error *error);

/*
 * Makes runtime_dir, mode 0750, owned by the user, and lists it in the journal. One that is listed
 * there changes to that owner; any other stays as it is. -ENOENT: its parent is missing; an errno
 * of mkdir(2) or chown(2); errors of runtime_lock() and journal.h.
 */
int runtime_directory_make(const char *runtime_dir, const struct runtime_user *user,
			   struct error *error);

/*
 * Waits for every other `up` and `down` with this runtime_dir to end, and says so after a second.
 * Closing *ret_fd, and its copies, releases the lock. A file of another user in the lock's place is
 * removed. -EBUSY: one of them has not ended for a minute; -ENOENT: no such directory; -ELOOP: a
 * symbolic link in the lock's place; -ENAMETOOLONG; an errno of open(2) or flock(2).
 */
int runtime_lock(const char *runtime_dir, int *ret_fd, struct error *error);

/*
 * Makes the directory of the state file where it is missing, owned by the user, who also becomes
 * the owner of a state file of root's that has no second name. -ELOOP: a symbolic link in the
 * file's place; an errno of mkdir(2), open(2) or chown(2); -ENOMEM.
 */
int runtime_state_make(const char *file, const struct runtime_user *user, struct error *error);
