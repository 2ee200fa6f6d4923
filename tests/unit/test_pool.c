/* SPDX-License-Identifier: BSD-2-Clause */
/* Which addresses a pool's new flows may take, by states, families and when_empty. */
#include <criterion/criterion.h>

#include "pool/pool.h"

static struct pool_address addresses[] = {
	{.id = 1, .weight = 1, .state = ADDRESS_ACTIVE},
	{.id = 2, .weight = 1, .state = ADDRESS_ACTIVE},
	{.id = 3, .weight = 1, .state = ADDRESS_ACTIVE},
	{.id = 4, .weight = 1, .state = ADDRESS_ACTIVE},
};

/* relay: one address of each family, falls to normal; normal: one of each, holds. */
static struct pool pools[] = {
	{.id = POOL_NORMAL,
	 .name = "normal",
	 .state = POOL_ENABLED,
	 .addresses = addresses,
	 .n_addresses = 2},
	{.id = POOL_FIRST_FREE,
	 .name = "relay",
	 .state = POOL_ENABLED,
	 .addresses = addresses + 2,
	 .n_addresses = 2,
	 .when_empty = &pools[0]},
};
static struct pool *const normal = &pools[0];
static struct pool *const relay = &pools[1];

static void set_up(void)
{
	address_parse("192.0.2.10", &addresses[0].address);
	address_parse("2001:db8::10", &addresses[1].address);
	address_parse("198.51.100.1", &addresses[2].address);
	address_parse("2001:db8:1::1", &addresses[3].address);
}

TestSuite(pool, .init = set_up);

static void assert_all(const struct pool *pool, enum slot_family family, uint32_t id)
{
	uint32_t slots[POSTERN_SLOTS];

	cr_assert_eq(pool_slots(pool, family, slots), 0);
	for (size_t i = 0; i < POSTERN_SLOTS; i++)
		cr_assert_eq(slots[i], id, "slot %zu holds %u, not %u", i, slots[i], id);
}

Test(pool, each_family_has_its_own_addresses)
{
	assert_all(normal, SLOT_IPV4, 1);
	assert_all(normal, SLOT_IPV6, 2);
}

Test(pool, nothing_active_holds)
{
	addresses[0].state = ADDRESS_DRAINING;
	assert_all(normal, SLOT_IPV4, 0);
	assert_all(normal, SLOT_IPV6, 2);
	cr_assert_eq(pool_active(normal), 1);
}

Test(pool, a_disabled_pool_holds_whatever_its_addresses)
{
	normal->state = POOL_DISABLED;
	assert_all(normal, SLOT_IPV4, 0);
	assert_all(normal, SLOT_IPV6, 0);
	cr_assert_eq(pool_active(normal), 0);
}

Test(pool, when_empty_is_used_per_family)
{
	addresses[2].state = ADDRESS_DISABLED;
	assert_all(relay, SLOT_IPV4, 1);
	assert_all(relay, SLOT_IPV6, 4);
}

Test(pool, when_empty_goes_on_to_hold_when_that_pool_has_nothing_either)
{
	relay->state = POOL_DISABLED;
	normal->state = POOL_DISABLED;
	assert_all(relay, SLOT_IPV4, 0);
}

Test(pool, reaches_itself_and_what_when_empty_leads_to)
{
	cr_assert(pool_reaches(relay, relay->id));
	cr_assert(pool_reaches(relay, POOL_NORMAL));
	cr_assert_not(pool_reaches(normal, relay->id));
}

Test(pool, a_cycle_ends)
{
	normal->when_empty = relay;
	cr_assert_not(pool_reaches(relay, POOL_HIGH_RISK));
	addresses[0].state = addresses[2].state = ADDRESS_DISABLED;
	assert_all(relay, SLOT_IPV4, 0);
}

Test(pool, look_ups_find_names_ids_and_addresses)
{
	struct pool_set set = {.pools = pools, .n_pools = 2};
	struct address unknown;

	address_parse("192.0.2.99", &unknown);
	cr_assert_eq(pool_find(&set, "relay"), relay);
	cr_assert_null(pool_find(&set, "rela"));
	cr_assert_eq(pool_find_id(&set, POOL_NORMAL), normal);
	cr_assert_null(pool_find_id(&set, 9));
	cr_assert_eq(pool_find_address(normal, &addresses[1].address), &addresses[1]);
	cr_assert_null(pool_find_address(normal, &unknown));
}
