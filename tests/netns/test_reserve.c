/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection whose two ends have died leaves a flow that looks established. The next connection
 * of the same addresses and ports follows the verdict of its own time.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns/postern.h"

TestSuite(netns_reserve, .init = world_init, .fini = world_done, .timeout = 60);

#define PORT 45000

struct way {
	struct origin origin;
	const char *to;
};

static const struct way ways[] = {
	{{.host = TENANT, .bind = TENANT_IPV4, .port = PORT}, RECEIVER_IPV4},
	{{.host = TENANT, .bind = TENANT_IPV6, .port = PORT}, RECEIVER_IPV6},
};

/* Closes without a packet, as a power cut does. */
static void die(int *fd)
{
	int on = 1;

	cr_assert_eq(setsockopt(*fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)), 0);
	close(*fd);
	*fd = -1;
}

static void leave_flow(int receiver, const struct way *way)
{
	struct talk talk = talk_must(receiver, &way->origin, way->to, 25);

	cr_assert_str_eq(pool_of(talk.from), "normal");
	die(&talk.client);
	die(&talk.server);
}

static void each(void (*next)(int receiver, const struct way *way), const char *order)
{
	int receiver = receiver_open(25);
	struct capture *capture;

	postern_begin(NULL);
	capture = capture_start();
	for (size_t i = 0; i < 2; i++)
		leave_flow(receiver, &ways[i]);
	free(postern_must("%s", order));
	for (size_t i = 0; i < 2; i++)
		next(receiver, &ways[i]);
	expect_pools_only(capture);
}

static void leaves_by_high_risk(int receiver, const struct way *way)
{
	expect_pool(receiver, &way->origin, way->to, "high-risk");
}

static void is_refused(int receiver, const struct way *way)
{
	expect_refused(receiver, &way->origin, way->to);
}

Test(netns_reserve, a_sender_set_to_high_risk_has_no_dead_flow_of_normal_left)
{
	each(leaves_by_high_risk, "sender set tenant-7 high-risk");
}

Test(netns_reserve, a_blocked_sender_has_none)
{
	each(is_refused, "sender block tenant-7");
}

Test(netns_reserve, a_disabled_pool_has_none)
{
	each(is_refused, "pool disable normal");
}
