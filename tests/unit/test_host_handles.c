/* SPDX-License-Identifier: BSD-2-Clause */
/* The bits that all handles have in common. */
#include "host/handles.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"

static struct config_address addresses[2];
static struct config_pool pools[] = {{.handles = &addresses[0], .n_handles = 1},
				     {.handles = &addresses[1], .n_handles = 1}};

static struct handle_filter filter_of(const char *first, const char *second)
{
	struct config config = {.pools = pools, .n_pools = second ? 2 : 1};

	cr_assert_eq(address_parse(first, &addresses[0].address), 0);
	if (second)
		cr_assert_eq(address_parse(second, &addresses[1].address), 0);
	return handles_filter(&config);
}

static bool matches_ipv4(const struct handle_filter *filter, const char *address)
{
	return (inet_addr(address) & filter->ipv4_mask) == filter->ipv4;
}

static bool matches_ipv6(const struct handle_filter *filter, const char *address)
{
	uint32_t words[4];

	cr_assert_eq(inet_pton(AF_INET6, address, words), 1);
	return (words[0] & filter->ipv6_mask[0]) == filter->ipv6[0] &&
	       (words[1] & filter->ipv6_mask[1]) == filter->ipv6[1];
}

Test(host_handles, without_handles_no_source_matches)
{
	struct handle_filter filter = handles_filter(&(struct config){0});

	cr_expect(!matches_ipv4(&filter, "0.0.0.0"));
	cr_expect(!matches_ipv4(&filter, "100.127.0.1"));
	cr_expect(!matches_ipv6(&filter, "::"));
	cr_expect(!matches_ipv6(&filter, "fd70::1"));
}

Test(host_handles, one_handle_matches_alone_and_no_address_of_the_other_family)
{
	struct handle_filter filter = filter_of("100.127.0.1", NULL);

	cr_expect(matches_ipv4(&filter, "100.127.0.1"));
	cr_expect(!matches_ipv4(&filter, "100.127.0.2"));
	cr_expect(!matches_ipv6(&filter, "::"));
}

Test(host_handles, several_match_by_what_they_have_in_common)
{
	struct handle_filter filter = filter_of("100.127.0.1", "100.127.2.9");

	cr_expect(matches_ipv4(&filter, "100.127.0.1"));
	cr_expect(matches_ipv4(&filter, "100.127.2.9"));
	cr_expect(!matches_ipv4(&filter, "100.127.4.1"));
	cr_expect(!matches_ipv4(&filter, "100.126.0.1"));
	filter = filter_of("fd70:6f73:7465::1", "fd70:6f73:7465::2");
	cr_expect(matches_ipv6(&filter, "fd70:6f73:7465::2"));
	cr_expect(!matches_ipv6(&filter, "fd70:6f73:7466::2"));
	filter = filter_of("fd70:6f73:7465::1", "fd71::2");
	cr_expect(matches_ipv6(&filter, "fd71::2"));
	cr_expect(!matches_ipv6(&filter, "fd72::2"));
}

Test(host_handles, those_with_nothing_in_common_match_every_source)
{
	struct handle_filter filter = filter_of("100.127.0.1", "192.168.0.1");

	cr_expect(matches_ipv4(&filter, "100.127.0.1"));
	cr_expect(matches_ipv4(&filter, "192.168.0.1"));
	cr_expect(matches_ipv4(&filter, "8.8.8.8"));
}
