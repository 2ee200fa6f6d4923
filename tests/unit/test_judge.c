/* SPDX-License-Identifier: BSD-2-Clause */
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

/* ---- by hand */

static const struct manual_order to_spare = {.action = VERDICT_STEER, .pool = "spare"};

Test(judge, no_lane_is_named_where_the_pool_has_none_or_none_is_steered_to)
{
	const struct manual_order drop = {.action = VERDICT_DROP};
	struct message_decision answer;

	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), 0, "%s", judge_fixture.error.text);
	answer = judge_fixture_send_from("tenant-17", 1);
	cr_assert_str_eq(answer.pool, "spare");
	cr_assert_null(answer.lane);
	cr_assert_eq(judge_fixture_set("tenant-17", &drop), 0, "%s", judge_fixture.error.text);
	answer = judge_fixture_send_from("tenant-17", 1);
	cr_assert_eq(answer.decision.action, DECISION_DEFER);
	cr_assert_null(answer.lane);
}

Test(judge, a_verdict_by_hand_holds_for_connections_and_for_messages)
{
	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), 0, "%s", judge_fixture.error.text);
	cr_assert_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "spare");
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "tenant-17", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "normal");
}

Test(judge, who_has_no_selector_gets_a_verdict_once_seen)
{
	cr_assert_eq(judge_fixture_set("bob@example.net", &to_spare), -ENOENT);
	cr_assert_str_eq(judge_fixture.error.text, "no sender 'bob@example.net'");
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("bob@example.net", &to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_str_eq(judge_fixture_send_as("Bob@example.net", 1).pool, "spare");
}

Test(judge, a_verdict_by_hand_ends_with_its_time_for_good)
{
	struct manual_order verdict = to_spare;

	verdict.until_sec = judge_fixture.now.sec + 60;
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("tenant-17", &verdict), 0);
	cr_assert_eq(judge_fixture_set("bob@example.net", &verdict), 0);
	judge_fixture.now.sec += 60;
	judge_tick(judge_fixture.judge, &judge_fixture.now);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	judge_fixture.now.sec -= 60;
	judge_fixture_restart();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(judge_fixture_send_as("bob@example.net", 1).pool, "normal");
}

Test(judge, what_was_taken_back_is_gone_however_the_name_was_written)
{
	judge_report(judge_fixture.judge, "eve@spam.example", &judge_fixture.now,
		     &judge_fixture.error);
	judge_report(judge_fixture.judge, "eve@spam.example", &judge_fixture.now,
		     &judge_fixture.error);
	cr_assert_eq(judge_fixture_set("Eve@Spam.example", &to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_eq(judge_fixture_set("EVE@spam.example", &to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "eve@SPAM.example",
					 &judge_fixture.now, &judge_fixture.error),
		     0);
	cr_assert_str_eq(judge_fixture_send_as("eve@spam.example", 1).pool, "high-risk");
	judge_fixture_restart();
	cr_assert_str_eq(judge_fixture_send_as("eve@spam.example", 1).pool, "high-risk");
}

static void follow(const char *text)
{
	struct steering *old_control = judge_fixture.steering;
	struct config *old_config = judge_fixture.config;
	struct judge_next *next;

	judge_fixture.config = config_file_load(text);
	cr_assert_eq(steering_new(judge_fixture.config, &judge_fixture.fake->datapath,
				  judge_fixture.state, &judge_fixture.steering,
				  &judge_fixture.error),
		     0);
	cr_assert_eq(judge_prepare(judge_fixture.judge, judge_fixture.config,
				   judge_fixture.steering, &judge_fixture.now, &next,
				   &judge_fixture.error),
		     0);
	cr_assert_eq(
		steering_sync(judge_fixture.steering, &judge_fixture.now, &judge_fixture.error), 0);
	judge_commit(judge_fixture.judge, next, &judge_fixture.now);
	steering_free(old_control);
	config_free(old_config);
}

Test(judge, what_was_taken_back_while_its_pool_was_away_stays_taken_back)
{
	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), 0, "%s", judge_fixture.error.text);
	follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "tenant-17", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	follow(judge_fixture_configuration);
	judge_fixture_restart();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judge, a_verdict_by_hand_waits_for_its_pool_to_come_back)
{
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), 0, "%s", judge_fixture.error.text);
	cr_assert_eq(judge_fixture_set("bob@example.net", &to_spare), 0, "%s",
		     judge_fixture.error.text);
	follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_expect_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_expect_str_eq(judge_fixture_send_as("bob@example.net", 1).pool, "normal");
	follow(judge_fixture_configuration);
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
	cr_expect_str_eq(judge_fixture_send_as("bob@example.net", 1).pool, "spare");
	judge_fixture_restart();
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
}

Test(judge, what_the_map_refuses_is_not_set_at_all)
{
	judge_fixture.fake->writes_left = 1;
	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), -EIO);
	judge_fixture.fake->writes_left = 0;
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "normal");
	judge_fixture_restart();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judge, what_makes_no_sense_is_refused)
{
	struct manual_order nowhere = {.action = VERDICT_STEER, .pool = "nowhere"};

	cr_assert_eq(judge_fixture_set("tenant-17", &nowhere), -EINVAL);
	cr_assert_str_eq(judge_fixture.error.text, "no pool 'nowhere'");
	cr_assert_eq(judge_fixture_set("nobody", &to_spare), -ENOENT);
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "nobody", &judge_fixture.now,
					 &judge_fixture.error),
		     -ENOENT);
	cr_assert_eq(judge_release(judge_fixture.judge, "tenant-17", &judge_fixture.now,
				   &judge_fixture.error),
		     -ENOENT);
	cr_assert_eq(
		judge_report(judge_fixture.judge, "", &judge_fixture.now, &judge_fixture.error),
		-EINVAL);
}

Test(judge, reports_make_a_sender_high_risk_until_it_is_released)
{
	judge_report(judge_fixture.judge, "eve@spam.example", &judge_fixture.now,
		     &judge_fixture.error);
	cr_assert_str_eq(judge_fixture_send_as("eve@spam.example", 1).pool, "normal");
	judge_report(judge_fixture.judge, "eve@spam.example", &judge_fixture.now,
		     &judge_fixture.error);
	cr_assert_str_eq(judge_fixture_send_as("eve@spam.example", 1).pool, "high-risk");
	cr_assert_eq(judge_fixture_news("spam-sender"), 1);
	cr_assert_eq(judge_release(judge_fixture.judge, "eve@spam.example", &judge_fixture.now,
				   &judge_fixture.error),
		     0);
	cr_assert_str_eq(judge_fixture_send_as("eve@spam.example", 1).pool, "normal");
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

/* ---- another configuration */

Test(judge, a_configuration_that_cannot_be_taken_over_leaves_the_old_one_in_force)
{
	struct config *config = config_file_load(TWO_POOLS "decisions_max = 1024\n");
	struct judge_next *next = NULL;
	struct steering *steering;

	cr_assert_eq(steering_new(config, &judge_fixture.fake->datapath, judge_fixture.state,
				  &steering, &judge_fixture.error),
		     0);
	judge_fixture.fake->unreadable = 1U << MAP_USAGE;
	cr_assert_eq(judge_prepare(judge_fixture.judge, config, steering, &judge_fixture.now, &next,
				   &judge_fixture.error),
		     -EIO);
	judge_fixture.fake->unreadable = 0;
	steering_free(steering);
	config_free(config);
	judge_fixture_send_from("tenant-17", 10);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).decision.policy, "small");
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	judge_tick(judge_fixture.judge, &judge_fixture.now);
}

Test(judge, another_configuration_keeps_counts_and_verdicts)
{
	struct judge_explanation explanation;
	char other[2048];

	judge_fixture_send_from("tenant-17", 4);
	cr_assert_eq(judge_fixture_set("watched", &to_spare), 0);
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("bob@example.net", &to_spare), 0);
	judge_fixture_send_as("bob@example.net", 1);
	/* Another pool before "spare": the ids of the configuration move on. */
	cr_assert_lt(snprintf(other, sizeof(other),
			      "pool \"extra\" { addresses = { \"192.0.2.40\" } }\n%s",
			      judge_fixture_configuration),
		     (int)sizeof(other));
	follow(other);
	cr_assert_eq(judge_fixture_counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
	cr_assert_str_eq(judge_fixture_verdict_of("watched").pool_label, "spare");
	cr_assert_eq(judge_explain_sender(judge_fixture.judge, "bob@example.net",
					  &judge_fixture.now, &explanation, &judge_fixture.error),
		     0);
	cr_assert_str_eq(explanation.answer.pool, "spare");
	cr_assert_str_eq(judge_fixture_send_as("bob@example.net", 1).pool, "spare");
	judge_fixture_send_from("tenant-17", 6);
	cr_assert_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "high-risk");
}

/* Events may be lost, or still to come, when the configuration changes. */
Test(judge, a_change_of_configuration_counts_each_connection_once)
{
	connect_as("watched", 1);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	connect_as("watched", 2);
	follow(judge_fixture_configuration);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 2);
	judge_connections(judge_fixture.judge, judge_fixture_id_of("watched"), &judge_fixture.now);
	cr_assert_eq(judge_fixture_counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 2);
}

/* The new pool takes the place of the old one in the file, and may take its id. */
Test(judge, an_order_never_leads_to_another_pool)
{
	struct judge_explanation explanation;

	cr_assert_eq(judge_fixture_set("tenant-17", &to_spare), 0, "%s", judge_fixture.error.text);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "spare");
	follow(TWO_POOLS "pool \"other\" { addresses = { \"192.0.2.50\" } }\n"
			 "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_assert_eq(judge_explain_sender(judge_fixture.judge, "tenant-17", &judge_fixture.now,
					  &explanation, &judge_fixture.error),
		     0);
	cr_expect_null(explanation.answer.pool);
	cr_expect_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_expect_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "normal");
	follow(TWO_POOLS "pool \"third\" { addresses = { \"192.0.2.60\" } }\n"
			 "pool \"spare\" { addresses = { \"192.0.2.30\" } }\n"
			 "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
	cr_expect_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "spare");
}
