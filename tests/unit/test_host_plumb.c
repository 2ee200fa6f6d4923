/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses on the host's own loopback, which the tests leave as it is, and on an interface that is
 * gone.
 */
#include "host/plumb.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "config/config.h"
#include "host/interfaces.h"
#include "host/journal.h"
#include "netlink/netlink.h"
#include "unit/scratch.h"

#define THERE	"127.0.0.1"   /* on every host's loopback */
#define MISSING "203.0.113.9" /* on no host */

static struct config_address pool_address, handle;
static struct config_pool pool = {
	.addresses = &pool_address, .n_addresses = 1, .handles = &handle, .n_handles = 1};
static struct config config = {.plumb = true, .pools = &pool, .n_pools = 1};
static struct interface interface = {.hook = {.name = "nosuch0", .index = 0x7ffffff0}};
static int index_of_interface = 0x7ffffff0;
static struct interfaces interfaces = {&interface, &index_of_interface, 1, NULL};
static struct plumb plumb = {.config = &config, .interfaces = &interfaces};
static struct error error;

static void set_up(void)
{
	scratch_open();
	cr_assert_eq(journal_open(scratch, &plumb.journal, &error), 0, "%s", error.text);
	cr_assert_eq(netlink_open(&plumb.netlink, &error), 0, "%s", error.text);
	cr_assert_eq(address_parse(THERE, &pool_address.address), 0);
	cr_assert_eq(address_parse(THERE, &handle.address), 0);
}

static void tear_down(void)
{
	netlink_free(plumb.netlink);
	journal_free(plumb.journal);
	scratch_close();
}

TestSuite(host_plumb, .init = set_up, .fini = tear_down);

Test(host_plumb, an_address_on_the_host_stays_as_it_is_and_is_not_listed)
{
	cr_expect_eq(plumb_pools(&plumb, &error), 0, "%s", error.text);
	cr_expect_eq(plumb_handles(&plumb, &error), 0, "%s", error.text);
	cr_expect_eq(journal_count(plumb.journal), 0);
	cr_expect_not(scratch_exists("journal"));
}

Test(host_plumb, an_address_is_listed_before_it_is_added)
{
	const struct journal_entry *entry;

	cr_assert_eq(address_parse(MISSING, &pool_address.address), 0);
	cr_expect_lt(plumb_pools(&plumb, &error), 0, "the interface is gone");
	cr_expect_not_null(strstr(error.text, "interface 'nosuch0'"), "%s", error.text);
	cr_assert_eq(journal_count(plumb.journal), 1);
	entry = journal_get(plumb.journal, 0);
	cr_expect_eq(entry->kind, JOURNAL_ADDRESS);
	cr_expect_str_eq(entry->what, MISSING);
	cr_expect_str_eq(entry->detail, "nosuch0");
	cr_expect_not_null(strstr(scratch_read("journal"), "address " MISSING " nosuch0\n"));
}

/* ---- which lines of the journal the configuration still has */

struct line {
	enum journal_kind kind;
	char what[32];
	int plumbed;
	int wanted;
};

ParameterizedTestParameters(host_plumb, a_line_is_wanted_while_the_configuration_has_its_address)
{
	static struct line lines[] = {
		{JOURNAL_ADDRESS, "192.0.2.10", 1, 1}, {JOURNAL_ADDRESS, "::ffff:192.0.2.10", 1, 1},
		{JOURNAL_ADDRESS, "192.0.2.11", 1, 0}, {JOURNAL_ADDRESS, "127.0.0.25", 1, 0},
		{JOURNAL_HANDLE, "127.0.0.25", 1, 1},  {JOURNAL_HANDLE, "192.0.2.10", 1, 0},
		{JOURNAL_ADDRESS, "nonsense", 1, 0},   {JOURNAL_ADDRESS, "192.0.2.10", 0, 0},
		{JOURNAL_HANDLE, "127.0.0.25", 0, 0},
	};

	return cr_make_param_array(struct line, lines, sizeof(lines) / sizeof(*lines));
}

ParameterizedTest(struct line *line, host_plumb,
		  a_line_is_wanted_while_the_configuration_has_its_address)
{
	struct journal_entry entry = {.kind = line->kind, .what = line->what};

	cr_assert_eq(address_parse("192.0.2.10", &pool_address.address), 0);
	cr_assert_eq(address_parse("127.0.0.25", &handle.address), 0);
	config.plumb = line->plumbed;
	cr_expect_eq(plumb_wants(&config, &entry), line->wanted, "%s", line->what);
}
