/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel keeps the identity of the time of connect(). */
#include "process/caller.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* Other kinds of sockets answer with an error, or with these numbers. */
static struct ucred credentials_of(int fd)
{
	struct ucred credentials = {.uid = CALLER_NOBODY, .gid = (gid_t)-1};
	socklen_t size = sizeof(credentials);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size);
	return credentials;
}

uid_t caller_uid(int fd)
{
	return credentials_of(fd).uid;
}

/* SO_PEERGROUPS (Linux 4.13) has the supplementary groups; ERANGE comes with their size. */
bool caller_is_in(int fd, gid_t group)
{
	_cleanup_(free_p) gid_t *groups = NULL;
	socklen_t size = 0;

	if (credentials_of(fd).gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false;
	groups = malloc(size);
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

const char *caller_name(uid_t uid, char buffer[CALLER_NAME_SIZE])
{
	const struct passwd *entry = uid == CALLER_NOBODY ? NULL : getpwuid(uid);

	if (entry)
		snprintf(buffer, CALLER_NAME_SIZE, "%s", entry->pw_name);
	else if (uid == CALLER_NOBODY)
		buffer[0] = '\0';
	else
		snprintf(buffer, CALLER_NAME_SIZE, "%u", uid);
	return buffer;
}
