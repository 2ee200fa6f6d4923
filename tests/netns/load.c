/* SPDX-License-Identifier: BSD-2-Clause */
/* Client processes that send mail, and their end. */
#include "netns/load.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define AGAIN_MS     50
#define INSISTENT_MS 60000

static pid_t clients[LOAD_CLIENTS_MAX];
static unsigned n_clients;

static bool give(int *fd, const struct mail *mail, bool insists)
{
	uint64_t deadline = now_ms() + INSISTENT_MS * test_patience();

	for (;;) {
		_cleanup_(free_p) char *reply = smtp_give(*fd, mail);

		if (*reply == '2' || *reply == '5' || !insists || now_ms() > deadline)
			return *reply == '2';
		/*
		 * In a new session, as from any MTA: Postfix may have given up the milter in an
		 * earlier one.
		 */
		close(*fd);
		poll(NULL, 0, AGAIN_MS);
		*fd = smtp_open();
	}
}

static _Noreturn void be_client(const struct load *load, unsigned client)
{
	int fd = smtp_open(), refused = 0;

	for (unsigned n = client; n < load->count; n += load->clients) {
		struct mail mail = load->compose(n);

		refused += !give(&fd, &mail, load->insists);
	}
	_exit(refused > 0);
}

void load_start(const struct load *load)
{
	cr_assert_leq(load->clients, LOAD_CLIENTS_MAX);
	for (n_clients = 0; n_clients < load->clients; n_clients++) {
		clients[n_clients] = fork();
		cr_assert_geq(clients[n_clients], 0);
		if (clients[n_clients])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The watchdog waits until nobody has its pipe, also where the test has failed. */
		close(world.watchdog_pipe);
		be_client(load, n_clients);
	}
}

void load_finish(void)
{
	int status;

	for (unsigned i = 0; i < n_clients; i++) {
		cr_assert_eq(waitpid(clients[i], &status, 0), clients[i]);
		cr_assert_eq(status, 0, "client %u: mail was not taken", i);
	}
}
