/* SPDX-License-Identifier: BSD-2-Clause */
/* Another configuration: prepared, committed or given up. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "judge/judge.h"
#include "pool/lane.h"
#include "steering/steering.h"
#include "unit/config_file.h"
#include "unit/judge_fixture.h"

TestSuite(judge_reload, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

Test(judge_reload, a_configuration_that_cannot_be_taken_over_leaves_the_old_one_in_force)
{
	struct config *config = config_file_load(TWO_POOLS "decisions_max = 1024\n");
	struct judge_next *next = NULL;
	struct steering *steering;

	cr_assert_eq(steering_new(config, &judge_fixture.fake->datapath, judge_fixture.state,
				  &steering, &judge_fixture.error),
		     0);
	judge_fixture.fake->unreadable = 1U << MAP_USAGE;
	cr_assert_eq(judge_prepare(config, steering, &next, &judge_fixture.error), -EIO);
	judge_fixture.fake->unreadable = 0;
	steering_free(steering);
	config_free(config);
	judge_fixture_send_from("tenant-17", 10);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).decision.policy, "small");
	cr_assert_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	judge_tick(judge_fixture.judge, &judge_fixture.now);
}

Test(judge_reload, another_configuration_keeps_counts_and_verdicts)
{
	struct judge_explanation explanation;
	char other[2048];

	judge_fixture_send_from("tenant-17", 4);
	cr_assert_eq(judge_fixture_set("watched", &judge_fixture_to_spare), 0);
	judge_fixture_send_as("bob@example.net", 1);
	cr_assert_eq(judge_fixture_set("bob@example.net", &judge_fixture_to_spare), 0);
	judge_fixture_send_as("bob@example.net", 1);
	/* A new pool before "spare" in the file. */
	cr_assert_lt(snprintf(other, sizeof(other),
			      "pool \"extra\" { addresses = { \"192.0.2.40\" } }\n%s",
			      judge_fixture_configuration),
		     (int)sizeof(other));
	judge_fixture_follow(other);
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

/* The new pool replaces the old one in the file, and may take its id. */
Test(judge_reload, an_order_never_leads_to_another_pool)
{
	struct judge_explanation explanation;

	cr_assert_eq(judge_fixture_set("tenant-17", &judge_fixture_to_spare), 0, "%s",
		     judge_fixture.error.text);
	cr_assert_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "spare");
	judge_fixture_follow(TWO_POOLS "pool \"other\" { addresses = { \"192.0.2.50\" } }\n"
				       "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_assert_eq(judge_explain_sender(judge_fixture.judge, "tenant-17", &judge_fixture.now,
					  &explanation, &judge_fixture.error),
		     0);
	cr_expect_null(explanation.answer.pool);
	cr_expect_eq(judge_fixture_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "high-risk");
	cr_expect_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "high-risk");
	judge_fixture_follow(TWO_POOLS "pool \"third\" { addresses = { \"192.0.2.60\" } }\n"
				       "pool \"spare\" { addresses = { \"192.0.2.30\" } }\n"
				       "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_expect_str_eq(judge_fixture_verdict_of("tenant-17").pool_label, "spare");
	cr_expect_str_eq(judge_fixture_send_from("tenant-17", 1).pool, "spare");
}
