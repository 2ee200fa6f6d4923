/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that the host lacks: slots, entries and verdicts of handles follow map host. */
#include "steering/steering.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "unit/steering_fixture.h"

TestSuite(steering_host, .init = steering_fixture_open, .fini = steering_fixture_close);

static struct datapath *maps(void)
{
	return &steering_fixture.fake->datapath;
}

static void put(const char *address, enum host_state state, bool held)
{
	struct host_key key = {.kind = HOST_ADDRESS};
	const struct host_entry entry = {.state = state, .held = held};

	snprintf(key.name, sizeof(key.name), "%s", address);
	cr_assert_eq(maps()->ops->put(maps(), MAP_HOST, &key, &entry), 0);
}

static void follow(void)
{
	cr_assert_eq(steering_follow_host(steering_fixture.steering, &steering_fixture.error), 0,
		     "%s", steering_fixture.error.text);
}

static const struct pool_address *address_of(unsigned pool, unsigned index)
{
	return &steering_pools(steering_fixture.steering)->pools[pool].addresses[index];
}

static struct address_entry entry_of(const struct pool_address *address)
{
	struct address_entry entry = {0};

	cr_assert_eq(maps()->ops->get(maps(), MAP_ADDRS, &address->id, &entry), 0);
	return entry;
}

/* The slots that lead to the address. */
static unsigned share_of(uint32_t pool, uint32_t id)
{
	unsigned share = 0;

	for (uint32_t i = 0; i < POSTERN_SLOTS; i++)
		share += steering_fixture_slot_of(pool, i) == id;
	return share;
}

Test(steering_host, an_address_without_an_entry_takes_flows)
{
	follow();
	cr_expect_gt(share_of(POOL_NORMAL, address_of(0, 0)->id), 0);
	cr_expect_eq(entry_of(address_of(0, 0)).held, 0);
}

Test(steering_host, a_held_address_leaves_its_slots_to_the_others_and_gets_them_back)
{
	uint32_t first = address_of(0, 0)->id, second = address_of(0, 1)->id;

	put("192.0.2.10", HOST_GIVEN_UP, true);
	follow();
	cr_expect_eq(share_of(POOL_NORMAL, first), 0);
	cr_expect_eq(share_of(POOL_NORMAL, second), POSTERN_SLOTS);
	cr_expect_eq(entry_of(address_of(0, 0)).held, 1);
	cr_expect_eq(entry_of(address_of(0, 0)).state, ADDRESS_ACTIVE);
	put("192.0.2.10", HOST_PRESENT, false);
	follow();
	cr_expect_gt(share_of(POOL_NORMAL, first), 0);
	cr_expect_eq(entry_of(address_of(0, 0)).held, 0);
}

Test(steering_host, the_last_address_of_a_family_holds_the_pool)
{
	put("192.0.2.10", HOST_GIVEN_UP, true);
	put("192.0.2.11", HOST_MISSING, true);
	follow();
	cr_expect_eq(share_of(POOL_NORMAL, 0), POSTERN_SLOTS);
}

Test(steering_host, without_a_change_nothing_is_written)
{
	put("192.0.2.10", HOST_GIVEN_UP, true);
	follow();
	steering_fixture.fake->writes = 0;
	put("192.0.2.11", HOST_PRESENT, false);
	steering_fixture.fake->writes = 0;
	follow();
	cr_expect_eq(steering_fixture.fake->writes, 0);
}

/* As `guard` does where no agent runs; an order of the agent stays as it is. */
Test(steering_host, a_process_without_a_steering_holds_addresses_too)
{
	struct address drained = steering_fixture.normal_addresses[1].address;

	cr_assert_eq(steering_set_address(steering_fixture.steering, "normal", &drained,
					  ADDRESS_DRAINING, &steering_fixture.error),
		     0);
	put("192.0.2.10", HOST_GIVEN_UP, true);
	cr_assert_eq(
		steering_hold_addresses(&steering_fixture.config, maps(), &steering_fixture.error),
		0, "%s", steering_fixture.error.text);
	cr_expect_eq(share_of(POOL_NORMAL, 0), POSTERN_SLOTS);
	cr_expect_eq(entry_of(address_of(0, 0)).held, 1);
	cr_expect_eq(entry_of(address_of(0, 1)).state, ADDRESS_DRAINING);
}

Test(steering_host, while_another_process_writes_it_is_refused_and_tried_again)
{
	uint32_t first = address_of(0, 0)->id;

	put("192.0.2.10", HOST_GIVEN_UP, true);
	steering_fixture.fake->is_busy = true;
	cr_expect_eq(steering_follow_host(steering_fixture.steering, &steering_fixture.error),
		     -EBUSY);
	cr_expect_eq(
		steering_hold_addresses(&steering_fixture.config, maps(), &steering_fixture.error),
		-EBUSY);
	cr_expect_gt(share_of(POOL_NORMAL, first), 0);
	steering_fixture.fake->is_busy = false;
	follow();
	cr_expect_eq(share_of(POOL_NORMAL, first), 0);
}
