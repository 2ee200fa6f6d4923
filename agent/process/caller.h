/* SPDX-License-Identifier: BSD-2-Clause */
/* The user at the other end of a unix socket, as the kernel knows it (SO_PEERCRED, unix(7)). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define CALLER_NOBODY	 ((uid_t)-1)
#define CALLER_NAME_SIZE 64

/* The user that connected. CALLER_NOBODY: no unix socket. */
uid_t caller_uid(int fd);

/* Was its process in the group when it connected? */
bool caller_is_in(int fd, gid_t group);

/* The user's name, or its number where it has none; "" for CALLER_NOBODY. */
const char *caller_name(uid_t uid, char buffer[CALLER_NAME_SIZE]);
