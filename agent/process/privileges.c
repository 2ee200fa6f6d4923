/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order matters: the bounding set needs CAP_SETPCAP, the groups CAP_SETGID, and both go with the
 * uid.
 */
#include "process/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"

#define CAPABILITIES                                                                               \
	64 /* bits of each set; libcap-ng ignores those that the kernel does not know */

/* Makes libcap-ng's copy of the sets that of this process. */
static int read_sets(struct error *error)
{
	errno = 0;
	if (!capng_get_caps_process())
		return 0;
	return error_set(error, errno ? -errno : -EIO, "reading the process's capabilities: %s",
			 strerror(errno ? errno : EIO));
}

static bool has_any(void)
{
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (capng_have_capability(CAPNG_EFFECTIVE, i) ||
		    capng_have_capability(CAPNG_PERMITTED, i) ||
		    capng_have_capability(CAPNG_INHERITABLE, i))
			return true;
	return false;
}

static int apply(uint64_t kept, capng_select_t sets, struct error *error)
{
	const capng_type_t types = CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET;

	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (kept & PRIVILEGE(i))
			capng_update(CAPNG_ADD, types, i);
	errno = 0;
	if (!capng_apply(sets))
		return 0;
	return error_set(error, errno ? -errno : -EPERM, "dropping capabilities: %s",
			 strerror(errno ? errno : EPERM));
}

/* Without CAP_SETPCAP the bounding set stays; no_new_privs makes it harmless. */
static int reduce_bounding(uint64_t kept, struct error *error)
{
	int r = read_sets(error);

	if (r || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return r;
	return apply(kept, CAPNG_SELECT_BOUNDS, error);
}

static int reduce_held(uint64_t kept, struct error *error)
{
	int r = read_sets(error);

	if (!r && has_any())
		r = apply(kept, CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT, error);
	if (!r && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = error_set(error, -errno, "setting no_new_privs: %s", strerror(errno));
	return r;
}

int privileges_check(uint64_t needed, struct error *error)
{
	int r = read_sets(error);

	for (unsigned i = 0; !r && i < CAPABILITIES; i++)
		if (needed & PRIVILEGE(i) && !capng_have_capability(CAPNG_EFFECTIVE, i))
			r = error_set(error, -EPERM,
				      "not privileged: lacks the capability cap_%s; run it as root",
				      capng_capability_to_name(i));
	return r;
}

int privileges_reduce(uint64_t kept, struct error *error)
{
	int r = privileges_check(kept, error);

	if (!r)
		r = reduce_bounding(kept, error);
	return r ? r : reduce_held(kept, error);
}

static int become(const char *user, struct error *error)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return error_set(error, errno ? -errno : -ENOENT, "user '%s': %s", user,
				 errno ? strerror(errno)
				       : "no such user: create it, or set user = \"NAME\"");
	if (initgroups(user, entry->pw_gid) < 0 ||
	    setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
		return error_set(error, -errno, "becoming user '%s': %s", user, strerror(errno));
	return 0;
}

int privileges_drop(const char *user, struct error *error)
{
	int r = reduce_bounding(0, error);

	if (!r && geteuid() == 0)
		r = become(user, error);
	return r ? r : reduce_held(0, error);
}

/*
 * The kernel clears the parent-death signal when the uid changes, so the request for it comes
 * after.
 */
int privileges_become(const char *user, bool ends_with_parent, struct error *error)
{
	pid_t parent = getppid();
	int r = privileges_drop(user, error);

	if (r < 0 || !ends_with_parent)
		return r;
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		return error_set(error, -ECHILD, "the process that started the agent has ended");
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
