/* SPDX-License-Identifier: BSD-2-Clause */
/* An agent that hangs: commands end in time, and an order that was given up stays undone. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/http.h"
#include "netns/postern.h"

TestSuite(netns_hang, .init = world_init, .fini = world_done, .timeout = 60);

#define ANSWER_MS 1000

/* Its output must have the text. */
static void expect_in_time(const char *command, int status, const char *text)
{
	const uint64_t begun = now_ms();
	_cleanup_result_ struct result result = postern_run("%s", command);
	const uint64_t took = now_ms() - begun;

	cr_expect_eq(result.status, status, "%s: exit %d: %s", command, result.status, result.text);
	cr_expect_not_null(strstr(result.text, text), "%s: %s", command, result.text);
	cr_expect_leq(took, ANSWER_MS * test_patience(), "%s took %lu ms", command, took);
}

Test(netns_hang, looking_commands_read_the_maps_of_an_agent_that_hangs)
{
	kill(postern_begin(NULL), SIGSTOP);
	expect_in_time("status", 3, "does NOT answer");
	expect_in_time("status", 3, "agent does not answer; read from the maps");
	expect_in_time("-j status", 3, "\"hangs\": true");
	expect_in_time("pool list", 0, "192.0.2.10");
	expect_in_time("sender list", 0, "tenant-7");
	expect_in_time("sender show tenant-7", 0, "10.1.7.0/24");
	expect_in_time("flow list", 0, "SENDER");
	expect_in_time("events", 1, "does not answer");
}

static char *pool_of_tenant(void)
{
	return postern_must("-j sender show tenant-7 | jq -r .verdict.pool");
}

Test(netns_hang, an_order_for_an_agent_that_hangs_fails_and_is_not_carried_out_later)
{
	pid_t agent = postern_begin(NULL);
	_cleanup_(free_p) char *before = pool_of_tenant(), *after = NULL, *pools = NULL;

	kill(agent, SIGSTOP);
	expect_in_time("sender set tenant-7 high-risk", 1,
		       "nothing was changed, restart the agent");
	expect_in_time("pool disable normal", 1, "nothing was changed");
	/* A client that sends before it waits. */
	cr_assert_not(host_succeeds(MAIL,
				    "curl -s --max-time 0.3 --unix-socket %s/run/api.sock -X PUT "
				    "-d '{\"action\":\"steer\",\"pool\":\"high-risk\"}' "
				    "http://localhost/v1/senders/tenant-7/verdict",
				    world.directory));
	kill(agent, SIGCONT);
	after = pool_of_tenant();
	cr_expect_str_eq(after, before);
	pools = postern_must("pool list");
	cr_expect_null(strstr(pools, "disabled"), "%s", pools);
}

/* nc and others end their own direction after the request, and read on. */
Test(netns_hang, an_order_of_a_client_that_only_ends_its_own_direction_is_carried_out)
{
	static const char request[] = "PUT /v1/senders/tenant-7/verdict HTTP/1.1\r\nHost: x\r\n"
				      "Content-Length: 37\r\n\r\n"
				      "{\"action\":\"steer\",\"pool\":\"high-risk\"}";
	_cleanup_(free_p) char *after = NULL;
	pid_t agent = postern_begin(NULL);
	int fd = http_connect();
	char answer[16] = "";

	kill(agent, SIGSTOP);
	cr_assert_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	shutdown(fd, SHUT_WR);
	kill(agent, SIGCONT);
	cr_assert_gt(read(fd, answer, sizeof(answer) - 1), 12);
	cr_expect_str_eq(answer + 9, "200 OK");
	after = pool_of_tenant();
	cr_expect_str_eq(after, "high-risk\n");
}
