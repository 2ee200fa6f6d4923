/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guard, agent and milter are killed (kill -9) in turn at random for a minute and started again,
 * under 500 connections and 50 messages a second. Must be zero: connections that fail or leave by
 * another pool than their sender's order says, mail that is lost, and mail that leaves unjudged.
 */
#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/load.h"
#include "netns/mailhost.h"
#include "soak/count.h"

#define SECONDS	      60
#define CONNECT_EVERY 2	 /* ms */
#define MAIL_EVERY    20 /* ms */
#define MAILS	      (SECONDS * 1000 / MAIL_EVERY)
#define PAUSE_MS      500
#define SETTLED_MS    120000
#define ANSWER_MS     5000

TestSuite(soak_kills, .init = world_init, .fini = mailhost_done, .timeout = 420);

static void wait_until(uint64_t due_ms)
{
	uint64_t now = now_ms();

	if (due_ms > now)
		poll(NULL, 0, (int)(due_ms - now));
}

/* ---- connections of a sender that an order has sent to high-risk */

static struct counts {
	atomic_bool ends;
	long long opened, failed;
} * counts;

static bool open_one(void)
{
	const struct sockaddr_in from = {.sin_family = AF_INET,
					 .sin_addr.s_addr = inet_addr(TENANT_OTHER)};
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(25),
				       .sin_addr.s_addr = inet_addr(RECEIVER_IPV4)};
	_cleanup_(close_fd_p) int fd =
		socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd opened = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof(error);

	(void)!bind(fd, (const struct sockaddr *)&from, sizeof(from));
	(void)!connect(fd, (const struct sockaddr *)&to, sizeof(to));
	return poll(&opened, 1, ANSWER_MS) == 1 &&
	       !getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) && !error;
}

static pid_t start_connections(void)
{
	pid_t pid;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	cr_assert_neq(counts, MAP_FAILED);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The watchdog waits until nobody has its pipe. */
	close(world.watchdog_pipe);
	host_enter(TENANT);
	for (uint64_t due_ms = now_ms(); !atomic_load(&counts->ends); due_ms += CONNECT_EVERY) {
		wait_until(due_ms);
		counts->opened++;
		counts->failed += !open_one();
	}
	_exit(0);
}

/* Flows outlive their connections by minutes; a port that is used again has the same flow. */
static void count_connections(pid_t connections)
{
	_cleanup_(free_p) char *listed = NULL;
	long long flows = 0, wrong = -1;

	atomic_store(&counts->ends, true);
	waitpid(connections, NULL, 0);
	listed = host_must(MAIL,
			   "curl -sf --unix-socket %s/run/api.sock"
			   " 'http://localhost/v1/flows?limit=100000&sender=tenant-8' | jq -r"
			   " '\"\\(length) \\(map(select(.pool != \"high-risk\")) | length)\"'",
			   world.directory);
	cr_assert_eq(sscanf(listed, "%lld %lld", &flows, &wrong), 2, "%s", listed);
	count_add("connections", counts->opened);
	count_add("connections seen in the maps", flows);
	count_add_zero("connections that failed", counts->failed);
	count_add_zero("connections by a wrong pool", wrong);
}

/* ---- mail */

enum kind { GOOD, SPAM, BOUNCE, KINDS };

static uint64_t begun_ms;

/* Each sender has one message: none is over a limit. */
static struct mail compose(unsigned n)
{
	static char from[64], id[32];
	struct mail mail = {.from = from, .id = id};

	wait_until(begun_ms + n * MAIL_EVERY);
	snprintf(id, sizeof(id), "n%u@x", n);
	snprintf(from, sizeof(from), "<s%u@example.net>", n);
	if (n % KINDS == SPAM)
		mail.headers = "X-Spam-Flag: YES\r\n";
	if (n % KINDS == BOUNCE) {
		mail.author = "<ann@example.net>";
		mail.from = "<>";
	}
	return mail;
}

static void count_mail(void)
{
	_cleanup_inbox_ struct inbox inbox = mailhost_settle(SETTLED_MS);
	static unsigned char seen[MAILS];
	long long lost = 0, unjudged = 0, wrong = 0;
	unsigned n;

	for (size_t i = 0; i < inbox.count; i++) {
		bool risky = strcmp(pool_of(inbox.letters[i].client), "high-risk") == 0;

		if (sscanf(inbox.letters[i].id, "n%u@x", &n) != 1 || n >= MAILS)
			continue;
		seen[n] = 1;
		unjudged += n % KINDS != GOOD && !risky;
		wrong += n % KINDS == GOOD && risky;
	}
	for (n = 0; n < MAILS; n++)
		lost += !seen[n];
	count_add("messages", MAILS);
	count_add_zero("messages lost", lost);
	count_add_zero("messages unjudged", unjudged);
	count_add_zero("messages by a wrong pool", wrong);
}

/* ---- kills */

static void kill_one(pid_t *guard)
{
	switch (count_random(3)) {
	case 0:
		host_stop(*guard, SIGKILL);
		*guard = postern_guard();
		break;
	case 1:
		host_stop(mailhost.agent, SIGKILL);
		mailhost_start_agent();
		break;
	default:
		host_stop(mailhost.milter, SIGKILL);
		mailhost_start_milter();
	}
	count_add("kills", 1);
}

Test(soak_kills, guard_agent_and_milter_are_killed_under_load)
{
	const struct load load = {
		.count = MAILS, .clients = 8, .insists = true, .compose = compose};
	pid_t guard, connections;

	mailhost_begin(&(struct mailhost_setup){.conf = "on_agent_down = \"defer\"\n",
						.no_scanner = true});
	guard = postern_guard();
	free(postern_must("sender set tenant-8 high-risk"));
	connections = start_connections();
	begun_ms = now_ms();
	load_start(&load);
	while (now_ms() - begun_ms < SECONDS * 1000) {
		poll(NULL, 0, (int)count_random(PAUSE_MS));
		kill_one(&guard);
	}
	load_finish();
	count_connections(connections);
	count_mail();
}
