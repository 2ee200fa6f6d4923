/* SPDX-License-Identifier: BSD-2-Clause */
/* The pool addresses that a rule routes by their source, as the programs see them. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "datapath/uplinks.h"
#include "fake_datapath.h"

#define WAN  2U
#define WAN2 3U

static struct uplink_route route_of(const char *text, uint32_t right, const char *interface)
{
	struct uplink_route route = {.wrong = WAN, .right = right};

	cr_assert_eq(address_parse(text, &route.address), 0);
	strcpy(route.interface, interface);
	return route;
}

static bool has(struct datapath *datapath, const struct uplink_route *route, const char *text)
{
	struct uplink_key key = {.ifindex = route->wrong};
	struct uplink uplink;

	memcpy(key.address, route->address.bytes, sizeof(key.address));
	if (datapath->ops->get(datapath, MAP_UPLINKS, &key, &uplink) < 0)
		return false;
	cr_expect_str_eq(uplink.text, text);
	cr_expect_eq(uplink.ifindex, route->right);
	cr_expect_str_eq(uplink.interface, route->interface);
	return true;
}

static struct generation generation_of(struct datapath *datapath)
{
	struct generation generation;

	cr_assert_eq(datapath->ops->get(datapath, MAP_GEN, &(uint32_t){0}, &generation), 0);
	return generation;
}

Test(datapath_uplinks, the_map_has_the_routes_of_the_last_call_and_no_others)
{
	struct fake_datapath *fake = fake_datapath_new();
	struct uplink_route two[] = {route_of("192.0.2.10", WAN2, "wan2"),
				     route_of("2001:db8::10", 0, "")};
	const struct generation before = {.in_force = 7, .paused_until_ns = 9};
	struct datapath *datapath = &fake->datapath;
	struct generation after;

	cr_assert_eq(datapath->ops->put(datapath, MAP_GEN, &(uint32_t){0}, &before), 0);
	cr_assert_eq(uplinks_set(datapath, two, 2), 0);
	cr_expect(has(datapath, &two[0], "192.0.2.10") && has(datapath, &two[1], "2001:db8::10"));
	after = generation_of(datapath);
	cr_expect_eq(after.by_source, 1);
	cr_expect_eq(after.in_force, 7);
	cr_expect_eq(after.paused_until_ns, 9);
	cr_assert_eq(uplinks_set(datapath, two + 1, 1), 0);
	cr_expect(!has(datapath, &two[0], "192.0.2.10") && has(datapath, &two[1], "2001:db8::10"));
	cr_expect_eq(generation_of(datapath).by_source, 1);
	cr_assert_eq(uplinks_set(datapath, NULL, 0), 0);
	cr_expect_not(has(datapath, &two[1], "2001:db8::10"));
	cr_expect_eq(generation_of(datapath).by_source, 0);
	datapath_free(datapath);
}

Test(datapath_uplinks, a_write_that_fails_is_an_error)
{
	struct fake_datapath *fake = fake_datapath_new();
	struct uplink_route route = route_of("192.0.2.10", WAN2, "wan2");

	cr_assert_eq(fake->datapath.ops->put(&fake->datapath, MAP_GEN, &(uint32_t){0},
					     &(struct generation){.in_force = 7}),
		     0);
	fake->writes_left = 1;
	cr_expect_lt(uplinks_set(&fake->datapath, &route, 1), 0);
	datapath_free(&fake->datapath);
}
