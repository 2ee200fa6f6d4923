/* SPDX-License-Identifier: BSD-2-Clause */
/* Times that no host should have: before the epoch, and past what 32 bits hold. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "policy_fixture.h"

TestSuite(policy_times, .init = config_file_setup, .fini = config_file_teardown);

#define BOB "bob@example.net"

struct odd_time {
	int64_t now_sec;
};
ParameterizedTestParameters(policy_times, nobody_is_restricted_who_has_done_nothing)
{
	static struct odd_time times[] = {{-1}, {-100000},    {-86400 * 365 * 50LL},
					  {0},	{4294967295}, {253402300799}};

	return cr_make_param_array(struct odd_time, times, sizeof(times) / sizeof(times[0]));
}
ParameterizedTest(struct odd_time *odd, policy_times, nobody_is_restricted_who_has_done_nothing)
{
	struct policy_fixture *fixture = policy_fixture_new("");

	cr_expect_eq(policy_fixture_send(fixture, 1, odd->now_sec).reason, REASON_GOOD);
	/* With a standing of another cause. */
	for (int i = 0; i < 5; i++)
		cr_assert_eq(policy_fixture_report(fixture, BOB, odd->now_sec), 0);
	cr_expect_eq(policy_fixture_send(fixture, 1, odd->now_sec).reason, REASON_SPAM, "%lld",
		     (long long)odd->now_sec);
	policy_fixture_tick(fixture, odd->now_sec);
	cr_expect_eq(policy_fixture_send(fixture, 1, odd->now_sec).reason, REASON_SPAM, "%lld",
		     (long long)odd->now_sec);
	policy_fixture_free(fixture);
}
