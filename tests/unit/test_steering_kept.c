/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts and ids after a restart, with another configuration, on other maps. */
#include "steering/steering.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "unit/steering_fixture.h"
#include "state_null.h"

TestSuite(steering_kept, .init = steering_fixture_open, .fini = steering_fixture_close);

static void save(const char *sender, const char *pool, int64_t until_sec)
{
	const struct saved_order verdict = {.sender = sender,
					    .action = *pool ? VERDICT_STEER : VERDICT_DROP,
					    .pool = pool,
					    .until_sec = until_sec};

	cr_assert_eq(steering_fixture.state->ops->put_order(steering_fixture.state, &verdict,
							    &steering_fixture.error),
		     0, "%s", steering_fixture.error.text);
}

static void save_standing(const struct standing_record *standing)
{
	const struct state_record record = {STATE_STANDINGS, standing->name, standing,
					    sizeof(*standing)};

	cr_assert_eq(steering_fixture.state->ops->put_record(steering_fixture.state, &record,
							     &steering_fixture.error),
		     0, "%s", steering_fixture.error.text);
}

Test(steering_kept, standings_that_were_kept_hold_before_an_engine_runs)
{
	save_standing(&(struct standing_record){.name = "Webmail",
						.restricted_until_sec = NOW_SEC + 60,
						.spam_until_sec = NOW_SEC + 90,
						.version = STANDING_VERSION});
	save_standing(&(struct standing_record){.name = "tenant-17",
						.restricted_until_sec = STANDING_FOREVER,
						.version = STANDING_VERSION});
	save("tenant-17", "high-risk", NOW_SEC + 30);
	steering_fixture_restart();
	cr_assert_eq(steering_fixture_verdict_of("webmail").reason, REASON_RESTRICTED);
	cr_assert_eq(steering_fixture_verdict_of("webmail").until_ns, NOW_NS + 60 * NS_PER_SEC);
	cr_assert_eq(steering_fixture_verdict_of("webmail").after_pool, POOL_HIGH_RISK);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").after_action, VERDICT_DROP);
}

Test(steering_kept, a_verdict_whose_time_is_over_holds_no_more)
{
	save("tenant-17", "high-risk", NOW_SEC);
	steering_fixture_restart();
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

/* It was sent away from normal: until the pool is back, it leaves by high-risk. */
Test(steering_kept, a_verdict_whose_pool_is_gone_leads_to_high_risk_and_is_reported)
{
	save("webmail", "gone", 0);
	save("tenant-17", "gone too", NOW_SEC);
	steering_fixture_restart();
	cr_assert_eq(steering_fixture_verdict_of("webmail").reason, REASON_MANUAL);
	cr_assert_eq(steering_fixture_verdict_of("webmail").pool, POOL_HIGH_RISK);
	cr_assert_not_null(strstr(steering_fixture.waiting.text, "no pool 'gone': 'webmail'"), "%s",
			   steering_fixture.waiting.text);
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").reason, REASON_GOOD);
}

static int count_order(void *data, const struct saved_order *order)
{
	(void)order;
	++*(int *)data;
	return 0;
}

/* A full disk refuses the deletion, and `up` must not fail by it. */
Test(steering_kept, an_order_whose_time_is_over_is_left_to_the_agent)
{
	int count = 0;
	const struct state_visitor visitor = {.data = &count, .order = count_order};

	save("tenant-17", "high-risk", NOW_SEC);
	steering_fixture_restart();
	cr_assert_eq(steering_fixture.state->ops->load(steering_fixture.state, &visitor,
						       &steering_fixture.error),
		     0);
	cr_assert_eq(count, 1);
}

Test(steering_kept, what_was_set_by_hand_outlives_a_restart_with_new_maps)
{
	struct address address = steering_fixture.normal_addresses[0].address;

	save("tenant-17", "high-risk", 0);
	cr_assert_eq(steering_set_address(steering_fixture.steering, "normal", &address,
					  ADDRESS_DRAINING, &steering_fixture.error),
		     0);
	cr_assert_eq(steering_set_pool(steering_fixture.steering, "high-risk", POOL_DISABLED,
				       &steering_fixture.error),
		     0);
	datapath_free(&steering_fixture.fake->datapath);
	steering_fixture.fake = fake_datapath_new();
	steering_fixture_restart();
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_assert_eq(steering_fixture_slot_of(POOL_HIGH_RISK, 0), 0);
	for (uint32_t i = 0; i < POSTERN_SLOTS; i++)
		cr_assert_eq(steering_fixture_slot_of(POOL_NORMAL, i),
			     pool_find_address(&steering_pools(steering_fixture.steering)->pools[0],
					       &steering_fixture.normal_addresses[1].address)
				     ->id);
}

Test(steering_kept, without_durable_state_the_maps_remember)
{
	struct address address = steering_fixture.normal_addresses[0].address;

	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(steering_set_address(steering_fixture.steering, "normal", &address,
					  ADDRESS_DRAINING, &steering_fixture.error),
		     0);
	state_free(steering_fixture.state);
	cr_assert_eq(state_null_open(&steering_fixture.state), 0);
	steering_fixture_restart();
	cr_assert_eq(steering_fixture_verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_assert_eq(steering_sender_find(steering_fixture.steering, "tenant-17")
			     ->standing.now.until_sec,
		     NOW_SEC + 60);
	cr_assert_eq(steering_pools(steering_fixture.steering)->pools[0].addresses[0].state,
		     ADDRESS_DRAINING);
}

Test(steering_kept, ids_stay_when_the_configuration_changes)
{
	uint32_t id = steering_sender_find(steering_fixture.steering, "webmail")->id;

	steering_fixture.config.senders = &steering_fixture.senders[1];
	steering_fixture.config.n_senders = 1;
	steering_fixture_restart();
	cr_assert_eq(steering_sender_find(steering_fixture.steering, "webmail")->id, id);
	cr_assert_null(steering_sender_find(steering_fixture.steering, "tenant-17"));
	cr_assert_eq(steering_fixture.fake->maps[MAP_NETS].count, 0);
	cr_assert_eq(steering_fixture.fake->maps[MAP_VERDICT].count, 4);
	cr_assert_str_eq(steering_sender_name(steering_fixture.steering, id), "webmail");
	cr_assert_str_eq(steering_sender_name(steering_fixture.steering, 4711), "(removed)");
}

/* The sender of 100.127.0.2 in the map of selectors; -1: none. */
static int64_t sender_at_handle(void)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	struct sender_ref ref;

	memcpy(selector.address, steering_fixture.handles[1].address.bytes,
	       sizeof(selector.address));
	return steering_fixture.fake->datapath.ops->get(&steering_fixture.fake->datapath,
							MAP_SENDERS, &selector, &ref) == 0
		       ? (int64_t)ref.sender
		       : -1;
}

static bool is_gone(void *data, const struct address *handle)
{
	cr_assert(address_equal(handle, &steering_fixture.handles[1].address));
	return *(bool *)data;
}

Test(steering_kept, a_handle_that_is_not_configured_any_more_leads_to_its_pool_until_it_is_gone)
{
	static struct config_address other;
	int64_t id = steering_sender_find(steering_fixture.steering, "handle/high-risk")->id;
	bool gone = false;

	address_parse("100.127.0.22", &other.address);
	steering_fixture.pools[1].handles = &other;
	steering_fixture_restart();
	cr_assert_eq(sender_at_handle(), id);
	cr_assert_eq(steering_forget_handles(steering_fixture.steering, is_gone, &gone,
					     &steering_fixture.error),
		     0);
	cr_assert_eq(sender_at_handle(), id);
	gone = true;
	cr_assert_eq(steering_forget_handles(steering_fixture.steering, is_gone, &gone,
					     &steering_fixture.error),
		     0);
	cr_assert_eq(sender_at_handle(), -1);
}

/* Its former id may belong to another sender by then. */
Test(steering_kept, a_handle_whose_pool_has_none_any_more_leads_to_no_verdict)
{
	struct verdict verdict;
	uint32_t id;

	steering_fixture.pools[1].n_handles = 0;
	steering_fixture_restart();
	steering_fixture_restart();
	id = (uint32_t)sender_at_handle();
	cr_assert_eq(steering_fixture.fake->datapath.ops->get(&steering_fixture.fake->datapath,
							      MAP_VERDICT, &id, &verdict),
		     -ENOENT);
	cr_assert_neq(id, SENDER_UNKNOWN);
}

Test(steering_kept, a_handle_that_has_become_the_address_of_a_sender_is_that_senders)
{
	static struct config_selector source = {.kind = CONFIG_SELECTOR_SOURCE};

	steering_fixture.pools[1].n_handles = 0;
	source.prefix =
		(struct prefix){.address = steering_fixture.handles[1].address, .length = 128};
	steering_fixture.senders[1].selectors = &source;
	steering_fixture_restart();
	cr_assert_eq(sender_at_handle(),
		     steering_sender_find(steering_fixture.steering, "webmail")->id);
}
