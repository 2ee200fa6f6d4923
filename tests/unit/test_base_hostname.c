/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hosts: which are names of DNS, which are domain names, which are address literals. */
#include "base/hostname.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

TestSuite(base_hostname);

static const struct {
	const char *text;
	bool dns, domain, literal;
} names[] = {
	{"a.b", true, true, false},
	{"out.example.net", true, true, false},
	{"x-1.3com.7x", true, true, false},
	{"a." LABEL_63, true, true, false},
	{"a." LABEL_63 "a", false, false, false},
	{"localhost", true, false, false},
	{"_dmarc.example.net", true, false, false},
	{"-a.b", true, false, false},
	{"a-.b", true, false, false},
	{"a.-b", true, false, false},
	{"a.b-", true, false, false},
	{"192.0.2.1", true, false, false},
	{"a.1b", true, true, false},
	{"", false, false, false},
	{".", false, false, false},
	{"a.", false, false, false},
	{".a", false, false, false},
	{"a..b", false, false, false},
	{"a b.c", false, false, false},
	{"[192.0.2.1]", false, false, true},
	{"[IPv6:2001:db8::1]", false, false, true},
	{"[ipv6:::1]", false, false, true},
	{"[2001:db8::1]", false, false, false},
	{"[IPv6:192.0.2.1]", false, false, false},
	{"[192.0.2]", false, false, false},
	{"[]", false, false, false},
	{"[", false, false, false},
	{"[IPv6:", false, false, false},
	{"[IPv6:]", false, false, false},
	{"x192.0.2.1]", false, false, false},
	{"[192.0.2.1", false, false, false},
	{"[" LABEL_63 "]", false, false, false},
};

Test(base_hostname, a_name_is_of_dns_or_a_domain_or_a_literal)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		cr_expect_eq(hostname_is_dns(names[i].text), names[i].dns, "DNS: '%s'",
			     names[i].text);
		cr_expect_eq(hostname_is_domain(names[i].text), names[i].domain, "domain: '%s'",
			     names[i].text);
		cr_expect_eq(hostname_is_literal(names[i].text), names[i].literal, "literal: '%s'",
			     names[i].text);
	}
}

Test(base_hostname, a_name_has_at_most_253_bytes)
{
	char text[256];

	snprintf(text, sizeof(text), "%s.%s.%s.%.61s", LABEL_63, LABEL_63, LABEL_63, LABEL_63);
	cr_expect(hostname_is_dns(text));
	cr_expect(hostname_is_domain(text));
	snprintf(text, sizeof(text), "%s.%s.%s.%.62s", LABEL_63, LABEL_63, LABEL_63, LABEL_63);
	cr_expect_not(hostname_is_dns(text));
	cr_expect_not(hostname_is_domain(text));
}
