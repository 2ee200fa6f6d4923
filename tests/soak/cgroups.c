/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service that starts again a hundred times and connects at once, with the agent and without.
 * Unknown senders leave by high-risk. Must be zero: connections by any pool but the service's.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netns/postern.h"
#include "soak/count.h"

#define RESTARTS 50 /* in each half of a round */
#define PAUSE_MS 30

TestSuite(soak_cgroups, .init = world_init, .fini = world_done, .timeout = 180);

static void restart(void)
{
	cr_assert(wait_for(!rmdir(world.cgroup), 5000), "%s: %s", world.cgroup, strerror(errno));
	poll(NULL, 0, (int)count_random(PAUSE_MS));
	cr_assert_eq(mkdir(world.cgroup, 0755), 0, "%s: %s", world.cgroup, strerror(errno));
}

static void restarts(int receiver, const char *name)
{
	const struct origin shop = {.host = MAIL, .in_cgroup = true};
	long long wrong = 0;

	for (int i = 0; i < RESTARTS; i++) {
		const char *to = count_random(2) ? RECEIVER_IPV4 : RECEIVER_IPV6;
		struct talk talk = TALK_NONE;

		restart();
		if (talk_open(receiver, &shop, to, 25, CONNECT_MS, &talk) ||
		    strcmp(pool_of(talk.from), "normal"))
			wrong++;
		talk_close(&talk);
	}
	count_add(name, RESTARTS);
	count_add_zero("connections by another sender", wrong);
}

Test(soak_cgroups, restarts)
{
	int receiver = receiver_open(25);
	pid_t agent = postern_begin(&(struct setup){.fallback = "high-risk"});

	restarts(receiver, "restarts beside the agent");
	host_stop(agent, SIGKILL);
	restarts(receiver, "restarts without the agent");
}
