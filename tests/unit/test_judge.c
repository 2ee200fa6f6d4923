// SPDX-License-Identifier: BSD-2-Clause
/* From facts to maps: answers, verdicts, connections. What outlives the process is test_judge_persist.c's. */
#include "judge/judge.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "steering/steering.h"
#include "pool/lane.h"
#include "unit/config_file.h"
#include "unit/judge_fixture.h"

TestSuite(judge, .init = court_open_kept, .fini = court_close);

/* ---- answers */

Test(judge, an_answer_names_the_pool_its_lane_and_its_handles)
{
	struct judge_answer answer = court_send_from("tenant-17", 1);

	cr_assert_str_eq(answer.pool, "normal");
	cr_assert_str_eq(answer.lane->name, "postern-normal");
	cr_assert_str_eq(answer.handle_ipv4, "100.127.0.1");
	cr_assert_str_eq(answer.handle_ipv6, "fd70::1");
	answer = court_ask(
		&(struct judge_message){.facts = {.sender = "tenant-17", .bounce = true}});
	cr_assert_str_eq(answer.pool, "high-risk");
	cr_assert_str_eq(answer.lane->name, "postern-high-risk");
	cr_assert_str_eq(answer.handle_ipv4, "100.127.0.2");
	cr_assert_str_empty(answer.handle_ipv6);
}

Test(judge, a_decision_is_explained_afterwards_with_its_figures)
{
	struct judge_explanation explanation;

	court_ask(&(struct judge_message){
		.facts = {.message_id = "a@x", .sender = "tenant-17", .recipients_external = 7}});
	cr_assert_eq(judge_explain(court.judge, "a@x", &court.now, &explanation, &court.error), 0);
	cr_assert_eq(explanation.kept.facts.recipients_external, 7);
	cr_assert_str_eq(explanation.answer.pool, "normal");
	cr_assert_str_eq(explanation.answer.handle_ipv4, "100.127.0.1");
	cr_assert_eq(judge_explain_sender(court.judge, "Tenant-17", &court.now, &explanation,
					  &court.error),
		     0);
	cr_assert_eq(judge_explain(court.judge, "b@x", &court.now, &explanation, &court.error),
		     -ENOENT);
	court.now.sec += DECISIONS_KEPT_SEC + 1;
	cr_assert_eq(judge_explain(court.judge, "a@x", &court.now, &explanation, &court.error),
		     -ENOENT);
}

/* ---- verdicts */

Test(judge, a_limit_that_is_reached_is_in_the_map_at_once)
{
	court_send_from("tenant-17", 9);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	court_send_from("tenant-17", 1);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	cr_assert_eq(court_verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_assert_gt(court_verdict_of("tenant-17").until_ns, court.now.ns + 3600 * NS_PER_SEC - 1);
	cr_assert_eq(court_verdict_of("tenant-17").after_pool, POOL_NORMAL);
	cr_assert_eq(court_news("verdict"), 1);
	cr_assert_eq(court_news("warning"), 1);
	cr_assert_eq(court.troubles, 0);
}

Test(judge, only_changes_are_written)
{
	court_send_from("tenant-17", 10);
	court.fake->writes = 0;
	for (int i = 0; i < 20; i++)
		court_send_from("tenant-17", 1);
	cr_assert_eq(court.fake->writes, 0);
	court_send_as("bob@example.net", 20);
	cr_assert_eq(court.fake->writes, 0);
}

Test(judge, when_there_is_room_again_the_verdict_ends)
{
	court_send_from("tenant-17", 10);
	court.now.sec += 3600 + 300;
	court.now.ns += (3600 + 300) * NS_PER_SEC;
	judge_tick(court.judge, &court.now);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(court_verdict_of("tenant-17").until_ns, 0);
}

Test(judge, a_map_that_refuses_a_verdict_is_told_and_tried_again)
{
	court.fake->writes_left = 1;
	court_send_from("tenant-17", 10);
	cr_assert_eq(court.troubles, 1);
	cr_assert_str_eq(court_send_from("tenant-17", 1).pool, "high-risk");
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	court.fake->writes_left = 0;
	judge_tick(court.judge, &court.now);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	court.fake->writes_left = 1;
	court.now.sec += DAY;
	judge_tick(court.judge, &court.now);
	court.fake->writes_left = 0;
	judge_tick(court.judge, &court.now);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	court.fake->writes = 0;
	judge_tick(court.judge, &court.now);
	cr_assert_eq(court.fake->writes, 0);
}

/* ---- by hand */

static const struct manual_order to_spare = {.action = VERDICT_STEER, .pool = "spare"};

Test(judge, no_lane_is_named_where_the_pool_has_none_or_none_is_steered_to)
{
	const struct manual_order drop = {.action = VERDICT_DROP};
	struct judge_answer answer;

	cr_assert_eq(court_set("tenant-17", &to_spare), 0, "%s", court.error.text);
	answer = court_send_from("tenant-17", 1);
	cr_assert_str_eq(answer.pool, "spare");
	cr_assert_null(answer.lane);
	cr_assert_eq(court_set("tenant-17", &drop), 0, "%s", court.error.text);
	answer = court_send_from("tenant-17", 1);
	cr_assert_eq(answer.decision.action, DECISION_DEFER);
	cr_assert_null(answer.lane);
}

Test(judge, a_verdict_by_hand_holds_for_connections_and_for_messages)
{
	cr_assert_eq(court_set("tenant-17", &to_spare), 0, "%s", court.error.text);
	cr_assert_str_eq(court_verdict_of("tenant-17").pool_label, "spare");
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_str_eq(court_send_from("tenant-17", 1).pool, "spare");
	cr_assert_eq(judge_clear_verdict(court.judge, "tenant-17", &court.now, &court.error), 0);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(court_send_from("tenant-17", 1).pool, "normal");
}

Test(judge, who_has_no_selector_gets_a_verdict_once_seen)
{
	cr_assert_eq(court_set("bob@example.net", &to_spare), -ENOENT);
	cr_assert_str_eq(court.error.text, "no sender 'bob@example.net'");
	court_send_as("bob@example.net", 1);
	cr_assert_eq(court_set("bob@example.net", &to_spare), 0, "%s", court.error.text);
	cr_assert_str_eq(court_send_as("Bob@example.net", 1).pool, "spare");
}

Test(judge, a_verdict_by_hand_ends_with_its_time_for_good)
{
	struct manual_order verdict = to_spare;

	verdict.until_sec = court.now.sec + 60;
	court_send_as("bob@example.net", 1);
	cr_assert_eq(court_set("tenant-17", &verdict), 0);
	cr_assert_eq(court_set("bob@example.net", &verdict), 0);
	court.now.sec += 60;
	judge_tick(court.judge, &court.now);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	court.now.sec -= 60;
	court_restart();
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(court_send_as("bob@example.net", 1).pool, "normal");
}

Test(judge, what_was_taken_back_is_gone_however_the_name_was_written)
{
	judge_report(court.judge, "eve@spam.example", &court.now, &court.error);
	judge_report(court.judge, "eve@spam.example", &court.now, &court.error);
	cr_assert_eq(court_set("Eve@Spam.example", &to_spare), 0, "%s", court.error.text);
	cr_assert_eq(court_set("EVE@spam.example", &to_spare), 0, "%s", court.error.text);
	cr_assert_eq(judge_clear_verdict(court.judge, "eve@SPAM.example", &court.now, &court.error),
		     0);
	cr_assert_str_eq(court_send_as("eve@spam.example", 1).pool, "high-risk");
	court_restart();
	cr_assert_str_eq(court_send_as("eve@spam.example", 1).pool, "high-risk");
}

static void follow(const char *text)
{
	struct steering *old_control = court.steering;
	struct config *old_config = court.config;

	court.config = config_file_load(text);
	cr_assert_eq(steering_new(court.config, &court.fake->datapath, court.state, court.now.ns,
				  court.now.sec, &court.steering, &court.error),
		     0);
	cr_assert_eq(steering_sync(court.steering, court.now.ns, court.now.sec, &court.error), 0);
	cr_assert_eq(
		judge_follow(court.judge, court.config, court.steering, &court.now, &court.error),
		0);
	steering_free(old_control);
	config_free(old_config);
}

Test(judge, what_was_taken_back_while_its_pool_was_away_stays_taken_back)
{
	cr_assert_eq(court_set("tenant-17", &to_spare), 0, "%s", court.error.text);
	follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(judge_clear_verdict(court.judge, "tenant-17", &court.now, &court.error), 0);
	follow(court_configuration);
	court_restart();
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judge, a_verdict_by_hand_waits_for_its_pool_to_come_back)
{
	court_send_as("bob@example.net", 1);
	cr_assert_eq(court_set("tenant-17", &to_spare), 0, "%s", court.error.text);
	cr_assert_eq(court_set("bob@example.net", &to_spare), 0, "%s", court.error.text);
	follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_expect_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_expect_str_eq(court_send_as("bob@example.net", 1).pool, "normal");
	follow(court_configuration);
	cr_expect_str_eq(court_verdict_of("tenant-17").pool_label, "spare");
	cr_expect_str_eq(court_send_as("bob@example.net", 1).pool, "spare");
	court_restart();
	cr_expect_str_eq(court_verdict_of("tenant-17").pool_label, "spare");
}

Test(judge, a_cut_goes_with_the_verdict_however_the_name_is_written)
{
	struct manual_order verdict = to_spare;

	court_send_from("tenant-17", 1);
	verdict.cut = true;
	cr_assert_eq(court_set("Tenant-17", &verdict), 0, "%s", court.error.text);
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_gt(court_verdict_of("tenant-17").cut_ns, 0);
}

/* Flows are opened by the old verdict until the map has the new one, later than it was asked for. */
Test(judge, a_cut_is_of_the_moment_when_the_verdict_holds)
{
	struct manual_order verdict = to_spare;

	court.now.ns = clock_monotonic_ns();
	verdict.cut = true;
	cr_assert_eq(court_set("tenant-17", &verdict), 0);
	cr_assert_gt(court_verdict_of("tenant-17").cut_ns, court.now.ns);
	cr_assert_leq(court_verdict_of("tenant-17").cut_ns, clock_monotonic_ns());
}

Test(judge, what_the_map_refuses_is_not_set_at_all)
{
	court.fake->writes_left = 1;
	cr_assert_eq(court_set("tenant-17", &to_spare), -EIO);
	court.fake->writes_left = 0;
	cr_assert_str_eq(court_send_from("tenant-17", 1).pool, "normal");
	court_restart();
	cr_assert_eq(court_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judge, what_makes_no_sense_is_refused)
{
	struct manual_order nowhere = {.action = VERDICT_STEER, .pool = "nowhere"};

	cr_assert_eq(court_set("tenant-17", &nowhere), -EINVAL);
	cr_assert_str_eq(court.error.text, "no pool 'nowhere'");
	cr_assert_eq(court_set("nobody", &to_spare), -ENOENT);
	cr_assert_eq(judge_clear_verdict(court.judge, "nobody", &court.now, &court.error), -ENOENT);
	cr_assert_eq(judge_release(court.judge, "tenant-17", &court.now, &court.error), -ENOENT);
	cr_assert_eq(judge_report(court.judge, "", &court.now, &court.error), -EINVAL);
}

Test(judge, reports_make_a_sender_high_risk_until_it_is_released)
{
	judge_report(court.judge, "eve@spam.example", &court.now, &court.error);
	cr_assert_str_eq(court_send_as("eve@spam.example", 1).pool, "normal");
	judge_report(court.judge, "eve@spam.example", &court.now, &court.error);
	cr_assert_str_eq(court_send_as("eve@spam.example", 1).pool, "high-risk");
	cr_assert_eq(court_news("spam-sender"), 1);
	cr_assert_eq(judge_release(court.judge, "eve@spam.example", &court.now, &court.error), 0);
	cr_assert_str_eq(court_send_as("eve@spam.example", 1).pool, "normal");
}

/* ---- connections */

static void connect_as(const char *sender, uint64_t connections)
{
	const uint32_t id = court_id_of(sender);
	struct usage usage = {.connections = connections};

	court.fake->datapath.ops->put(&court.fake->datapath, MAP_USAGE, &id, &usage);
}

Test(judge, connections_over_the_limit_make_the_next_ones_high_risk)
{
	connect_as("watched", 2);
	judge_connections(court.judge, court_id_of("watched"), &court.now);
	cr_assert_eq(court_verdict_of("watched").reason, REASON_GOOD);
	connect_as("watched", 3);
	judge_connections(court.judge, court_id_of("watched"), &court.now);
	cr_assert_eq(court_verdict_of("watched").reason, REASON_OVER_LIMIT);
	cr_assert_eq(court_verdict_of("watched").pool, POOL_HIGH_RISK);
}

Test(judge, events_of_a_burst_count_each_connection_once)
{
	connect_as("watched", 2);
	for (int i = 0; i < 10; i++)
		judge_connections(court.judge, court_id_of("watched"), &court.now);
	cr_assert_eq(court_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 2);
}

Test(judge, what_was_connected_before_the_start_is_history)
{
	connect_as("watched", 100);
	court_restart();
	connect_as("watched", 101);
	judge_connections(court.judge, court_id_of("watched"), &court.now);
	cr_assert_eq(court_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 1);
}

Test(judge, lost_events_are_made_good_from_the_counts)
{
	connect_as("watched", 3);
	judge_tick(court.judge, &court.now);
	cr_assert_eq(court_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 0);
	court.fake->stats.events_lost++;
	judge_tick(court.judge, &court.now);
	cr_assert_eq(court_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 3);
}

Test(judge, who_has_no_limit_of_connections_takes_no_place)
{
	struct judge_stats stats;

	connect_as("tenant-17", 50);
	judge_connections(court.judge, court_id_of("tenant-17"), &court.now);
	judge_stats(court.judge, &stats);
	cr_assert_eq(stats.policy.senders, 0);
}

/* ---- bounces */

Test(judge, a_surge_of_bounces_is_told_with_its_likely_cause)
{
	for (int i = 0; i < SURGE_MIN; i++) {
		char recipient[32];

		snprintf(recipient, sizeof(recipient), "user%d@far.example", i);
		court_ask(&(struct judge_message){.facts = {.envelope_from = "", .bounce = true},
						  .bounce_to = "shop@near.example",
						  .unknown_recipient = recipient,
						  .origin = SURGE_SENT_HERE});
	}
	cr_assert_eq(court_news("bounce-surge"), 1);
	cr_assert_str_eq(
		json_string_value(json_object_get(
			json_array_get(court.news, json_array_size(court.news) - 1), "cause")),
		"harvest");
}

Test(judge, a_bounce_of_what_was_decided_here_was_sent_here)
{
	for (int i = 0; i < SURGE_MIN; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%d@near.example", i);
		court_ask(&(struct judge_message){
			.facts = {.message_id = id, .sender = "tenant-17"}});
		court_ask(&(struct judge_message){.facts = {.envelope_from = "", .bounce = true},
						  .bounce_to = "shop@near.example",
						  .original_id = id,
						  .origin = SURGE_NOT_SENT_HERE});
	}
	cr_assert_eq(json_integer_value(json_object_get(
			     json_array_get(court.news, json_array_size(court.news) - 1),
			     "not_sent_here")),
		     0);
}

/* ---- another configuration */

Test(judge, another_configuration_keeps_counts_and_verdicts)
{
	struct judge_explanation explanation;
	char other[2048];

	court_send_from("tenant-17", 4);
	cr_assert_eq(court_set("watched", &to_spare), 0);
	court_send_as("bob@example.net", 1);
	cr_assert_eq(court_set("bob@example.net", &to_spare), 0);
	court_send_as("bob@example.net", 1);
	/* Another pool before "spare": the ids of the configuration move on. */
	cr_assert_lt(snprintf(other, sizeof(other),
			      "pool \"extra\" { addresses = { \"192.0.2.40\" } }\n%s",
			      court_configuration),
		     (int)sizeof(other));
	follow(other);
	cr_assert_eq(court_counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
	cr_assert_str_eq(court_verdict_of("watched").pool_label, "spare");
	cr_assert_eq(judge_explain_sender(court.judge, "bob@example.net", &court.now, &explanation,
					  &court.error),
		     0);
	cr_assert_str_eq(explanation.answer.pool, "spare");
	cr_assert_str_eq(court_send_as("bob@example.net", 1).pool, "spare");
	court_send_from("tenant-17", 6);
	cr_assert_str_eq(court_verdict_of("tenant-17").pool_label, "high-risk");
}
