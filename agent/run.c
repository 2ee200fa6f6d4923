/* SPDX-License-Identifier: BSD-2-Clause */
/* The parent only waits and stays root: `down` needs privileges that the agent gives up. */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/agent.h"
#include "host/down.h"
#include "process/lock.h"
#include "host/up.h"

/* Does not return. */
static void be_agent(struct config *config, int lock_fd)
{
	const struct agent_options options = {
		.config = config, .lock_fd = lock_fd, .ends_with_parent = true};
	struct error error;
	int r;

	r = agent_run(&options, &error);
	if (r < 0)
		log_error("postern", "%s", error.text);
	exit(r < 0 ? 1 : r);
}

/* Forwards signals, which are blocked, until the child ends. Returns its exit status. */
static int wait_for(pid_t child, const sigset_t *signals)
{
	int status;

	for (;;) {
		int number = sigwaitinfo(signals, NULL);

		if (number != SIGCHLD && number > 0)
			kill(child, number);
		if (waitpid(child, &status, WNOHANG) == child && !WIFSTOPPED(status))
			break;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_agent(struct config *config, int lock_fd, const sigset_t *signals,
		     struct error *error)
{
	pid_t child = fork();

	if (child < 0)
		return error_set(error, -errno, "fork: %s", strerror(errno));
	if (child == 0)
		be_agent(config, lock_fd);
	return wait_for(child, signals);
}

/* No signal may end the process between `up` and `down`. The agent unblocks its own. */
static void block_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	sigaddset(ret_signals, SIGHUP);
	sigaddset(ret_signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, ret_signals, NULL);
}

static int take_lock(const struct config *config, int *lock_fd, struct error *error)
{
	return *lock_fd < 0 ? lock_take(config->runtime_dir, "agent", lock_fd, error) : 0;
}

int run_all(struct config *config, struct error *error)
{
	_cleanup_(close_fd_p) int lock_fd = -1;
	_cleanup_(free_p) char *note = NULL;
	sigset_t signals;
	struct error down_error;
	int r = take_lock(config, &lock_fd, error);

	/* Without the directory no agent runs; `up` makes it. */
	if (r < 0 && r != -ENOENT)
		return r;
	block_signals(&signals);
	r = up_run(config, &note, error);
	if (r < 0)
		return r;
	if (note)
		log_info("up", "%s", note);
	r = take_lock(config, &lock_fd, error);
	if (r == -EBUSY)
		return r;
	if (r == 0)
		r = run_agent(config, lock_fd, &signals, error);
	if (down_run(config, &down_error) < 0)
		return r < 0 ? r : error_set(error, -EIO, "%s", down_error.text);
	return r;
}
