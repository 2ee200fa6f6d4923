/* SPDX-License-Identifier: BSD-2-Clause */
/* Each kind of selector recognises real processes and networks; the receiver sees the pool. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_select, .init = world_init, .fini = world_done, .timeout = 30);

/* Only `sender` is steered to the relay pool: `chosen` must leave by it, and `other` must not. */
static void tells_apart(const char *sender, struct origin chosen, struct origin other)
{
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	capture = capture_start();
	expect_pool(receiver, &chosen, RECEIVER_IPV4, "normal");
	free(postern_must("sender set %s relay", sender));
	expect_pool(receiver, &chosen, RECEIVER_IPV4, "relay");
	expect_pool(receiver, &other, RECEIVER_IPV4, "normal");
	expect_pools_only(capture);
}

Test(netns_select, a_mark)
{
	tells_apart("marked", (struct origin){.host = MAIL, .mark = SENDER_MARK},
		    (struct origin){.host = MAIL, .mark = SENDER_MARK + 1});
}

Test(netns_select, a_uid)
{
	tells_apart("webmail", (struct origin){.host = MAIL, .uid = SENDER_UID},
		    (struct origin){.host = MAIL, .uid = SENDER_UID + 1});
}

Test(netns_select, a_cgroup)
{
	tells_apart("shop", (struct origin){.host = MAIL, .in_cgroup = true},
		    (struct origin){.host = MAIL});
}

Test(netns_select, a_prefix)
{
	tells_apart("tenant-7", (struct origin){.host = TENANT, .bind = TENANT_IPV4},
		    (struct origin){.host = TENANT, .bind = TENANT_OTHER});
}

Test(netns_select, an_exact_address_within_the_prefix_of_another_sender)
{
	tells_apart("printer", (struct origin){.host = TENANT, .bind = "10.1.7.99"},
		    (struct origin){.host = TENANT, .bind = TENANT_IPV4});
}

Test(netns_select, a_prefix_of_ipv6)
{
	static const struct origin tenant = {.host = TENANT}, local = {.host = MAIL};
	int receiver = receiver_open(25);

	postern_begin(NULL);
	free(postern_must("sender set tenant-7 relay"));
	expect_pool(receiver, &tenant, RECEIVER_IPV6, "relay");
	expect_pool(receiver, &local, RECEIVER_IPV6, "normal");
}

Test(netns_select, a_handle_that_the_local_end_binds_to)
{
	static const struct {
		const char *handle, *to, *pool;
	} cases[] = {
		{HANDLE_NORMAL, RECEIVER_IPV4, "normal"},
		{HANDLE_NORMAL6, RECEIVER_IPV6, "normal"},
		{HANDLE_HIGH_RISK, RECEIVER_IPV4, "high-risk"},
		{HANDLE_HIGH_RISK6, RECEIVER_IPV6, "high-risk"},
	};
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	capture = capture_start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_pool(receiver, &(struct origin){.host = MAIL, .bind = cases[i].handle},
			    cases[i].to, cases[i].pool);
	expect_pools_only(capture);
}

Test(netns_select, a_mark_goes_before_a_cgroup_and_a_cgroup_before_a_uid)
{
	static const struct origin all = {
		.host = MAIL, .mark = SENDER_MARK, .in_cgroup = true, .uid = 0};
	static const struct origin cgroup_and_uid = {
		.host = MAIL, .in_cgroup = true, .uid = SENDER_UID};
	int receiver = receiver_open(25);

	postern_begin(NULL);
	free(postern_must("sender set marked relay"));
	expect_pool(receiver, &all, RECEIVER_IPV4, "relay");
	free(postern_must("sender set shop relay"));
	expect_pool(receiver, &cgroup_and_uid, RECEIVER_IPV4, "relay");
	free(postern_must("sender set marked normal"));
	expect_pool(receiver, &all, RECEIVER_IPV4, "normal");
}

/* A drop or a high-risk verdict decides, whatever the place of its selector. */
Test(netns_select, a_high_risk_cgroup_goes_before_a_mark)
{
	static const struct origin all = {
		.host = MAIL, .mark = SENDER_MARK, .in_cgroup = true, .uid = 0};
	int receiver = receiver_open(25);

	postern_begin(NULL);
	free(postern_must("sender set marked relay"));
	free(postern_must("sender set shop high-risk"));
	expect_pool(receiver, &all, RECEIVER_IPV4, "high-risk");
	free(postern_must("sender block shop"));
	expect_refused(receiver, &all, RECEIVER_IPV4);
}

Test(netns_select, a_handle_of_the_normal_pool_is_no_way_out_of_an_order)
{
	static const struct origin rogue4 = {
		.host = MAIL, .uid = SENDER_UID, .bind = HANDLE_NORMAL};
	static const struct origin rogue6 = {
		.host = MAIL, .uid = SENDER_UID, .bind = HANDLE_NORMAL6};
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(NULL);
	capture = capture_start();
	expect_pool(receiver, &rogue4, RECEIVER_IPV4, "normal");
	expect_pool(receiver, &rogue6, RECEIVER_IPV6, "normal");
	free(postern_must("sender set webmail high-risk"));
	expect_pool(receiver, &rogue4, RECEIVER_IPV4, "high-risk");
	expect_pool(receiver, &rogue6, RECEIVER_IPV6, "high-risk");
	free(postern_must("sender block webmail"));
	expect_refused(receiver, &rogue4, RECEIVER_IPV4);
	expect_refused(receiver, &rogue6, RECEIVER_IPV6);
	expect_pools_only(capture);
}

Test(netns_select, a_process_that_just_dials_port_25_gets_the_default)
{
	struct capture *capture;
	int receiver = receiver_open(25);

	postern_begin(&(struct setup){.fallback = "high-risk"});
	capture = capture_start();
	expect_pool(receiver, &(struct origin){.host = MAIL, .uid = 65534}, RECEIVER_IPV4,
		    "high-risk");
	expect_pool(receiver, &(struct origin){.host = MAIL, .uid = 65534}, RECEIVER_IPV6,
		    "high-risk");
	/* A known sender keeps its verdict. */
	expect_pool(receiver, &(struct origin){.host = TENANT}, RECEIVER_IPV4, "normal");
	expect_pools_only(capture);
}

Test(netns_select, a_default_of_pass_leaves_unknown_senders_alone_and_steers_the_known)
{
	int receiver = receiver_open(25);

	postern_begin(&(struct setup){.fallback = "pass"});
	{
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &(struct origin){.host = MAIL}, RECEIVER_IPV4, 25);

		cr_assert_str_eq(talk.from, MAIL_IPV4);
		cr_assert(talk_transfer(&talk, 1 << 20, 1 << 20));
	}
	expect_pool(receiver, &(struct origin){.host = TENANT}, RECEIVER_IPV4, "normal");
}

Test(netns_select, a_default_of_drop_refuses_unknown_senders)
{
	int receiver = receiver_open(25);

	postern_begin(&(struct setup){.fallback = "drop"});
	expect_refused(receiver, &(struct origin){.host = MAIL}, RECEIVER_IPV4);
	expect_pool(receiver, &(struct origin){.host = TENANT}, RECEIVER_IPV4, "normal");
}
