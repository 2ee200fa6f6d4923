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
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "host/journal.h"
#include "process/privileges.h"

#define LOCK_FILE "up.lock"

#define LOCK_OPENS_MAX	  100
#define LOCK_TRY_EVERY_US 10000
#define LOCK_TRIES_SILENT 100
#define LOCK_TRIES	  6000

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

/* The journal says whether `up` made the directory; all others keep their owner. */
static int is_listed(const char *runtime_dir, bool *ret_listed, struct error *error)
{
	struct journal *journal = NULL;
	int r = journal_open(runtime_dir, &journal, error);

	for (size_t i = 0; !r && i < journal_count(journal); i++) {
		const struct journal_entry *entry = journal_get(journal, i);

		*ret_listed |=
			entry->kind == JOURNAL_DIRECTORY && !strcmp(entry->what, runtime_dir);
	}
	journal_free(journal);
	return r;
}

static int list(const char *runtime_dir, struct error *error)
{
	_cleanup_(close_fd_p) int lock = -1;
	struct journal *journal = NULL;
	int r = runtime_lock(runtime_dir, &lock, error);

	if (!r)
		r = journal_open(runtime_dir, &journal, error);
	if (!r)
		r = journal_add(journal, JOURNAL_DIRECTORY, runtime_dir, NULL, error);
	journal_free(journal);
	return r;
}

int runtime_directory_make(const char *runtime_dir, const struct runtime_user *user,
			   struct error *error)
{
	bool new, listed = false;
	int r = make_directory(runtime_dir, user, &new, error);

	if (r)
		return r;
	if (new)
		return list(runtime_dir, error);
	r = is_listed(runtime_dir, &listed, error);
	if (!r && listed && lchown(runtime_dir, user->uid, user->gid))
		r = error_set(error, -errno, "'%s': %s", runtime_dir, strerror(errno));
	return r;
}

/* ---- the lock */

/*
 * The agent can put a pipe there, where open() without O_NONBLOCK would wait for ever, or a file of
 * its own, whose lock it can hold for ever: only root's file counts, which nobody else can open.
 */
static int open_lock(const char *file, int *ret_fd)
{
	struct stat status;

	*ret_fd = open(file, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (*ret_fd < 0 || fstat(*ret_fd, &status))
		return -errno;
	if (S_ISREG(status.st_mode) && status.st_uid == geteuid())
		return 0;
	return unlink(file) && errno != ENOENT ? -errno : -EAGAIN;
}

/* The agent can also remove the file while its lock is held. */
static bool is_the_file(int fd, const char *file)
{
	struct stat opened, named;

	return !fstat(fd, &opened) && !lstat(file, &named) && opened.st_ino == named.st_ino &&
	       opened.st_dev == named.st_dev;
}

static int wait_for_lock(int fd)
{
	for (int tries = 0;; tries++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (tries == LOCK_TRIES)
			return -EBUSY;
		if (tries == LOCK_TRIES_SILENT)
			log_info("up", "waiting for another 'postern up', 'down' or 'guard'");
		usleep(LOCK_TRY_EVERY_US);
	}
}

int runtime_lock(const char *runtime_dir, int *ret_fd, struct error *error)
{
	char file[PATH_MAX];
	int r = path_join(runtime_dir, LOCK_FILE, file, error);

	if (r)
		return r;
	for (int i = 0; i < LOCK_OPENS_MAX; i++) {
		_cleanup_(close_fd_p) int fd = -1;

		r = open_lock(file, &fd);
		if (!r)
			r = wait_for_lock(fd);
		if (!r && is_the_file(fd, file)) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
		if (r && r != -EAGAIN)
			break;
	}
	if (r == -EBUSY)
		return error_set(error, r,
				 "'%s': another 'postern up', 'down' or 'guard' has held it for a "
				 "minute: end it, then try again",
				 file);
	return error_set(error, r ? r : -EAGAIN, "'%s': %s", file, strerror(r ? -r : EAGAIN));
}

/* ---- the state */

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
