/* SPDX-License-Identifier: BSD-2-Clause */
/* One key for each mailbox, and a key for any input. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mailbox.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(mail_mailbox);

Test(mail_mailbox, a_path_has_one_key_in_every_form)
{
	static const struct {
		const char *path, *key;
	} cases[] = {
		{"<>", ""},
		{"", ""},
		{" <> \r\n", ""},
		{"<\"\">", ""},
		{"< bob@example.net >", "bob@example.net"},
		{"<bob@example.net>", "bob@example.net"},
		{"bob@example.net", "bob@example.net"},
		{"<Bob@Example.NET>", "Bob@example.net"},
		{"<bob@example.net.>", "bob@example.net"},
		{"<@a.example,@b.example:bob@example.net>", "bob@example.net"},
		{"<@a,@b:\"x y\"@Example.NET>", "\"x y\"@example.net"},
		{"<\"bob\"@example.net>", "bob@example.net"},
		{"<\"b\\o\\b\"@example.net>", "bob@example.net"},
		{"<\"a.b+c\"@example.net>", "a.b+c@example.net"},
		{"<\"a\\\"b\"@example.net>", "\"a\\\"b\"@example.net"},
		{"<\"a\\\\b\"@example.net>", "\"a\\\\b\"@example.net"},
		{"<\"a@b\"@example.net>", "\"a@b\"@example.net"},
		{"<\"a>b\"@example.net>", "\"a>b\"@example.net"},
		{"<\"\"@example.net>", "\"\"@example.net"},
		{"<bob+tag=x@example.net>", "bob+tag=x@example.net"},
		{"<a..b.@example.net>", "a..b.@example.net"},
		{"<bob>", "bob"},
		{"<Postmaster>", "Postmaster"},
		{"<bob@[192.0.2.1]>", "bob@[192.0.2.1]"},
		{"<bob@[IPv6:2001:DB8::1]>", "bob@[ipv6:2001:db8::1]"},
		{"<müller@bücher.example>", "müller@xn--bcher-kva.example"},
		{"<müller@BÜCHER.example>", "müller@xn--bcher-kva.example"},
		{"<müller@xn--BCHER-kva.example>", "müller@xn--bcher-kva.example"},
		{"<用户@例子.广告>", "用户@xn--fsqu00a.xn--4rr70v"},
		{"<用户@例子。广告>", "用户@xn--fsqu00a.xn--4rr70v"},
		{"<a_b@under_score.example>", "a_b@under_score.example"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char key[POLICY_NAME_SIZE], again[POLICY_NAME_SIZE];

		mailbox_parse(cases[i].path, key);
		cr_expect_str_eq(key, cases[i].key, "%s: %s", cases[i].path, key);
		mailbox_parse(key, again);
		cr_expect_str_eq(again, key, "a key is its own key, but '%s' is not", key);
	}
}

Test(mail_mailbox, malformed_paths_have_keys_too)
{
	static const struct {
		const char *path, *key;
	} cases[] = {
		{"<bob@example.net", "bob@example.net"},
		{"<", ""},
		{"<@>", ""},
		{"<@a>", "\"\"@a"},
		{"<@a:>", ""},
		{"<bob@>", "bob"},
		{"<b o b@example.net>", "\"b o b\"@example.net"},
		{"<a@b@c>", "\"a@b\"@c"},
		{"<\"a@example.net>", "\"\\\"a\"@example.net"},
		{"<\"a\"b@example.net>", "\"\\\"a\\\"b\"@example.net"},
		{"<\"a\"@\"b\"@example.net>", "\"a\\\"@\\\"b\"@example.net"},
		{"<bob@exa mple.net>", "bob@exa mple.net"},
		{"<bob@example..net>", "bob@example..net"},
		{"<bob@.>", "bob@."},
		{"<bob@[192.0.2.1..>", "bob@[192.0.2.1.."},
		{"<\x01\xff\xc3@example.net>", "???@example.net"},
		{"<a\xc0\xaf@b>", "a??@b"},
		{"<a\xed\xa0\x80@b>", "a???@b"},
		{"<a\xc2\x85@b>", "a??@b"},
		{"<bob@b\xff\x7f>", "bob@b??"},
		{"<bob@\xe2\x80\x8b>", "bob@\xe2\x80\x8b"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char key[POLICY_NAME_SIZE], again[POLICY_NAME_SIZE];

		mailbox_parse(cases[i].path, key);
		cr_expect_str_eq(key, cases[i].key, "%s: %s", cases[i].path, key);
		mailbox_parse(key, again);
		cr_expect_str_eq(again, key, "a key is its own key, but '%s' is not", key);
	}
}

/* A path with that many bytes on each side of the @. */
static void parse_long(size_t local, char fill, size_t domain, char key[POLICY_NAME_SIZE])
{
	char *path = malloc(local + domain + 4), again[POLICY_NAME_SIZE];

	path[0] = '<';
	memset(path + 1, fill, local);
	path[1 + local] = '@';
	for (size_t i = 0; i < domain; i++)
		path[2 + local + i] = i % 50 == 49 ? '.' : 'd';
	strcpy(path + 2 + local + domain, ">");
	mailbox_parse(path, key);
	mailbox_parse(key, again);
	cr_assert_str_eq(again, key);
	free(path);
}

Test(mail_mailbox, a_long_mailbox_loses_the_end_of_its_local_part)
{
	char key[POLICY_NAME_SIZE], other[POLICY_NAME_SIZE];

	parse_long(64, 'a', 190, key);
	cr_assert_eq(strlen(key), 255);
	cr_assert_eq(strlen(mailbox_domain(key)), 190);
	parse_long(65, 'a', 190, other);
	cr_assert_str_eq(other, key);
	parse_long(1 << 20, 'a', 190, other);
	cr_assert_str_eq(other, key);
	parse_long(300, '"', 190, key);
	cr_assert_eq(strlen(key), 64 + 1 + 190, "%s", key);
	cr_assert_eq(strlen(mailbox_domain(key)), 190);
	parse_long(300, '\xff', 1 << 20, key);
	cr_assert_lt(strlen(key), POLICY_NAME_SIZE);
	cr_assert_eq(key[0], '?');
	cr_assert_eq(strlen(mailbox_domain(key)), 250);
}

Test(mail_mailbox, no_character_is_split)
{
	char path[600] = "", key[POLICY_NAME_SIZE];

	for (size_t i = 0; i < 150; i++)
		strcat(path, "€");
	strcat(path, "@ab");
	mailbox_parse(path, key);
	cr_assert_eq(strlen(key), 3 * ((255 - 3) / 3) + 3);
	strcat(path, "c");
	mailbox_parse(path, key);
	cr_assert_eq(strlen(key), 3 * ((255 - 4) / 3) + 4);
}

Test(mail_mailbox, the_domain_follows_the_last_at_outside_of_quotes)
{
	static const struct {
		const char *mailbox, *domain;
	} cases[] = {
		{"", NULL},
		{"bob", NULL},
		{"bob@", NULL},
		{"bob@example.net", "example.net"},
		{"\"a@b\"", NULL},
		{"\"a@b\"@c", "c"},
		{"\"a\\\"@b\"@c", "c"},
		{"\"a\\\"@b\"", NULL},
		{"bob@[192.0.2.1]", "[192.0.2.1]"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *domain = mailbox_domain(cases[i].mailbox);

		cr_expect(domain == cases[i].domain ||
				  (domain && cases[i].domain && !strcmp(domain, cases[i].domain)),
			  "%s: %s", cases[i].mailbox, domain);
	}
}

Test(mail_mailbox, a_header_gives_its_first_mailbox)
{
	static const struct {
		const char *value, *key;
	} cases[] = {
		{"bob@Example.net", "bob@example.net"},
		{"<bob@example.net>", "bob@example.net"},
		{"Bob <bob@example.net>", "bob@example.net"},
		{"\"Bob, <eve@evil> the\" builder <bob@example.net>, carol@example.net",
		 "bob@example.net"},
		{"Bob (a (nested) <eve@evil>, comment)\r\n\t<bob@example.net> (x)",
		 "bob@example.net"},
		{"bob@example.net (Bob), carol@example.net", "bob@example.net"},
		{"bob (who?) @ (where?)\n example.net", "bob@example.net"},
		{"\"b o b\"@example.net", "\"b o b\"@example.net"},
		{"Bob <\"b, <o> b\"@example.net>", "\"b, <o> b\"@example.net"},
		{"Bob <@a.example:bob@example.net>", "bob@example.net"},
		{"friends: bob@example.net, carol@example.net;", "bob@example.net"},
		{"friends: Bob <bob@example.net>;", "bob@example.net"},
		{", , bob@example.net", "bob@example.net"},
		{"bob@[IPv6:2001:db8::1]", "bob@[ipv6:2001:db8::1]"},
		{"MAILER-DAEMON", "MAILER-DAEMON"},
		{"Bob <bob@example.net", "bob@example.net"},
		{"Bob \\<x <bob@example.net>", "bob@example.net"},
		{"=?utf-8?q?M=C3=BCller?= <müller@bücher.example>", "müller@xn--bcher-kva.example"},
		{"undisclosed-recipients:;", NULL},
		{"Nobody <>", NULL},
		{"(never closed bob@example.net", NULL},
		{" \t", NULL},
		{",,;:", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char key[POLICY_NAME_SIZE] = "untouched";
		bool found = mailbox_of_header(cases[i].value, key);

		cr_expect_eq(found, cases[i].key != NULL, "%s: %s", cases[i].value, key);
		cr_expect_str_eq(key, found ? cases[i].key : "untouched", "%s: %s", cases[i].value,
				 key);
	}
}

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

Test(mail_mailbox, a_domain_becomes_a_dns_name_or_none)
{
	static const struct {
		const char *domain, *ascii;
	} cases[] = {
		{"Example.NET", "example.net"},
		{"example.net.", "example.net"},
		{"localhost", "localhost"},
		{"a_b.example", "a_b.example"},
		{"faß.example", "xn--fa-hia.example"},
		{"[192.0.2.1]", "[192.0.2.1]"},
		{"[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"},
		{"[2001:db8::1]", NULL},
		{"[ipv6:192.0.2.1]", NULL},
		{"[192.0.2.1", NULL},
		{"[192.0.2.1].", NULL},
		{"[ipv6:]", NULL},
		{"[example.net]", NULL},
		{"[]", NULL},
		{"[", NULL},
		{LABEL_63 ".example", LABEL_63 ".example"},
		{LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, NULL}, /* 255 */
		{"a" LABEL_63 ".example", NULL},
		{"", NULL},
		{".", NULL},
		{".example.net", NULL},
		{"example..net", NULL},
		{"example.net..", NULL},
		{"exa mple.net", NULL},
		{"example.net\\", NULL},
		{"b\xff.example", NULL},
		{"\xe2\x80\x8b", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char ascii[MAILBOX_DOMAIN_SIZE] = "untouched";
		int code = mailbox_domain_ascii(cases[i].domain, ascii);

		cr_expect_eq(code, cases[i].ascii ? 0 : -EINVAL, "%s: %s", cases[i].domain, ascii);
		cr_expect_str_eq(ascii, cases[i].ascii ? cases[i].ascii : "untouched");
	}
}

Test(mail_mailbox, a_domain_has_at_most_253_bytes)
{
	char domain[MAILBOX_DOMAIN_SIZE], ascii[MAILBOX_DOMAIN_SIZE];

	strcpy(domain, LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63);
	domain[253] = '\0';
	cr_assert_eq(mailbox_domain_ascii(domain, ascii), 0);
	cr_assert_str_eq(ascii, domain);
	strcat(domain, ".");
	cr_assert_eq(mailbox_domain_ascii(domain, ascii), 0);
	domain[253] = 'a';
	cr_assert_eq(mailbox_domain_ascii(domain, ascii), -EINVAL);
}
