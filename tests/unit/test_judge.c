/* SPDX-License-Identifier: BSD-2-Clause */
/* From facts to maps: decisions, verdicts, connections. test_judge_persist.c has restarts. */
#include "judge/judge.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "steering/steering.h"
#include "pool/lane.h"
#include "unit/config_file.h"
#include "unit/judge_fixture.h"

TestSuite(judge, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

/* ---- answers */

Test(judge, an_answer_names_the_pool_its_lane_and_its_handles)
{
	struct message_decision answer = judge_fixture_send_from("tenant-17", 1);

	cr_assert_str_eq(answer.pool, "normal");
	cr_assert_str_eq(answer.lane->name, "postern-normal");
	cr_assert_str_eq(answer.handle_ipv4, "100.127.0.1");
	cr_assert_str_eq(answer.handle_ipv6, "fd70::1");
	answer = judge_fixture_ask(
		&(struct message_facts){.facts = {.sender = "tenant-17", .bounce = true}});
	cr_assert_str_eq(answer.pool, "high-risk");
	cr_assert_str_eq(answer.lane->name, "postern-high-risk");
	cr_assert_str_eq(answer.handle_ipv4, "100.127.0.2");
	cr_assert_str_empty(answer.handle_ipv6);
}

Test(judge, a_decision_is_explained_afterwards_with_its_figures)
{
	struct judge_explanation explanation;

	judge_fixture_ask(&(struct message_facts){
		.facts = {.message_id = "a@x", .sender = "tenant-17", .recipients_external = 7}});
	cr_assert_eq(judge_explain(judge_fixture.judge, "a@x", &judge_fixture.now, &explanation,
				   &judge_fixture.error),
		     0);
	cr_assert_eq(explanation.record.facts.recipients_external, 7);
	cr_assert_str_eq(explanation.answer.pool, "normal");
	cr_assert_str_eq(explanation.answer.handle_ipv4, "100.127.0.1");
	cr_assert_eq(judge_explain_sender(judge_fixture.judge, "Tenant-17", &judge_fixture.now,
					  &explanation, &judge_fixture.error),
		     0);
	cr_assert_eq(judge_explain(judge_fixture.judge, "b@x", &judge_fixture.now, &explanation,
				   &judge_fixture.error),
		     -ENOENT);
	judge_fixture.now.sec += DECISION_LOG_SEC + 1;
	cr_assert_eq(judge_explain(judge_fixture.judge, "a@x", &judge_fixture.now, &explanation,
				   &judge_fixture.error),
		     -ENOENT);
}

/* ---- verdicts */

Test(judge, a_limit_that_is_reached_is_in_the_map_at_once)
{
	judge_fixture_send_from("tenant-17", 9);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	judge_fixture_send_from("tenant-17", 1);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_assert_gt(judge_fixture_verdict_of("tenant-17").until_ns,
		     judge_fixture.now.ns + 3600 * NS_PER_SEC - 1);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").after_pool, POOL_NORMAL);
	cr_assert_eq(judge_fixture_news("verdict"), 1);
	cr_assert_eq(judge_fixture_news("warning"), 1);
	cr_assert_eq(judge_fixture.troubles, 0);
}

Test(judge, only_changes_are_written)
{
	judge_fixture_send_from("tenant-17", 10);
	judge_fixture.fake->writes = 0;
	for (int i = 0; i < 20; i++)
		judge_fixture_send_from("tenant-17", 1);
	cr_assert_eq(judge_fixture.fake->writes, 0);
	judge_fixture_send_as("bob@example.net", 20);
	cr_assert_eq(judge_fixture.fake->writes, 0);
}

Test(judge, when_there_is_room_again_the_verdict_ends)
{
	judge_fixture_send_from("tenant-17", 10);
	judge_fixture.now.sec += 3600 + 300;
	judge_fixture.now.ns += (3600 + 300) * NS_PER_SEC;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").until_ns, 0);
}

Test(judge, a_map_that_refuses_a_verdict_is_told_and_tried_again)
{
	judge_fixture.fake->writes_left = 1;
	judge_fixture_send_from("tenant-17", 10);
	cr_assert_eq(judge_fixture.troubles, 1);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "high-risk");
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	judge_fixture.fake->writes_left = 0;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	judge_fixture.fake->writes_left = 1;
	judge_fixture.now.sec += DAY;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	judge_fixture.fake->writes_left = 0;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	judge_fixture.fake->writes = 0;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture.fake->writes, 0);
}

/* ---- connections */

static void connect_as(const char *sender, uint64_t connections)
{
	const uint32_t id = judge_fixture_id_of(sender);
	struct usage usage = {.connections = connections};

	judge_fixture.fake->datapath.ops->put(&judge_fixture.fake->datapath, MAP_USAGE, &id,
					      &usage);
}

Test(judge, connections_over_the_limit_make_the_next_ones_high_risk)
{
	connect_as("watched", 2);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("watched").reason, REASON_GOOD);
	connect_as("watched", 3);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("watched").reason, REASON_OVER_LIMIT);
	cr_assert_eq(judge_fixture_verdict_of("watched").pool, POOL_HIGH_RISK);
}

Test(judge, events_of_a_burst_count_each_connection_once)
{
	connect_as("watched", 2);
	for (int i = 0; i < 10; i++)
		judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"),
				  &judge_fixture.now);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 2);
}

Test(judge, what_was_connected_before_the_start_is_history)
{
	connect_as("watched", 100);
	judge_fixture_restart();
	connect_as("watched", 101);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 1);
}

Test(judge, lost_events_are_made_good_from_the_counts)
{
	connect_as("watched", 3);
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 0);
	judge_fixture.fake->stats.events_lost++;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 3);
}

Test(judge, who_has_no_limit_of_connections_takes_no_place)
{
	struct judge_stats stats;

	connect_as("tenant-17", 50);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("tenant-17"),
			  &judge_fixture.now);
	judge_stats(judge_fixture.judge, &stats);
	cr_assert_eq(stats.policy.senders, 0);
}

/* Events may be lost or late while the configuration changes. */
Test(judge, a_change_of_configuration_counts_each_connection_once)
{
	connect_as("watched", 1);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	connect_as("watched", 2);
	judge_fixture_follow(judge_fixture_configuration);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 2);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 2);
}

/* Until then nobody took them. */
Test(judge, connections_from_before_a_limit_do_not_count_towards_it)
{
	connect_as("tenant-17", 50);
	judge_fixture_follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n"
				       "policy \"watched\" { senders = { \"tenant-17\" }"
				       " connections_per_minute = 5 }\n");
	connect_as("tenant-17", 51);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("tenant-17"),
			  &judge_fixture.now);
	cr_expect_eq(judge_fixture_counted("tenant-17", CONFIG_CONNECTIONS_PER_MINUTE), 1);
}

/* ---- bounces */

Test(judge, a_surge_of_bounces_is_told_with_its_likely_cause)
{
	for (int i = 0; i < SURGE_MIN; i++) {
		char recipient[32];

		snprintf(recipient, sizeof(recipient), "user%d@far.example", i);
		judge_fixture_ask(
			&(struct message_facts){.facts = {.envelope_from = "", .bounce = true},
						.bounce_to = "shop@near.example",
						.unknown_recipient = recipient,
						.origin = SURGE_SENT_HERE});
	}
	cr_assert_eq(judge_fixture_news("bounce-surge"), 1);
	cr_assert_str_eq(
		json_string_value(json_object_get(
			json_array_get(judge_fixture.news, json_array_size(judge_fixture.news) - 1),
			"cause")),
		"harvest");
}

Test(judge, a_bounce_of_what_was_decided_here_was_sent_here)
{
	for (int i = 0; i < SURGE_MIN; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%d@near.example", i);
		judge_fixture_ask(&(struct message_facts){
			.facts = {.message_id = id, .sender = "tenant-17"}});
		judge_fixture_ask(
			&(struct message_facts){.facts = {.envelope_from = "", .bounce = true},
						.bounce_to = "shop@near.example",
						.original_id = id,
						.origin = SURGE_NOT_SENT_HERE});
	}
	cr_assert_eq(
		json_integer_value(json_object_get(
			json_array_get(judge_fixture.news, json_array_size(judge_fixture.news) - 1),
			"not_sent_here")),
		0);
}
