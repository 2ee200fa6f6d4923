/* SPDX-License-Identifier: BSD-2-Clause */
/* Which interfaces need hooks, by configuration, links, routes and rules. */
#include "host/wanted.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "netlink/snapshot.h"

#define MAIN 254

static struct netlink_interface links[] = {
	{.name = "lo", .index = 1, .layer = NETLINK_ETHERNET, .is_loopback = true},
	{.name = "wan", .index = 2, .layer = NETLINK_ETHERNET},
	{.name = "wan2", .index = 3, .layer = NETLINK_IP},
	{.name = "lan", .index = 4, .layer = NETLINK_ETHERNET},
	{.name = "ib0", .index = 5, .layer = NETLINK_UNKNOWN, .type = "InfiniBand"},
};
static uint32_t tables[] = {255, MAIN, 253};
static struct snapshot_route routes[4];
static struct snapshot snapshot = {.links = links, .routes = routes, .tables = tables};
static char *names[2];
static struct config config = {.interfaces = {names, 0}};
static struct wanted wanted[8];

static size_t find(size_t n_routes)
{
	snapshot.n_links = sizeof(links) / sizeof(links[0]);
	snapshot.n_tables = sizeof(tables) / sizeof(tables[0]);
	snapshot.n_routes = n_routes;
	return wanted_interfaces(&config, &snapshot, wanted, 8);
}

Test(host_wanted, each_interface_of_a_default_route_once)
{
	routes[0] = (struct snapshot_route){MAIN, 2};
	routes[1] = (struct snapshot_route){MAIN, 2};
	routes[2] = (struct snapshot_route){MAIN, 3};
	cr_assert_eq(find(3), 2);
	cr_expect_str_eq(wanted[0].name, "wan");
	cr_expect_eq(wanted[0].link, &links[1]);
	cr_expect_str_eq(wanted[0].refused, "");
	cr_expect_str_eq(wanted[1].name, "wan2");
}

Test(host_wanted, a_table_counts_only_where_a_rule_leads_to_it)
{
	routes[0] = (struct snapshot_route){MAIN, 2};
	routes[1] = (struct snapshot_route){51820, 3};
	cr_assert_eq(find(2), 1);
	tables[2] = 51820;
	cr_assert_eq(find(2), 2);
	tables[2] = 253;
	snapshot.has_all_tables = true;
	cr_assert_eq(find(2), 2);
}

Test(host_wanted, never_loopback)
{
	routes[0] = (struct snapshot_route){MAIN, 1};
	cr_assert_eq(find(1), 0);
}

Test(host_wanted, a_link_that_cannot_be_parsed_is_refused_by_name)
{
	routes[0] = (struct snapshot_route){MAIN, 5};
	cr_assert_eq(find(1), 1);
	cr_expect_not_null(strstr(wanted[0].refused, "InfiniBand"), "%s", wanted[0].refused);
}

Test(host_wanted, named_interfaces_only_and_a_default_route_elsewhere_is_refused)
{
	names[0] = (char *)"wan";
	names[1] = (char *)"ppp0";
	config.interfaces.count = 2;
	routes[0] = (struct snapshot_route){MAIN, 2};
	routes[1] = (struct snapshot_route){MAIN, 3};
	cr_assert_eq(find(2), 3);
	cr_expect_str_eq(wanted[0].name, "wan");
	cr_expect_str_eq(wanted[0].refused, "");
	cr_expect_str_eq(wanted[1].name, "ppp0");
	cr_expect_null(wanted[1].link);
	cr_expect_str_eq(wanted[2].name, "wan2");
	cr_expect_not_null(strstr(wanted[2].refused, "'interfaces'"), "%s", wanted[2].refused);
}

Test(host_wanted, more_than_fit_are_counted_and_left_out)
{
	routes[0] = (struct snapshot_route){MAIN, 2};
	routes[1] = (struct snapshot_route){MAIN, 3};
	find(2);
	wanted[1] = (struct wanted){.name = "untouched"};
	cr_expect_eq(wanted_interfaces(&config, &snapshot, wanted, 1), 2);
	cr_expect_str_eq(wanted[1].name, "untouched");
}
