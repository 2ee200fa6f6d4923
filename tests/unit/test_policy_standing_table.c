/* SPDX-License-Identifier: BSD-2-Clause */
/* Many standings: each ends at its own time, a full table, another configuration. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "policy_fixture.h"

TestSuite(policy_standing_table, .init = config_file_setup, .fini = config_file_teardown);

#define LIMITED(words) "policy \"default\" { recipients_external_per_hour = 10 " words " }\n"

static void send_as(struct policy_fixture *fixture, unsigned number, uint32_t recipients,
		    int64_t now_sec)
{
	char name[32];
	struct facts facts = {.user = name, .recipients_external = recipients};

	snprintf(name, sizeof(name), "user-%u", number);
	policy_fixture_decide(fixture, &facts, now_sec);
}

Test(policy_standing_table, each_ends_at_its_own_time_among_many)
{
	struct policy_fixture *fixture = policy_fixture_new_sized(LIMITED(""), 1000);

	for (unsigned i = 0; i < 500; i++)
		send_as(fixture, i, 10, NOON + i * 7919 % 500 * 300);
	cr_assert_eq(fixture->n_standings, 500);
	for (unsigned i = 0; i < 500; i++) {
		policy_fixture_tick(fixture, NOON + i * 300 + 3900 - 1);
		cr_assert_eq(fixture->n_standings, 500 + i);
		policy_fixture_tick(fixture, NOON + i * 300 + 3900);
		cr_assert_eq(fixture->n_standings, 500 + i + 1);
	}
	policy_fixture_free(fixture);
}

/* More changes than one call returns. */
Test(policy_standing_table, many_end_at_once_and_none_is_forgotten)
{
	struct policy_fixture *fixture = policy_fixture_new_sized(LIMITED(""), 1000);
	struct policy_changes changes = {0};

	for (unsigned i = 0; i < 500; i++)
		send_as(fixture, i, 10, NOON);
	cr_assert_eq(fixture->n_standings, 500);
	cr_expect(policy_tick(fixture->policy, NOON + 3900, &changes));
	cr_expect_gt(changes.count, 0);
	policy_fixture_tick(fixture, NOON + 3900);
	cr_expect_eq(fixture->n_standings + changes.count, 1000);
	policy_fixture_free(fixture);
}

Test(policy_standing_table, after_a_step_back_of_the_clock_all_are_looked_at)
{
	const int64_t wrong = NOON + 30L * 365 * DAY;
	struct policy_fixture *fixture = policy_fixture_new_sized(LIMITED(""), 1000);
	struct policy_changes changes = {0};

	for (unsigned i = 0; i < 500; i++)
		send_as(fixture, i, 10, wrong);
	policy_fixture_tick(fixture, wrong);
	cr_expect(policy_tick(fixture->policy, NOON, &changes));
	policy_fixture_tick(fixture, NOON);
	cr_expect_eq(fixture->n_standings + changes.count, 1000);
	policy_fixture_tick(fixture, NOON + DAY + 3600);
	cr_expect_eq(fixture->n_standings + changes.count, 1500);
	cr_expect(fixture->standing.ended);
	policy_fixture_free(fixture);
}

Test(policy_standing_table, a_full_table_is_said_and_what_is_in_it_stays)
{
	const unsigned max = POLICY_STANDINGS_MAX;
	struct policy_fixture *fixture =
		policy_fixture_new_sized(LIMITED("on_limit = \"restrict\""), max + 100);
	struct policy_stats stats;

	for (unsigned i = 0; i <= max; i++) {
		send_as(fixture, i, 10, NOON);
		send_as(fixture, i, 1, NOON);
	}
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTED), max);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_STANDINGS_FULL), 1);
	policy_stats(fixture->policy, &stats);
	cr_expect_eq(stats.standings, max);
	cr_expect_eq(stats.standings_refused, 1);
	cr_expect_eq(policy_fixture_release(fixture, "user-0", NOON), 0);
	policy_fixture_tick(fixture, MIDNIGHT + DAY);
	send_as(fixture, max, 11, NOON);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_RESTRICTED), max + 1);
	policy_fixture_free(fixture);
}

Test(policy_standing_table, a_restricted_sender_survives_any_number_of_others)
{
	struct policy_fixture *fixture =
		policy_fixture_new_sized(LIMITED("on_limit = \"restrict\""), 1024);
	struct policy_stats stats;

	policy_fixture_send(fixture, 11, NOON);
	for (unsigned i = 0; i < 20000; i++)
		send_as(fixture, i, 1, NOON + i);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 20000).reason, REASON_RESTRICTED);
	policy_stats(fixture->policy, &stats);
	cr_expect_eq(stats.senders, 1024);
	cr_expect_eq(stats.senders_evicted, 20001 - 1024);
	policy_fixture_free(fixture);
}

Test(policy_standing_table, another_configuration_keeps_counts_and_standings)
{
	struct policy_fixture *fixture = policy_fixture_new(
		LIMITED("on_limit = \"restrict\"") "tenant \"t\" { domains = \"example.net\" "
						   "recipients_per_day = 100 }\n");
	struct policy_next *next;
	struct config *other;
	struct decision decision;

	policy_fixture_send(fixture, 9, NOON);
	other = config_file_load(TWO_POOLS "tenant \"s\" { }\n"
					   "tenant \"t\" { domains = \"example.net\" "
					   "recipients_per_day = 10 }\n");
	cr_assert_eq(policy_prepare(other, &next), 0);
	policy_commit(fixture->policy, next, NOON);
	config_free(fixture->config);
	fixture->config = other;
	decision = policy_fixture_send(fixture, 2, NOON);
	cr_expect_eq(decision.reason, REASON_OVER_LIMIT);
	cr_expect_eq(decision.steps[decision.n_steps - 1].limit, CONFIG_TENANT_RECIPIENTS_PER_DAY);
	cr_expect_eq(decision.steps[decision.n_steps - 1].count, 9);
	policy_fixture_free(fixture);
}
