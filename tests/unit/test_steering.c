/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Effects of a configuration and of orders on the maps. test_steering_kept.c has restarts and other
 * configurations.
 */
#include "steering/steering.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "unit/steering_fixture.h"

TestSuite(steering, .init = steering_fixture_open, .fini = steering_fixture_close);

static const struct sender_verdict good = {VERDICT_STEER, POOL_NORMAL, REASON_GOOD, 0};
static const struct sender_verdict restricted = {VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, 0};

Test(steering, a_sync_fills_every_map)
{
	struct control value;
	const uint32_t zero = 0;

	cr_assert_eq(steering_fixture.fake->maps[MAP_POOLS].count, 2);
	cr_assert_eq(steering_fixture.fake->maps[MAP_ADDRS].count, 3);
	cr_assert_eq(steering_fixture.fake->maps[MAP_ADDRUSE].count, 3);
	/* Two senders, two pools' handles, the unknown. */
	cr_assert_eq(steering_fixture.fake->maps[MAP_VERDICT].count, 5);
	cr_assert_eq(steering_fixture.fake->maps[MAP_USAGE].count, 5);
	/* A mark, a uid, two handles; one prefix. */
	cr_assert_eq(steering_fixture.fake->maps[MAP_SENDERS].count, 4);
	cr_assert_eq(steering_fixture.fake->maps[MAP_NETS].count, 1);
	steering_fixture.fake->datapath.ops->get(&steering_fixture.fake->datapath, MAP_CONTROL,
						 &zero, &value);
	cr_assert_eq(value.selector_kinds, 1u << SELECTOR_ADDRESS | 1u << SELECTOR_MARK |
						   1u << SELECTOR_UID | 1u << SELECTOR_NET);
}

Test(steering, verdicts_by_policy_have_their_pool_and_reason)
{
	struct verdict tenant = steering_fixture_verdict_of("tenant-17");
	struct verdict lane = steering_fixture_verdict_of("handle/high-risk");
	struct verdict unknown = steering_fixture_verdict_of("(unknown)");

	cr_assert_eq(tenant.action, VERDICT_STEER);
	cr_assert_eq(tenant.reason, REASON_GOOD);
	cr_assert_str_eq(tenant.pool_label, "normal");
	cr_assert_eq(lane.pool, POOL_HIGH_RISK);
	cr_assert_eq(lane.reason, REASON_HANDLE);
	cr_assert_eq(unknown.pool, POOL_NORMAL);
	cr_assert_eq(unknown.reason, REASON_UNKNOWN_SENDER);
	cr_assert_eq(steering_sender_find(steering_fixture.steering, "(unknown)")->id,
		     SENDER_UNKNOWN);
}

Test(steering, a_second_sync_writes_nothing)
{
	steering_fixture.fake->writes = steering_fixture.fake->removals = 0;
	cr_assert_eq(steering_sync(steering_fixture.steering,
				   &(struct now){.ns = NOW_NS, .sec = NOW_SEC},
				   &steering_fixture.error),
		     0);
	cr_assert_eq(steering_fixture.fake->writes, 0);
	cr_assert_eq(steering_fixture.fake->removals, 0);
}

Test(steering, a_verdict_by_hand_is_one_write)
{
	struct verdict verdict;

	steering_fixture.fake->writes = 0;
	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	verdict = steering_fixture_verdict_of("tenant-17");
	cr_assert_eq(steering_fixture.fake->writes, 1);
	cr_assert_eq(verdict.pool, POOL_HIGH_RISK);
	cr_assert_eq(verdict.reason, REASON_MANUAL);
	cr_assert_eq(verdict.until_ns, NOW_NS + 60 * NS_PER_SEC);
	cr_assert_eq(verdict.after_action, VERDICT_STEER);
	cr_assert_eq(verdict.after_pool, POOL_NORMAL);
}

Test(steering, after_a_verdict_on_a_lane_its_own_pool_holds_again)
{
	const struct sender_verdict block = {VERDICT_DROP, POOL_NONE, REASON_MANUAL, NOW_SEC + 60};

	cr_assert_eq(steering_fixture_apply("handle/high-risk", &block), 0);
	cr_assert_eq(steering_fixture_verdict_of("handle/high-risk").action, VERDICT_DROP);
	cr_assert_eq(steering_fixture_verdict_of("handle/high-risk").after_pool, POOL_HIGH_RISK);
}

Test(steering, the_high_risk_lane_is_never_steered_to_normal_nor_passed)
{
	struct manual_order verdict = {.action = VERDICT_STEER, .pool = "normal"};
	struct policy_manual manual;

	cr_assert_eq(steering_check_verdict(steering_fixture.steering, "handle/high-risk", &verdict,
					    &manual, &steering_fixture.error),
		     -EINVAL);
	verdict = (struct manual_order){.action = VERDICT_PASS};
	cr_assert_eq(steering_check_verdict(steering_fixture.steering, "handle/normal", &verdict,
					    &manual, &steering_fixture.error),
		     -EINVAL);
	verdict.action = VERDICT_DROP;
	cr_assert_eq(steering_check_verdict(steering_fixture.steering, "handle/normal", &verdict,
					    &manual, &steering_fixture.error),
		     0);
}

Test(steering, the_high_risk_lane_is_never_steered_to_where_normal_comes_next)
{
	const struct manual_order verdict = {.action = VERDICT_STEER, .pool = "spare"};
	const struct config_pool spare = {.name = "spare",
					  .id = POOL_FIRST_FREE,
					  .when_empty = &steering_fixture.pools[0],
					  .addresses = steering_fixture.spare_addresses,
					  .n_addresses = 1};
	struct policy_manual manual;

	steering_fixture.pools[2] = spare;
	steering_free(steering_fixture.steering);
	steering_fixture.config.n_pools = 3;
	steering_fixture_begin();
	cr_assert_eq(steering_check_verdict(steering_fixture.steering, "handle/normal", &verdict,
					    &manual, &steering_fixture.error),
		     0);
	cr_assert_eq(steering_check_verdict(steering_fixture.steering, "handle/high-risk", &verdict,
					    &manual, &steering_fixture.error),
		     -EINVAL);
	cr_assert_str_eq(steering_fixture.error.text,
			 "'handle/high-risk' cannot be steered to 'spare', whose when_empty "
			 "leads to 'normal': high-risk mail never is");
	/* The order is older than the way through when_empty. */
	steering_fixture_steer("handle/high-risk", POOL_FIRST_FREE, 0);
	cr_assert_eq(steering_fixture_verdict_of("handle/high-risk").pool, POOL_HIGH_RISK);
}

Test(steering, where_nothing_holds_any_more_the_configuration_does)
{
	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, 0);
	cr_assert_eq(steering_fixture_apply("tenant-17", &good), 0);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").pool, POOL_NORMAL);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(steering, what_holds_already_is_not_written_again)
{
	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	steering_fixture.fake->writes = 0;
	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(steering_fixture.fake->writes, 0);
	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 61);
	cr_assert_eq(steering_fixture.fake->writes, 1);
}

Test(steering, what_comes_after_is_written_with_what_holds_now)
{
	const struct steering_standing standing = {
		{VERDICT_STEER, POOL_HIGH_RISK, REASON_MANUAL, NOW_SEC + 60}, restricted};

	/* The same verdict now, another one afterwards. */
	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").after_action, VERDICT_STEER);
	cr_assert_eq(steering_apply(steering_fixture.steering, "tenant-17", &standing,
				    &(struct now){.ns = NOW_NS, .sec = NOW_SEC},
				    &steering_fixture.error),
		     0);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").after_action, VERDICT_DROP);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").after_pool, POOL_NONE);
}

Test(steering, names_are_the_same_in_upper_and_lower_case)
{
	cr_assert_eq(steering_fixture_apply("Tenant-17", &restricted), 0);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").action, VERDICT_DROP);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").reason, REASON_RESTRICTED);
}

Test(steering, who_has_a_limit_of_connections_is_watched)
{
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").reported, 0);
	steering_fixture.policies[0].limits[CONFIG_CONNECTIONS_PER_MINUTE] = 10;
	steering_fixture_restart();
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").reported, 1);
	cr_assert_eq(steering_fixture_verdict_of("(unknown)").reported, 0);
}

Test(steering, who_is_called_like_a_lane_or_nobody_does_not_become_it)
{
	cr_assert_eq(steering_fixture_apply("handle/normal", &restricted), 0);
	cr_assert_eq(steering_fixture_apply("(unknown)", &restricted), 0);
	cr_assert_eq(steering_fixture_verdict_of("handle/normal").action, VERDICT_STEER);
	cr_assert_eq(steering_fixture_verdict_of("(unknown)").action, VERDICT_STEER);
}

static uint32_t taken;

static void take(void *data, const struct steering_sender *sender, uint32_t count)
{
	(void)data;
	cr_assert_str_eq(sender->name, "tenant-17");
	taken += count;
}

Test(steering, connections_are_taken_once_each)
{
	const struct steering_sender *sender =
		steering_sender_find(steering_fixture.steering, "tenant-17");
	struct usage usage = {.connections = 5};
	uint32_t count;

	steering_fixture.fake->datapath.ops->put(&steering_fixture.fake->datapath, MAP_USAGE,
						 &sender->id, &usage);
	cr_assert_eq(
		steering_take_connections(steering_fixture.steering, sender->id, &sender, &count),
		0);
	cr_assert_eq(count, 5);
	cr_assert_eq(
		steering_take_connections(steering_fixture.steering, sender->id, &sender, &count),
		0);
	cr_assert_eq(count, 0);
	usage.connections = 7;
	steering_fixture.fake->datapath.ops->put(&steering_fixture.fake->datapath, MAP_USAGE,
						 &sender->id, &usage);
	cr_assert_eq(steering_take_all_connections(steering_fixture.steering, take, NULL,
						   &steering_fixture.error),
		     0);
	cr_assert_eq(taken, 2);
	usage.connections = 3; /* the maps were replaced */
	steering_fixture.fake->datapath.ops->put(&steering_fixture.fake->datapath, MAP_USAGE,
						 &sender->id, &usage);
	cr_assert_eq(steering_take_all_connections(steering_fixture.steering, take, NULL,
						   &steering_fixture.error),
		     0);
	cr_assert_eq(taken, 5);
	cr_assert_eq(steering_take_connections(steering_fixture.steering, 4711, &sender, &count),
		     -ENOENT);
}

Test(steering, draining_writes_only_the_drained_share)
{
	struct address address = steering_fixture.normal_addresses[0].address;
	uint32_t id =
		pool_find_address(&steering_pools(steering_fixture.steering)->pools[0], &address)
			->id;
	unsigned share = 0;

	for (uint32_t i = 0; i < POSTERN_SLOTS; i++)
		share += steering_fixture_slot_of(POOL_NORMAL, i) == id;
	steering_fixture.fake->writes = 0;
	cr_assert_eq(steering_set_address(steering_fixture.steering, "normal", &address,
					  ADDRESS_DRAINING, &steering_fixture.error),
		     0);
	/* The slots, the address' entry, the pool's count of active ones. */
	cr_assert_eq(steering_fixture.fake->writes, share + 2);
}

Test(steering, cutting_marks_the_verdict_and_then_raises_the_counter)
{
	struct control value;
	const uint32_t zero = 0;

	cr_assert_eq(steering_cut(steering_fixture.steering, "tenant-17", NOW_NS,
				  &steering_fixture.error),
		     0);
	steering_fixture.fake->datapath.ops->get(&steering_fixture.fake->datapath, MAP_CONTROL,
						 &zero, &value);
	cr_assert_eq(value.cuts, 1);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").cut_ns, NOW_NS);
	/* A later verdict keeps the cut. */
	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, 0);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").cut_ns, NOW_NS);
}

Test(steering, a_map_that_refuses_the_write_changes_nothing)
{
	steering_fixture.fake->writes_left = 1;
	cr_assert_eq(steering_fixture_apply("tenant-17", &restricted), -EIO);
	cr_assert_eq(
		steering_sender_find(steering_fixture.steering, "tenant-17")->standing.now.reason,
		REASON_GOOD);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").action, VERDICT_STEER);
}

Test(steering, unknown_names_are_refused)
{
	const struct manual_order verdict = {.action = VERDICT_STEER, .pool = "nowhere"};
	struct policy_manual manual;
	struct address address;

	address_parse("203.0.113.1", &address);
	cr_assert_eq(steering_check_verdict(steering_fixture.steering, "tenant-17", &verdict,
					    &manual, &steering_fixture.error),
		     -EINVAL);
	cr_assert_str_eq(steering_fixture.error.text, "no pool 'nowhere'");
	cr_assert_eq(steering_fixture_apply("tenant-18", &restricted), 0);
	cr_assert_eq(steering_set_pool(steering_fixture.steering, "nowhere", POOL_DISABLED,
				       &steering_fixture.error),
		     -ENOENT);
	cr_assert_eq(steering_set_address(steering_fixture.steering, "normal", &address,
					  ADDRESS_DRAINING, &steering_fixture.error),
		     -ENOENT);
}

Test(steering, a_reader_cannot_change_anything)
{
	steering_free(steering_fixture.steering);
	cr_assert_eq(steering_new(&steering_fixture.config, &steering_fixture.fake->datapath, NULL,
				  &steering_fixture.steering, &steering_fixture.error),
		     0);
	cr_assert_eq(steering_cut(steering_fixture.steering, "tenant-17", NOW_NS,
				  &steering_fixture.error),
		     -EROFS);
	cr_assert_eq(steering_set_pool(steering_fixture.steering, "normal", POOL_DISABLED,
				       &steering_fixture.error),
		     -EROFS);
}
