/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits per sender, from the configuration to the wire. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_limits, .init = world_init, .fini = world_done, .timeout = 60);

#define NOBODY_THERE "198.51.100.77"

static const struct origin tenant = {.host = TENANT};
static const struct origin other = {.host = TENANT, .bind = TENANT_OTHER};
static const struct origin local = {.host = MAIL};

static void begin(const char *keys_of_tenant_7)
{
	postern_configure(NULL);
	free(host_must(MAIL, "sed -i 's/^sender \"tenant-7\" {/& %s/' $directory/postern.conf",
		       keys_of_tenant_7));
	free(postern_must("up"));
	postern_agent();
}

static long number(const char *command, const char *path)
{
	_cleanup_(free_p) char *text = postern_must("-j %s | jq '%s'", command, path);

	return strtol(text, NULL, 10);
}

static bool agent_has_error(const char *what)
{
	return host_succeeds(MAIL,
			     "%s -c %s/postern.conf -j status | jq -e '.agent.errors[] | "
			     "select(.what == \"%s\" and .sender == \"tenant-7\")' >/dev/null",
			     getenv("POSTERN"), world.directory, what);
}

Test(netns_limits, the_first_connection_over_the_limit_leaves_by_the_high_risk_pool)
{
	int receiver = receiver_open(25);

	begin("connections_per_minute = 2");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &tenant, RECEIVER_IPV6, "normal");
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &tenant, RECEIVER_IPV6, "high-risk");
	expect_pool(receiver, &other, RECEIVER_IPV4, "normal");
	cr_assert_eq(number("sender show tenant-7", ".usage.over_limit"), 2);
	cr_assert_eq(number("sender show tenant-7", ".limits.connections_per_minute"), 2);
	cr_assert_eq(number("sender show tenant-8", ".limits.flows_max"), 48384);
	cr_assert_eq(number("sender show handle/normal", ".limits.flows_max"), 0);
	cr_assert(wait_for(agent_has_error("over_limit"), 3000));
	free(postern_must("sender set tenant-7 relay"));
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "relay");
}

Test(netns_limits, over_the_limit_connections_wait_where_the_policy_defers)
{
	int receiver = receiver_open(25);

	postern_configure(NULL);
	free(host_must(MAIL,
		       "sed -i 's/^sender \"tenant-7\" {/policy \"later\" { on_limit = defer }\\n"
		       "& policy = later connections_per_minute = 1/' $directory/postern.conf"));
	free(postern_must("up"));
	postern_agent();
	expect_pool(receiver, &tenant, RECEIVER_IPV4, "normal");
	expect_refused(receiver, &tenant, RECEIVER_IPV4);
	expect_pool(receiver, &other, RECEIVER_IPV4, "normal");
	cr_assert_geq(number("status", ".datapath.counters.dropped_over_limit"), 1);
}

/* SYNs at once to an address that never answers. */
static void flood(int count)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(25)};

	inet_pton(AF_INET, NOBODY_THERE, &to.sin_addr);
	host_enter(TENANT);
	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		cr_assert_geq(fd, 0);
		cr_assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 &&
			  errno == EINPROGRESS);
	}
	host_leave();
}

Test(netns_limits, a_flood_of_one_tenant_is_felt_by_that_tenant_alone)
{
	int receiver = receiver_open(25);

	free(host_must(INTERNET, "ip route add blackhole " NOBODY_THERE "/32"));
	begin("flows_max = 100");
	flood(500);
	cr_assert_eq(number("sender show tenant-7", ".usage.flows"), 100);
	cr_assert_geq(number("status", ".datapath.counters.dropped_flow_limit"), 400);
	cr_assert_eq(number("status", ".datapath.flows"), 100);
	expect_refused(receiver, &tenant, RECEIVER_IPV4);
	expect_pool(receiver, &other, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
	cr_assert(wait_for(agent_has_error("dropped_flow_limit"), 3000));
}
