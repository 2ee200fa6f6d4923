/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel keeps the identity of the time of connect(). */
#include "process/caller.h"

#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>

uid_t caller_uid(int fd)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	/* Other kinds of sockets answer with an error, or with this number. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return CALLER_NOBODY;
	return credentials.uid;
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
