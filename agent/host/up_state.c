/* SPDX-License-Identifier: BSD-2-Clause */
/* The child has one descriptor, the pipe, and no rights by the time it opens the file. */
#include "host/up_state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "process/privileges.h"
#include "state/snapshot.h"
#include "state/sqlite.h"
#include "state/state.h"

#define PIPE_FD	    3
#define NS_PER_MS   1000000ULL
#define CHUNK_BYTES (64u << 10)

/* ---- the child */

/* On a full disk the file can still be read. If that fails too, the first error explains more. */
static int open_file(const char *file, struct state **ret_state, struct error *error)
{
	int r = sqlite_open(file, ret_state, error);
	struct error ignored;

	if (r < 0 && r != -EBUSY && sqlite_open_reading(file, ret_state, &ignored) == 0)
		return 0;
	return r;
}

/* Does not return. */
static void be_reader(const struct config *config, int fd)
{
	struct state *state = NULL;
	struct error error = {{0}};
	FILE *stream;

	if (dup2(fd, PIPE_FD) < 0)
		_exit(1);
	close_range(PIPE_FD + 1, ~0U, 0);
	stream = fdopen(PIPE_FD, "w");
	if (!stream)
		_exit(1);
	if (privileges_drop(config->user, &error) == 0)
		open_file(config->state, &state, &error);
	_exit(snapshot_write(state, &error, stream) < 0);
}

/* ---- the parent */

struct answer {
	char *bytes;
	size_t size, space;
};

static int reserve(struct answer *answer)
{
	char *bytes;

	if (answer->size + CHUNK_BYTES <= answer->space)
		return 0;
	if (answer->size >= SNAPSHOT_BYTES_MAX)
		return -EBADMSG;
	bytes = realloc(answer->bytes, 2 * answer->space + CHUNK_BYTES);
	if (!bytes)
		return -ENOMEM;
	answer->bytes = bytes;
	answer->space = 2 * answer->space + CHUNK_BYTES;
	return 0;
}

/* 0: the child has closed its end. */
static ssize_t take(int fd, struct answer *answer, uint64_t end_ns)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	uint64_t now_ns = clock_monotonic_ns();
	ssize_t n;
	int r = reserve(answer);

	if (r < 0)
		return r;
	if (now_ns >= end_ns || poll(&ready, 1, (int)((end_ns - now_ns) / NS_PER_MS) + 1) == 0)
		return -ETIMEDOUT;
	n = read(fd, answer->bytes + answer->size, CHUNK_BYTES);
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	answer->size += (size_t)n;
	return n;
}

static int take_all(int fd, struct answer *answer)
{
	uint64_t end_ns = clock_monotonic_ns() + UP_STATE_WAIT_MS * NS_PER_MS;
	ssize_t n;

	while ((n = take(fd, answer, end_ns)) > 0)
		;
	return (int)n;
}

static int start(const struct config *config, pid_t *ret_child, int *ret_fd)
{
	_cleanup_(close_fd_p) int from = -1;
	_cleanup_(close_fd_p) int to = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	from = ends[0];
	to = ends[1];
	fflush(NULL);
	*ret_child = fork();
	if (*ret_child < 0)
		return -errno;
	if (*ret_child == 0)
		be_reader(config, to);
	*ret_fd = TAKE_FD(from);
	return 0;
}

/* The child's user can stop it. */
static void end(pid_t child)
{
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

int up_state_read(const struct config *config, struct state **ret_state, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct answer answer = {0};
	pid_t child = -1;
	int r = start(config, &child, &fd);

	if (r < 0)
		return error_set(error, r, "%s", strerror(-r));
	r = take_all(fd, &answer);
	end(child);
	if (r < 0) {
		free(answer.bytes);
		return error_set(error, r, "%s", strerror(-r));
	}
	return snapshot_read(answer.bytes, answer.size, ret_state, error);
}
