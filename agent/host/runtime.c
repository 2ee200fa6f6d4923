/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent can write to these directories: any file there may be a link or a pipe. */
#include "host/runtime.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "process/privileges.h"

#define LOCK_FILE "up.lock"

int runtime_check_privileges(struct error *error)
{
	return privileges_check(PRIVILEGE(CAP_NET_ADMIN) | PRIVILEGE(CAP_BPF) |
					PRIVILEGE(CAP_PERFMON) | PRIVILEGE(CAP_CHOWN),
				error);
}

int runtime_user_get(const char *name, struct runtime_user *ret_user, struct error *error)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (!entry)
		return error_set(error, -ENOENT,
				 "there is no user '%s': create it with 'useradd --system "
				 "--user-group --shell /usr/sbin/nologin %s', or set user = "
				 "\"NAME\" in the configuration",
				 name, name);
	*ret_user = (struct runtime_user){entry->pw_uid, entry->pw_gid};
	return 0;
}

static int path_join(const char *directory, const char *name, char buffer[PATH_MAX],
		     struct error *error)
{
	if (snprintf(buffer, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		return error_set(error, -ENAMETOOLONG, "path '%s' is too long", directory);
	return 0;
}

static int make_directory(const char *directory, const struct runtime_user *user, bool *ret_new,
			  struct error *error)
{
	*ret_new = !mkdir(directory, 0750);
	if (!*ret_new && errno != EEXIST)
		return error_set(error, -errno, "cannot create '%s': %s", directory,
				 strerror(errno));
	if (*ret_new && lchown(directory, user->uid, user->gid))
		return error_set(error, -errno, "'%s': %s", directory, strerror(errno));
	return 0;
}

int runtime_directory_make(const char *runtime_dir, const struct runtime_user *user,
			   struct error *error)
{
	char lock[PATH_MAX];
	bool new;
	int r = path_join(runtime_dir, LOCK_FILE, lock, error);

	if (!r)
		r = make_directory(runtime_dir, user, &new, error);
	/*
	 * `up` made a directory with our lock: it follows the configured user. Others keep theirs.
	 */
	if (!r && !new && !access(lock, F_OK) && lchown(runtime_dir, user->uid, user->gid))
		r = error_set(error, -errno, "'%s': %s", runtime_dir, strerror(errno));
	return r;
}

int runtime_lock(const char *runtime_dir, int *ret_fd, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	char file[PATH_MAX];
	int r = path_join(runtime_dir, LOCK_FILE, file, error);

	if (r)
		return r;
	/* The agent can put a pipe there, where open() without O_NONBLOCK would wait for ever. */
	fd = open(file, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return error_set(error, -errno, "'%s': %s", file, strerror(errno));
	do
		r = flock(fd, LOCK_EX) ? -errno : 0;
	while (r == -EINTR);
	if (r)
		return error_set(error, r, "'%s': %s", file, strerror(-r));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The first bytes of an SQLite file; those of the header in which ours differs from others. */
#define SQLITE_MAGIC	       "SQLite format 3"
#define SQLITE_HEADER_BYTES    100
#define SQLITE_AT_SCHEMA       40 /* 0: no table was made yet, or only in the log */
#define SQLITE_AT_VERSION      60
#define SQLITE_AT_APPLICATION  68
#define OUR_APPLICATION	       1349481332 /* state/schema.c */
#define OUR_VERSION_WITHOUT_IT 4

static uint32_t number_at(const uint8_t *header, size_t at)
{
	uint32_t number;

	memcpy(&number, header + at, sizeof(number));
	return be32toh(number);
}

/* Empty, or a state file. No library parses a foreign file here: root looks at its header alone. */
static bool is_state(int fd)
{
	uint8_t header[SQLITE_HEADER_BYTES];
	ssize_t size = pread(fd, header, sizeof(header), 0);
	uint32_t application, version;

	if (size <= 0)
		return size == 0;
	if (size < SQLITE_HEADER_BYTES || memcmp(header, SQLITE_MAGIC, sizeof(SQLITE_MAGIC)) != 0)
		return false;
	application = number_at(header, SQLITE_AT_APPLICATION);
	version = number_at(header, SQLITE_AT_VERSION);
	if (!application && !version)
		return number_at(header, SQLITE_AT_SCHEMA) == 0;
	return application == OUR_APPLICATION ||
	       (!application && version <= OUR_VERSION_WITHOUT_IT);
}

/*
 * Root's state file becomes the user's: root made it before the user existed. All other files keep
 * their owner.
 */
static int give_file(int fd, const struct runtime_user *user)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	if (status.st_uid || !S_ISREG(status.st_mode) || status.st_nlink != 1 || !is_state(fd))
		return 0;
	return fchown(fd, user->uid, user->gid) ? -errno : 0;
}

int runtime_state_make(const char *file, const struct runtime_user *user, struct error *error)
{
	_cleanup_(free_p) char *copy = strdup(file);
	_cleanup_(close_fd_p) int fd = -1;
	bool new;
	int r;

	if (!copy)
		return error_set(error, -ENOMEM, "out of memory");
	r = make_directory(dirname(copy), user, &new, error);
	if (r)
		return r;
	/* A missing file is made by the user's own process. */
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return 0;
	r = fd < 0 ? -errno : give_file(fd, user);
	return r ? error_set(error, r, "state file '%s': %s", file, strerror(-r)) : 0;
}
