/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders on ten thousand senders, one after another, while `up`, reloads, restarts and kills of the
 * agent come at random times, with two files in turn. Must be zero: orders that were confirmed and
 * are not in the maps, or are there with another pool.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"
#include "soak/count.h"

#define SENDERS	       10000
#define DISTURBANCES   50 /* of a round */
#define PAUSE_MS       100
#define ORDER_EVERY_MS 10

TestSuite(soak_orders, .init = world_init, .fini = world_done, .timeout = 900);

static const char *const pools[] = {"normal", "high-risk", "relay"};
#define N_POOLS (sizeof(pools) / sizeof(pools[0]))

/* Of the process that gives the orders; the test reads it when that process has ended. */
static struct book {
	atomic_bool ends;
	unsigned confirmed, repeated;
	uint8_t last[SENDERS]; /* index of the pool + 1; 0: no order */
} * book;

/* Appends the senders, and a line that makes it another file. */
static void configure(unsigned version)
{
	const char *conf = postern_configure(NULL);

	free(host_must(MAIL,
		       "{ cat %s; seq 0 %d | sed 's/.*/sender \"s&\" { mark = { 1&0 } }/';"
		       " echo 'decisions_max = %u'; } >%s.next && chmod 644 %s.next &&"
		       " mv %s.next %s",
		       conf, SENDERS - 1, 1024 + version % 2, conf, conf, conf, conf));
}

/* ---- orders */

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval answer_within = {.tv_sec = 2};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/api.sock", world.directory);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &answer_within, sizeof(answer_within));
	(void)!connect(fd, (const struct sockaddr *)&address, sizeof(address));
	return fd;
}

/* False: refused, or nobody knows whether it was carried out. */
static bool give(unsigned sender, unsigned pool)
{
	_cleanup_(close_fd_p) int fd = dial();
	char request[256], body[64], answer[16] = "";
	int size;

	snprintf(body, sizeof(body), "{\"action\":\"steer\",\"pool\":\"%s\"}", pools[pool]);
	size = snprintf(request, sizeof(request),
			"PUT /v1/senders/s%u/verdict HTTP/1.1\r\nHost: x\r\n"
			"Content-Length: %zu\r\n\r\n%s",
			sender, strlen(body), body);
	return send(fd, request, (size_t)size, MSG_NOSIGNAL) == size &&
	       recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 0 &&
	       strncmp(answer + 9, "200", 3) == 0;
}

/* An order that is not confirmed is given again, as a person would. */
static _Noreturn void give_orders(void)
{
	while (!atomic_load(&book->ends)) {
		unsigned sender = count_random(SENDERS);
		unsigned pool = count_random(N_POOLS);

		while (!give(sender, pool)) {
			book->repeated++;
			poll(NULL, 0, ORDER_EVERY_MS);
		}
		book->last[sender] = (uint8_t)(pool + 1);
		book->confirmed++;
		poll(NULL, 0, (int)count_random(ORDER_EVERY_MS));
	}
	_exit(0);
}

static pid_t start_orders(void)
{
	pid_t pid;

	book = mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(book, MAP_FAILED);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The watchdog waits until nobody has its pipe. */
	close(world.watchdog_pipe);
	give_orders();
}

/* ---- what comes between */

static pid_t disturb(pid_t agent, unsigned number)
{
	switch (count_random(5)) {
	case 0:
		free(postern_must("up"));
		break;
	case 1:
		configure(number);
		free(postern_must("up"));
		break;
	case 2:
		kill(agent, SIGHUP);
		break;
	case 3:
		host_stop(agent, SIGTERM);
		return postern_agent();
	default:
		host_stop(agent, SIGKILL);
		return postern_agent();
	}
	return agent;
}

/* ---- what came of it */

/* Confirmed orders whose sender has no entry in the map, or another pool there. */
static long long wrong_orders(void)
{
	_cleanup_(free_p) char *text = host_must(
		MAIL, "bpftool -j map dump pinned $pin_path/postern_verdict |"
		      " jq -r '.[].formatted.value | .label + \" \" + .pool_label + \" \" + .reason"
		      " | select(startswith(\"s\"))'");
	long long right = 0, given = 0;
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		char pool[32] = "", reason[32] = "";
		unsigned sender;

		if (sscanf(line, "s%u %31s %31s", &sender, pool, reason) == 3 && sender < SENDERS &&
		    book->last[sender] && strcmp(reason, "REASON_MANUAL") == 0)
			right += strcmp(pool, pools[book->last[sender] - 1]) == 0;
	}
	for (unsigned i = 0; i < SENDERS; i++)
		given += book->last[i] != 0;
	return given - right;
}

Test(soak_orders, confirmed_orders_hold_whatever_comes_between)
{
	pid_t agent, orders;

	configure(0);
	free(postern_must("up"));
	agent = postern_agent();
	orders = start_orders();
	for (unsigned i = 0; i < DISTURBANCES; i++) {
		poll(NULL, 0, (int)count_random(PAUSE_MS));
		agent = disturb(agent, i);
	}
	atomic_store(&book->ends, true);
	waitpid(orders, NULL, 0);
	count_add("orders confirmed", book->confirmed);
	count_add("orders given again", book->repeated);
	count_add("disturbances", DISTURBANCES);
	count_add_zero("orders lost or undone", wrong_orders());
	/* And after the last restart of all. */
	host_stop(agent, SIGKILL);
	free(postern_must("up"));
	postern_agent();
	count_add_zero("orders lost at the end", wrong_orders());
}
