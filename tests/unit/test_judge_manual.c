/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders: manual verdicts, releases, complaints. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "judge/judge.h"
#include "pool/lane.h"
#include "steering/steering.h"
#include "unit/config_file.h"
#include "unit/judge_fixture.h"

TestSuite(judge_manual, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

Test(judge_manual, no_lane_is_named_where_the_pool_has_none_or_none_is_steered_to)
{
	const struct manual_order drop = {.action = VERDICT_DROP};
	struct message_decision answer;

	cr_assert_eq(judge_fixture_set("tenant-17", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	answer = judge_fixture_send_from("tenant-17", 1);
	cr_assert_str_eq(answer.pool, "spare");
	cr_assert_null(answer.lane);
	cr_assert_eq(judge_fixture_set("tenant-17", &drop), 0, "%s", judge_fixture.error.text);
	answer = judge_fixture_send_from("tenant-17", 1);
	cr_assert_eq(answer.decision.action, DECISION_DEFER);
	cr_assert_null(answer.lane);
}

Test(judge_manual, a_verdict_by_hand_holds_for_connections_and_for_messages)
{
	cr_assert_eq(judge_fixture_set("tenant-17", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "spare");
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "tenant-17", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "normal");
}

Test(judge_manual, who_has_no_selector_gets_a_verdict_once_seen)
{
	cr_assert_eq(judge_fixture_set("bob@example.net", &judge_fixture_to_spare), -ENOENT);
	cr_assert_str_eq(judge_fixture.error.text, "no sender 'bob@example.net'");
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("bob@example.net", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_str_eq(judge_fixture_send_as("Bob@example.net", 1).pool, "spare");
}

Test(judge_manual, a_verdict_by_hand_ends_with_its_time_for_good)
{
	struct manual_order verdict = judge_fixture_to_spare;

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

Test(judge_manual, what_was_taken_back_is_gone_however_the_name_was_written)
{
	judge_report(judge_fixture.judge, "eve@spam.example", &judge_fixture.now,
		     &judge_fixture.error);
	judge_report(judge_fixture.judge, "eve@spam.example", &judge_fixture.now,
		     &judge_fixture.error);
	cr_assert_eq(judge_fixture_set("Eve@Spam.example", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_eq(judge_fixture_set("EVE@spam.example", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "eve@SPAM.example",
					 &judge_fixture.now, &judge_fixture.error),
		     0);
	cr_assert_str_eq(judge_fixture_send_as("eve@spam.example", 1).pool, "high-risk");
	judge_fixture_restart();
	cr_assert_str_eq(judge_fixture_send_as("eve@spam.example", 1).pool, "high-risk");
}

Test(judge_manual, what_was_taken_back_while_its_pool_was_away_stays_taken_back)
{
	cr_assert_eq(judge_fixture_set("tenant-17", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	judge_fixture_follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_assert_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "high-risk");
	cr_assert_eq(judge_clear_verdict(judge_fixture.judge, "tenant-17", &judge_fixture.now,
					 &judge_fixture.error),
		     0);
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
	judge_fixture_follow(judge_fixture_configuration);
	judge_fixture_restart();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judge_manual, a_verdict_by_hand_waits_for_its_pool_to_come_back)
{
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("tenant-17", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_eq(judge_fixture_set("bob@example.net", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	judge_fixture_follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	/* Both were sent away from normal. */
	cr_expect_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "high-risk");
	cr_expect_str_eq(judge_fixture_send_as("bob@example.net", 1).pool, "high-risk");
	judge_fixture_follow(judge_fixture_configuration);
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
	cr_expect_str_eq(judge_fixture_send_as("bob@example.net", 1).pool, "spare");
	judge_fixture_restart();
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
}

Test(judge_manual, what_the_map_refuses_is_not_set_at_all)
{
	judge_fixture.fake->writes_left = 1;
	cr_assert_eq(judge_fixture_set("tenant-17", &judge_fixture_to_spare), -EIO);
	judge_fixture.fake->writes_left = 0;
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "normal");
	judge_fixture_restart();
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judge_manual, what_makes_no_sense_is_refused)
{
	struct manual_order nowhere = {.action = VERDICT_STEER, .pool = "nowhere"};

	cr_assert_eq(judge_fixture_set("tenant-17", &nowhere), -EINVAL);
	cr_assert_str_eq(judge_fixture.error.text, "no pool 'nowhere'");
	cr_assert_eq(judge_fixture_set("nobody", &judge_fixture_to_spare), -ENOENT);
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

Test(judge_manual, reports_make_a_sender_high_risk_until_it_is_released)
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
