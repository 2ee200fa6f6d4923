/* SPDX-License-Identifier: BSD-2-Clause */
/* Which lanes there are, what they are called and what they bind to. */
#include "pool/lane.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config_file.h"

TestSuite(pool_lane, .init = config_file_setup, .fini = config_file_teardown);

static const char *text_of(const struct address *address, char buffer[ADDRESS_TEXT_SIZE])
{
	return address ? address_format(address, buffer) : "-";
}

/* "NAME IPV4 IPV6 HELO", a line each. */
static void expect_lanes(const char *configuration, const char *expected)
{
	struct config *config = config_file_load(configuration);
	char text[2048] = "", ipv4[ADDRESS_TEXT_SIZE], ipv6[ADDRESS_TEXT_SIZE];
	struct lane_set set;

	cr_assert_eq(lane_set_init(&set, config), 0);
	for (size_t i = 0; i < set.n_lanes; i++) {
		const struct lane *lane = &set.lanes[i];

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s %s %s\n",
			 lane->name, text_of(lane->ipv4, ipv4), text_of(lane->ipv6, ipv6),
			 lane->helo ? lane->helo : "-");
	}
	cr_assert_str_eq(text, expected);
	lane_set_done(&set);
	config_free(config);
}

#define HIGH_RISK                                                                                  \
	"pool \"high-risk\" { addresses = \"198.51.100.20\" handles = \"100.127.0.2\""             \
	" helo = \"hr.example.net\" }\n"
#define HIGH_RISK_LANE "postern-high-risk 100.127.0.2 - hr.example.net\n"

#define EACH                                                                                       \
	"pool \"normal\" { helo = \"out.example.net\" handles = \"100.127.0.1\" addresses = {\n"   \
	"  \"192.0.2.10 handle 100.127.0.10 helo out10.example.net\",\n"                           \
	"  \"192.0.2.11 handle 100.127.0.11 helo out11.example.net\",\n"                           \
	"  \"192.0.2.12 handle 100.127.0.12\",\n"                                                  \
	"  \"2001:db8::11 handle fd70::11 helo OUT11.example.net\",\n"                             \
	"  \"2001:db8::12 handle fd70::12\",\n"                                                    \
	"  \"2001:db8::13 handle fd70::13 helo out11.example.net\" } }\n"

Test(pool_lane, there_is_one_for_each_pool)
{
	expect_lanes("pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }\n"
		     "  handles = { \"100.127.0.1\", \"fd70::1\" } }\n" HIGH_RISK,
		     "postern-normal 100.127.0.1 fd70::1 -\n" HIGH_RISK_LANE);
}

Test(pool_lane, there_is_one_for_each_handle_and_the_family_with_fewer_begins_again)
{
	expect_lanes("pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }\n"
		     "  handles = { \"100.127.0.1\", \"fd70::1\", \"100.127.0.9\" } }\n" HIGH_RISK,
		     "postern-normal 100.127.0.1 fd70::1 -\n"
		     "postern-normal~2 100.127.0.9 fd70::1 -\n" HIGH_RISK_LANE);
}

Test(pool_lane, handles_of_a_family_without_a_way_out_make_no_lane)
{
	expect_lanes("pool \"normal\" { addresses = { \"192.0.2.10\" }\n"
		     "  handles = { \"100.127.0.1\", \"fd70::1\", \"fd70::2\" } }\n" HIGH_RISK,
		     "postern-normal 100.127.0.1 - -\n" HIGH_RISK_LANE);
}

Test(pool_lane, handles_of_single_addresses_make_no_lane_of_a_pool)
{
	expect_lanes(
		"pool \"normal\" { addresses = \"192.0.2.10 handle 100.127.0.10\" }\n" HIGH_RISK,
		HIGH_RISK_LANE);
	expect_lanes(EACH HIGH_RISK,
		     "postern-normal 100.127.0.1 - out.example.net\n" HIGH_RISK_LANE);
}

/*
 * The two that say out11 are one; a third one of them is by itself, as are those that say the
 * pool's name.
 */
Test(pool_lane, there_is_one_for_each_address_and_two_families_with_one_name_share_it)
{
	expect_lanes("lanes = \"address\"\n" EACH HIGH_RISK,
		     "postern-normal~192.0.2.10 100.127.0.10 - out10.example.net\n"
		     "postern-normal~192.0.2.11 100.127.0.11 fd70::11 out11.example.net\n"
		     "postern-normal~192.0.2.12 100.127.0.12 - out.example.net\n"
		     "postern-normal~2001-db8--12 - fd70::12 out.example.net\n"
		     "postern-normal~2001-db8--13 - fd70::13 out11.example.net\n" HIGH_RISK_LANE);
}

Test(pool_lane, the_longest_name_fits)
{
	char text[1024], expected[256];

	snprintf(text, sizeof(text),
		 "lanes = \"address\"\npool \"normal\" { addresses = \"192.0.2.10\" }\n" HIGH_RISK
		 "pool \"%031d\" { addresses = "
		 "\"2001:db8:1111:2222:3333:4444:5555:6666 handle fd70::1\" }\n",
		 0);
	snprintf(expected, sizeof(expected),
		 HIGH_RISK_LANE
		 "postern-%031d~2001-db8-1111-2222-3333-4444-5555-6666 - fd70::1 -\n",
		 0);
	expect_lanes(text, expected);
}

Test(pool_lane, those_of_a_pool_are_found_side_by_side)
{
	struct config *config = config_file_load("lanes = \"address\"\n" EACH HIGH_RISK
						 "pool \"bare\" { addresses = \"192.0.2.30\" }\n");
	struct lane_set set;
	size_t count;

	cr_assert_eq(lane_set_init(&set, config), 0);
	cr_expect_eq(lane_of_pool(&set, &config->pools[0], &count), &set.lanes[0]);
	cr_expect_eq(count, 5);
	cr_expect_eq(lane_of_pool(&set, &config->pools[1], &count), &set.lanes[5]);
	cr_expect_eq(count, 1);
	cr_expect_null(lane_of_pool(&set, &config->pools[2], &count));
	cr_expect_eq(count, 0);
	lane_set_done(&set);
	config_free(config);
}
