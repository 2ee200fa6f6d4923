/* SPDX-License-Identifier: BSD-2-Clause */
/* Order matters: the bounding set needs CAP_SETPCAP, the groups CAP_SETGID, and both go with the uid. */
#include "process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

static int become(const char *user, struct error *error)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return error_set(error, errno ? -errno : -ENOENT, "user '%s': %s", user,
				 errno ? strerror(errno) : "no such user");
	if (initgroups(user, entry->pw_gid) < 0 ||
	    setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
		return error_set(error, -errno, "becoming user '%s': %s", user, strerror(errno));
	return 0;
}

/* EINVAL is the end of what the kernel knows; EPERM: not ours to take, and so not ours to regain. */
static void drop_bounding_set(void)
{
	for (int capability = 0;; capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			return;
}

static int drop_capabilities(struct error *error)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capset, &header, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(error, -errno, "dropping capabilities: %s", strerror(errno));
	return 0;
}

int privileges_drop(const char *user, struct error *error)
{
	int code = 0;

	drop_bounding_set();
	if (geteuid() == 0)
		code = become(user, error);
	return code < 0 ? code : drop_capabilities(error);
}

/* The kernel forgets the signal of a parent's death when the uid changes, so it is asked for after. */
int privileges_become(const char *user, bool ends_with_parent, struct error *error)
{
	pid_t parent = getppid();
	int code = privileges_drop(user, error);

	if (code < 0 || !ends_with_parent)
		return code;
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		return error_set(error, -ECHILD, "the process that started the agent is gone");
	return 0;
}

void privileges_user(char buffer[PRIVILEGES_USER_SIZE])
{
	const struct passwd *entry = getpwuid(geteuid());

	if (entry)
		snprintf(buffer, PRIVILEGES_USER_SIZE, "%s", entry->pw_name);
	else
		snprintf(buffer, PRIVILEGES_USER_SIZE, "%u", geteuid());
}
