/* SPDX-License-Identifier: BSD-2-Clause */
/* A pool address that somebody removes again and again: given up, held, shown everywhere. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"
#include "netns/stream.h"

TestSuite(netns_given_up, .init = world_init, .fini = world_done, .timeout = 60);

static const struct origin local = {.host = MAIL};
static const struct origin tenant = {.host = TENANT};

static void begin(const struct setup *setup)
{
	postern_configure(setup);
	postern_guard();
}

static void await(const char *state)
{
	cr_assert(wait_for(postern_host_has("192.0.2.10", state, 10), 5000), "not %s", state);
}

/* Pool normal has one address of IPv4 that a test takes away; IPv6 stays. */
static const struct setup one_address = {
	.pools = "pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8:1::10\" }"
		 " handles = { \"" HANDLE_NORMAL "\", \"" HANDLE_NORMAL6 "\" } }\n"
		 "pool \"high-risk\" { addresses = \"192.0.2.20\" handles = \"" HANDLE_HIGH_RISK
		 "\" }\n",
};

static bool is_given_up(void)
{
	free(host_run(MAIL, "ip address del 192.0.2.10/32 dev wan 2>/dev/null").text);
	poll(NULL, 0, 100);
	return postern_host_has("192.0.2.10", "GIVEN_UP", 10);
}

static int status_code(void)
{
	_cleanup_result_ struct result status = postern_run("status");

	return status.status;
}

static void expect_given_up_in_status(void)
{
	_cleanup_result_ struct result json = postern_run("-j status");
	_cleanup_result_ struct result text = postern_run("status");
	_cleanup_(free_p) char *pools = postern_must("pool list");

	cr_expect_eq(text.status, 3);
	cr_expect(host_succeeds(MAIL,
				"echo '%s' | jq -e '.guard.running and"
				" any(.host[]; .kind == \"address\" and .held and"
				" .name == \"192.0.2.10\" and .state == \"given-up\" and"
				" .put_back == 10 and .again_sec > 500)'",
				json.text),
		  "%s", json.text);
	cr_expect(strstr(text.text, "guard     running since 20"), "%s", text.text);
	cr_expect(strstr(text.text, "address    192.0.2.10  given-up  held        10"), "%s",
		  text.text);
	cr_expect(strstr(pools, "active, held"), "%s", pools);
}

static void expect_given_up_elsewhere(void)
{
	_cleanup_(free_p) char *log = NULL;
	char path[64];

	snprintf(path, sizeof(path), "%s/guard.log", world.directory);
	log = read_text(path);
	cr_expect(strstr(log, "pool address 192.0.2.10: lost 10 times in 10 minutes"), "%s", log);
	cr_expect(wait_for(postern_printed("host", "\"name\":\"192.0.2.10\",\"pool\":"
						   "\"normal\",\"state\":\"given-up\","
						   "\"held\":true,\"put_back\":10"),
			   3000));
	cr_expect_eq(postern_metric("postern_address_present{address=\"192.0.2.10\"}"), 0);
	cr_expect_eq(postern_metric("postern_address_held{address=\"192.0.2.10\"}"), 1);
	cr_expect_eq(postern_metric("postern_address_held{address=\"192.0.2.20\"}"), 0);
	cr_expect_eq(postern_metric("postern_interface_attached{interface=\"wan\"}"), 1);
	cr_expect_eq(postern_metric("postern_put_back_total{part=\"address\",name=\"192.0.2.10\"}"),
		     10);
	cr_expect_eq(postern_metric("postern_guard_running"), 1);
}

static bool is_refused_at_once(int receiver, const struct origin *origin, const char *destination)
{
	struct talk talk = TALK_NONE;
	int r = talk_open(receiver, origin, destination, 25, 300, &talk);

	talk_close(&talk);
	return r == -ECONNREFUSED;
}

/* A person gives the address back, so the guard has nothing to put back. */
static void expect_well_again(int receiver)
{
	free(host_must(MAIL, "ip address add 192.0.2.10/32 dev wan"));
	await("PRESENT");
	cr_expect(wait_for(status_code() == 0, 3000));
	cr_expect(wait_for(postern_printed("host", "\"state\":\"present\",\"held\":false"), 3000));
	expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
}

Test(netns_given_up, an_address_removed_every_100_ms_is_left_alone_held_and_reported)
{
	int receiver = receiver_open(25);
	struct capture *capture;
	pid_t stream;

	begin(&one_address);
	postern_agent();
	postern_follow();
	cr_expect_eq(status_code(), 0);
	capture = capture_start();
	stream = stream_start(MAIL);
	cr_assert(wait_for(is_given_up(), 20000));
	host_stop(stream, SIGKILL);
	close(receiver); /* with the connections of the stream */
	receiver = receiver_open(25);
	cr_expect(is_refused_at_once(receiver, &local, RECEIVER_IPV4));
	cr_expect(is_refused_at_once(
		receiver, &(struct origin){.host = MAIL, .bind = HANDLE_NORMAL}, RECEIVER_IPV4));
	expect_refused(receiver, &tenant, RECEIVER_IPV4);
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
	expect_given_up_elsewhere();
	expect_given_up_in_status();
	cr_assert_not(host_succeeds(MAIL, "ip address show dev wan | grep -q 192.0.2.10"));
	expect_pools_only(capture);
	expect_well_again(receiver);
}

/* With the agent dead, too: the guard alone keeps new flows away. */
Test(netns_given_up, while_an_address_is_given_up_another_of_the_pool_takes_its_connections)
{
	int receiver = receiver_open(25);

	begin(NULL);
	cr_assert(wait_for(is_given_up(), 20000));
	for (int i = 0; i < 10; i++) {
		_cleanup_talk_ struct talk talk = talk_must(receiver, &local, RECEIVER_IPV4, 25);

		cr_expect_str_eq(talk.from, "192.0.2.11");
	}
	free(postern_must("up"));
	await("PRESENT");
	for (unsigned i = 0; i < 3; i++)
		expect_pool(receiver, &local, RECEIVER_IPV4, "normal");
}
