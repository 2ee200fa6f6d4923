/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces of this host by name, and the hooks chosen for them. */
#include "host/interfaces.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "netlink/netlink.h"

static char *names[2] = {"lo"};
static struct config config = {
	.interfaces = {names, 1},
	.egress = CONFIG_EGRESS_CLSACT,
	.ingress = CONFIG_INGRESS_TC,
};
static struct netlink *netlink;
static struct error error;

static void set_up(void)
{
	cr_assert_eq(netlink_open(&netlink, &error), 0, "%s", error.text);
}

static void tear_down(void)
{
	netlink_free(netlink);
}

TestSuite(host_interfaces, .init = set_up, .fini = tear_down);

Test(host_interfaces, a_named_interface_is_found_with_its_hooks)
{
	struct interfaces interfaces = {0};

	cr_assert_eq(interfaces_find(&config, netlink, &interfaces, &error), 0, "%s", error.text);
	cr_assert_eq(interfaces.count, 1);
	cr_expect_str_eq(interfaces.list[0].hook.name, "lo");
	cr_expect_eq(interfaces.indexes[0], (int)if_nametoindex("lo"));
	cr_expect_str_eq(interfaces_name(&interfaces, interfaces.indexes[0]), "lo");
	cr_expect(interfaces_have(&interfaces, "lo", (struct hook){HOOK_EGRESS, HOOK_CLSACT}));
	cr_expect(interfaces_have(&interfaces, "lo", (struct hook){HOOK_INGRESS, HOOK_CLSACT}));
	interfaces_done(&interfaces);
	cr_expect_eq(interfaces.count, 0);
}

Test(host_interfaces, only_chosen_hooks_are_there)
{
	struct interface interface = {.hook = {.name = "wan"}, .choice = {HOOK_TCX, HOOK_XDP, 0}};
	struct interfaces interfaces = {.list = &interface, .count = 1};
	const struct {
		const char *name;
		struct hook hook;
		bool there;
	} cases[] = {
		{"wan", {HOOK_EGRESS, HOOK_TCX}, true},	    {"wan", {HOOK_INGRESS, HOOK_XDP}, true},
		{"wan", {HOOK_INGRESS, HOOK_TCX}, false},   {"wan", {HOOK_EGRESS, HOOK_XDP}, false},
		{"wan", {HOOK_EGRESS, HOOK_CLSACT}, false}, {"lan", {HOOK_EGRESS, HOOK_TCX}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_eq(interfaces_have(&interfaces, cases[i].name, cases[i].hook),
			     cases[i].there, "%s on %s", hook_name(cases[i].hook), cases[i].name);
}

Test(host_interfaces, one_that_is_missing_is_an_error_and_leaves_the_result_alone)
{
	struct interfaces interfaces = {.count = 7};

	names[1] = "nosuch0";
	config.interfaces.count = 2;
	cr_expect_eq(interfaces_find(&config, netlink, &interfaces, &error), -ENODEV);
	cr_expect_not_null(strstr(error.text, "nosuch0"), "%s", error.text);
	cr_expect_eq(interfaces.count, 7);
}
