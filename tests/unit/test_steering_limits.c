/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits of senders in map verdict: their own, else those for all, and the action over them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "steering/steering_internal.h"

TestSuite(steering_limits);

static const struct config_policy alert = {.on_limit = CONFIG_ON_LIMIT_ALERT};
static struct config config = {.sender_flows_max = 500, .sender_connections_per_minute = 90};
static const struct steering steering = {.config = &config};

static struct verdict filled(const struct config_sender *own)
{
	const struct steering_sender sender = {.config = own};
	struct verdict verdict = {.action = VERDICT_STEER, .pool = POOL_NORMAL, .until_ns = 7};

	limits_fill(&steering, &sender, &verdict);
	return verdict;
}

struct over {
	enum config_on_limit on_limit;
	enum verdict_action action;
	__u32 pool;
};

ParameterizedTestParameters(steering_limits, what_is_over_the_limit_meets_what_the_policy_says)
{
	static struct over overs[] = {
		{CONFIG_ON_LIMIT_HIGH_RISK, VERDICT_STEER, POOL_HIGH_RISK},
		{CONFIG_ON_LIMIT_DEFER, VERDICT_DROP, POOL_NONE},
		{CONFIG_ON_LIMIT_RESTRICT_TODAY, VERDICT_DROP, POOL_NONE},
		{CONFIG_ON_LIMIT_RESTRICT, VERDICT_DROP, POOL_NONE},
		{CONFIG_ON_LIMIT_ALERT, 0, POOL_NONE},
	};

	return cr_make_param_array(struct over, overs, sizeof(overs) / sizeof(*overs));
}

ParameterizedTest(struct over *over, steering_limits,
		  what_is_over_the_limit_meets_what_the_policy_says)
{
	const struct config_policy policy = {.on_limit = over->on_limit};
	const struct config_sender own = {.policy = &policy, .connections_per_minute = 60};
	struct verdict verdict = filled(&own);

	cr_assert_eq(verdict.over_action, over->action);
	cr_assert_eq(verdict.over_pool, over->pool);
}

Test(steering_limits, a_senders_own_come_before_those_for_all)
{
	const struct config_sender own = {.connections_per_minute = 60, .flows_max = 20};
	struct verdict verdict = filled(&own);

	cr_assert_eq(verdict.connections_per_min, 60);
	cr_assert_eq(verdict.flows_max, 20);
}

Test(steering_limits, a_sender_that_is_not_configured_has_those_for_all)
{
	struct verdict verdict = filled(NULL);

	cr_assert_eq(verdict.connections_per_min, 90);
	cr_assert_eq(verdict.flows_max, 500);
	cr_assert_eq(verdict.over_action, VERDICT_STEER);
	cr_assert_eq(verdict.over_pool, POOL_HIGH_RISK);
}

Test(steering_limits, the_bucket_holds_a_minute)
{
	const struct config_sender own = {.connections_per_minute = 1};

	cr_assert_eq(filled(&own).burst, 1);
	cr_assert_eq(filled(NULL).burst, 90);
}

Test(steering_limits, without_a_limit_there_is_no_bucket_and_nothing_over_it)
{
	const struct config_sender own = {.policy = &alert};
	struct verdict verdict = filled(&own);

	cr_assert_eq(verdict.connections_per_min, 0);
	cr_assert_eq(verdict.burst, 0);
	cr_assert_eq(verdict.flows_max, 0);
	cr_assert_eq(verdict.over_action, 0);
	cr_assert_eq(verdict.over_pool, POOL_NONE);
}

Test(steering_limits, who_names_no_policy_has_the_default_one)
{
	const struct config_sender own = {.connections_per_minute = 60};

	config.default_policy = &alert;
	cr_assert_eq(filled(&own).over_action, 0);
	cr_assert_eq(filled(NULL).over_action, 0);
}

Test(steering_limits, a_handle_has_none_as_all_mail_goes_by_it)
{
	const struct config_pool pool = {.name = (char *)"normal"};
	const struct steering_sender handle = {.handles_of = &pool};
	struct verdict verdict = {0};

	limits_fill(&steering, &handle, &verdict);
	cr_assert_eq(verdict.flows_max, 0);
	cr_assert_eq(verdict.connections_per_min, 0);
	cr_assert_eq(verdict.over_action, 0);
}

Test(steering_limits, nothing_else_of_a_verdict_is_touched)
{
	struct verdict verdict = filled(NULL);

	cr_assert_eq(verdict.action, VERDICT_STEER);
	cr_assert_eq(verdict.pool, POOL_NORMAL);
	cr_assert_eq(verdict.until_ns, 7);
}
