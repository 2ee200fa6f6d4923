/* SPDX-License-Identifier: BSD-2-Clause */
/* The parent only waits and stays root: `down` needs privileges that the agent gives up. */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/agent.h"
#include "datapath/programs.h"
#include "host/down.h"
#include "host/guard.h"
#include "process/lock.h"
#include "host/up.h"

#define GUARD_PAUSE_US 1000000

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

struct run {
	struct config *config;
	struct programs *programs; /* of the first `up` */
	pid_t agent;
	pid_t guard; /* 0: none */
};

/* Does not return. Without programs it does `up`, by the file as it is now. */
static void be_guard(const struct run *run, struct programs *programs, pid_t parent)
{
	struct guard_options options = {
		.config_file = run->config->file, .config = run->config, .programs = programs};
	struct config *fresh = NULL;
	struct error error;

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(0);
	if (!programs && config_load(options.config_file, &fresh, &error) == 0)
		options.config = fresh;
	if (guard_run(&options, &error) == 0)
		exit(0);
	log_error("guard", "%s", error.text);
	exit(1);
}

static void start_guard(struct run *run, struct programs *programs)
{
	pid_t parent = getpid();

	run->guard = fork();
	if (run->guard == 0)
		be_guard(run, programs, parent);
	if (run->guard > 0)
		return;
	log_error("run", "no guard: fork: %s", strerror(errno));
	run->guard = 0;
}

/* One that was killed is started again; the datapath goes on meanwhile. */
static void follow_guard(struct run *run)
{
	int status;

	if (!run->guard || waitpid(run->guard, &status, WNOHANG) != run->guard)
		return;
	run->guard = 0;
	if (!WIFSIGNALED(status))
		return;
	log_error("run", "the guard ended: %s; starting it again", strsignal(WTERMSIG(status)));
	usleep(GUARD_PAUSE_US);
	start_guard(run, NULL);
}

static void end_guard(const struct run *run)
{
	if (!run->guard)
		return;
	kill(run->guard, SIGTERM);
	while (waitpid(run->guard, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Forwards signals, which are blocked, until the agent ends. Returns its exit status. */
static int wait_for_agent(struct run *run, const sigset_t *signals)
{
	int status;

	for (;;) {
		int number = sigwaitinfo(signals, NULL);

		if (number != SIGCHLD && number > 0)
			kill(run->agent, number);
		if (number == SIGHUP && run->guard)
			kill(run->guard, number);
		follow_guard(run);
		if (waitpid(run->agent, &status, WNOHANG) == run->agent && !WIFSTOPPED(status))
			break;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_children(struct run *run, int lock_fd, const sigset_t *signals, struct error *error)
{
	int status;

	run->agent = fork();
	if (run->agent < 0)
		return error_set(error, -errno, "fork: %s", strerror(errno));
	if (run->agent == 0) {
		programs_free(run->programs);
		be_agent(run->config, lock_fd);
	}
	start_guard(run, run->programs);
	status = wait_for_agent(run, signals);
	end_guard(run);
	return status;
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
	struct run run = {.config = config};
	sigset_t signals;
	struct error down_error;
	int r = take_lock(config, &lock_fd, error);

	/* Without the directory no agent runs; `up` makes it. */
	if (r < 0 && r != -ENOENT)
		return r;
	block_signals(&signals);
	r = up_run_and_keep(config, &run.programs, &note, error);
	if (r < 0)
		return r;
	if (note)
		log_info("up", "%s", note);
	r = take_lock(config, &lock_fd, error);
	if (r == 0)
		r = run_children(&run, lock_fd, &signals, error);
	programs_free(run.programs);
	if (r == -EBUSY)
		return r;
	if (down_run(config, &down_error) < 0)
		return r < 0 ? r : error_set(error, -EIO, "%s", down_error.text);
	return r;
}
