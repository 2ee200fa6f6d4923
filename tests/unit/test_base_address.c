/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses, prefixes and their text, both families. */
#include "base/address.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct address parse(const char *text)
{
	struct address address;

	cr_assert_eq(address_parse(text, &address), 0, "%s", text);
	return address;
}

Test(base_address, an_ipv4_address_is_stored_mapped)
{
	static const uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff, 192, 0, 2, 1};
	struct address address = parse("192.0.2.1");

	cr_expect_eq(memcmp(address.bytes, bytes, sizeof(bytes)), 0);
	cr_expect(address_is_ipv4(&address));
}

Test(base_address, the_mapped_form_is_the_same_address)
{
	struct address plain = parse("192.0.2.1"), mapped = parse("::ffff:192.0.2.1");

	cr_expect(address_equal(&plain, &mapped));
}

Test(base_address, text_comes_back_in_its_shortest_form)
{
	static const char *const cases[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:DB8:0:0:0:0:0:10", "2001:db8::10"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"::", "::"},
		{"ff02::1", "ff02::1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address address = parse(cases[i][0]);

		cr_expect_str_eq(address_format(&address, text), cases[i][1]);
	}
}

Test(base_address, what_is_no_address_is_refused_and_leaves_the_result_alone)
{
	static const char *const cases[] = {
		"",
		" 192.0.2.1",
		"192.0.2.1 ",
		"192.0.2",
		"192.0.2.256",
		"192.0.2.1/32",
		"192.0.2.01",
		"1.2.3.4.5",
		"fe80::1%lo",
		"2001:db8::1::2",
		"2001:db8",
		"[::1]",
		"localhost",
		"0xc0000201",
		"::ffff:192.0.2.300",
	};
	struct address before = parse("203.0.113.9"), address = before;

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(address_parse(cases[i], &address), -EINVAL, "%s", cases[i]);
		cr_expect(address_equal(&address, &before), "%s", cases[i]);
	}
}

Test(base_address, order_is_that_of_the_bytes)
{
	struct address low = parse("192.0.2.1"), high = parse("192.0.2.2"), ipv6 = parse("2001::");

	cr_expect_lt(address_compare(&low, &high), 0);
	cr_expect_gt(address_compare(&high, &low), 0);
	cr_expect_eq(address_compare(&low, &low), 0);
	cr_expect_gt(address_compare(&ipv6, &high), 0);
	cr_expect_not(address_equal(&low, &high));
}

Test(base_address, some_addresses_are_nobodys_source)
{
	static const char *const never[] = {
		"0.0.0.0",   "0.1.2.3",	  "127.0.0.1",	     "127.255.255.255",
		"224.0.0.1", "239.1.2.3", "255.255.255.255", "::",
		"::1",	     "ff02::1",	  "ff0e::1",	     "::ffff:127.0.0.1",
	};
	static const char *const fine[] = {
		"1.0.0.0",	   "126.255.255.255", "128.0.0.1", "192.168.1.1", "100.127.0.1",
		"223.255.255.255", "240.0.0.1",	      "::2",	   "fd00::1",	  "2001:db8::1",
	};

	for (size_t i = 0; i < COUNT(never); i++) {
		struct address address = parse(never[i]);

		cr_expect_not(address_is_unicast(&address), "%s", never[i]);
	}
	for (size_t i = 0; i < COUNT(fine); i++) {
		struct address address = parse(fine[i]);

		cr_expect(address_is_unicast(&address), "%s", fine[i]);
	}
}

Test(base_address, a_prefix_counts_the_bits_of_its_family_in_text_and_128_within)
{
	static const struct {
		const char *text;
		unsigned length;
		const char *formatted;
	} cases[] = {
		{"10.0.0.0/8", 104, "10.0.0.0/8"},
		{"0.0.0.0/0", 96, "0.0.0.0/0"},
		{"192.0.2.1/32", 128, "192.0.2.1/32"},
		{"192.0.2.128/25", 121, "192.0.2.128/25"},
		{"::/0", 0, "::/0"},
		{"2001:db8::/32", 32, "2001:db8::/32"},
		{"2001:DB8::1/128", 128, "2001:db8::1/128"},
		{"::ffff:10.0.0.0/104", 104, "10.0.0.0/8"},
	};
	char text[PREFIX_TEXT_SIZE];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix;

		cr_assert_eq(prefix_parse(cases[i].text, &prefix), 0, "%s", cases[i].text);
		cr_expect_eq(prefix.length, cases[i].length, "%s", cases[i].text);
		cr_expect_str_eq(prefix_format(&prefix, text), cases[i].formatted);
	}
}

Test(base_address, each_fault_of_a_prefix_has_its_error)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{"", -EINVAL},
		{"10.0.0.0", -EINVAL},
		{"10.0.0.0/", -EINVAL},
		{"/8", -EINVAL},
		{"10.0.0/8", -EINVAL},
		{"10.0.0.0/+8", -EINVAL},
		{"10.0.0.0/ 8", -EINVAL},
		{"10.0.0.0/8 ", -EINVAL},
		{"10.0.0.0/08", -EINVAL},
		{"10.0.0.0/8/8", -EINVAL},
		{"10.0.0.0/0x8", -EINVAL},
		{"10.0.0.0/33", -ERANGE},
		{"10.0.0.0/9999", -ERANGE},
		{"::/129", -ERANGE},
		{"10.0.0.1/8", -EDOM},
		{"10.0.0.0/6", -EDOM},
		{"2001:db8::1/127", -EDOM},
		{"192.0.2.1/31", -EDOM},
		{"::ffff:10.0.0.0/90", -EDOM},
		{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8", -EINVAL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prefix prefix;

		cr_expect_eq(prefix_parse(cases[i].text, &prefix), cases[i].error, "%s",
			     cases[i].text);
	}
}

Test(base_address, an_endpoint_has_brackets_for_ipv6_only)
{
	struct address ipv4 = parse("192.0.2.1"), ipv6 = parse("2001:db8::1");
	struct address longest = parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	char text[ENDPOINT_TEXT_SIZE];

	cr_expect_str_eq(endpoint_format(&ipv4, 25, text), "192.0.2.1:25");
	cr_expect_str_eq(endpoint_format(&ipv6, 0, text), "[2001:db8::1]:0");
	cr_expect_str_eq(endpoint_format(&longest, 65535, text),
			 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

Test(base_address, a_prefix_contains_what_begins_with_its_bits)
{
	static const struct {
		const char *prefix, *address;
		bool contains;
	} cases[] = {
		{"10.1.7.0/24", "10.1.7.255", true},
		{"10.1.7.0/24", "10.1.8.0", false},
		{"10.1.4.0/22", "10.1.7.255", true},
		{"10.1.4.0/22", "10.1.8.0", false},
		{"10.1.7.2/32", "10.1.7.2", true},
		{"10.1.7.2/32", "10.1.7.3", false},
		{"0.0.0.0/0", "192.0.2.1", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"2001:db8::/33", "2001:db8::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"::/0", "2001:db8::1", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct address address;
		struct prefix prefix;

		cr_assert_eq(prefix_parse(cases[i].prefix, &prefix), 0);
		cr_assert_eq(address_parse(cases[i].address, &address), 0);
		cr_assert_eq(prefix_contains(&prefix, &address), cases[i].contains, "%s in %s",
			     cases[i].address, cases[i].prefix);
	}
}

Test(base_address, a_port_is_a_decimal_number_from_1_to_65535)
{
	static const char *const wrong[] = {
		"", "0", "65536", "99999999999999999999", "-1", "+1", " 1", "1 ", "1x", "0x19"};
	uint16_t port = 7;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_eq(port_parse(wrong[i], &port), -EINVAL, "'%s'", wrong[i]);
	cr_expect_eq(port, 7);
	cr_expect_eq(port_parse("65535", &port), 0);
	cr_expect_eq(port, 65535);
	cr_expect_eq(port_parse("025", &port), 0);
	cr_expect_eq(port, 25);
}

Test(base_address, the_bytes_of_an_address_are_an_endpoint)
{
	static const uint8_t bytes[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	char text[ENDPOINT_TEXT_SIZE];

	cr_expect_str_eq(endpoint_format_bytes(bytes, 25, text), "192.0.2.1:25");
}
