/* SPDX-License-Identifier: BSD-2-Clause */
/* Many names of one sender, and names that only look like them. */
#include "policy/owner.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "policy_fixture.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(policy_owner, .init = config_file_setup, .fini = config_file_teardown);

static void expect_owner(const struct config *config, const char *name, bool is_login,
			 const char *expected)
{
	char owner[POLICY_NAME_SIZE], again[POLICY_NAME_SIZE];

	owner_of(config, name, is_login, owner);
	cr_expect_str_eq(owner, expected, "%s: %s, expected %s", name, owner, expected);
	owner_of(config, owner, is_login, again);
	cr_expect_str_eq(again, owner, "the owner of '%s'", owner);
}

Test(policy_owner, known_forms_are_reduced)
{
	static const char *const cases[][2] = {
		{"bob@a.example", "bob@a.example"},
		{"bob+x@a.example", "bob@a.example"},
		{"bob+x+y@a.example", "bob@a.example"},
		{"prvs=0123456789=bob@a.example", "bob@a.example"},
		{"PRVS=0001abcdef=Bob@a.example", "Bob@a.example"},
		{"prvs=bob/0123456789@a.example", "bob@a.example"},
		{"prvs=0123456789=bob+x@a.example", "bob@a.example"},
		{"btv1==0a1b2c==bob@a.example", "bob@a.example"},
		{"SRS0=hash=TT=orig.example=alice@fwd.example", "fwd.example"},
		{"SRS0+hash=TT=orig.example=alice@fwd.example", "fwd.example"},
		{"SRS1=hash=other.example==hash=TT=o.example=al@fwd.example", "fwd.example"},
		{"news+u0001=dom.example@shop.example", "news@shop.example"},
		{"news-u0001=dom.example@shop.example", "news@shop.example"},
		{"news-17-u0001=dom.example@shop.example", "news@shop.example"},
		{"l+bounces-1-bob=example.net@lists.example", "l@lists.example"},
		{"a-b@a.example", "a-b@a.example"},
		{"a=b@a.example", "a=b@a.example"},
		{"+x@a.example", "+x@a.example"},
		{"-a=b@a.example", "-a=b@a.example"},
		{"prvs=@a.example", "prvs=@a.example"},
		{"prvs==@a.example", "prvs==@a.example"},
		{"btv1==x@a.example", "btv1==x@a.example"},
		{"srs2=x@a.example", "srs2=x@a.example"},
		{"btv1==0a1b2c==prvs=0123456789=bob@a.example", "bob@a.example"},
		{"prvs=0123456789=btv1==0a1b2c==bob+x@a.example", "bob@a.example"},
		{"prvs=0123456789=news-1-al=example.org@shop.example", "news@shop.example"},
		{"prvs=0123456789=\"bob\"@a.example", "bob@a.example"},
		{"\"bob\"@a.example", "bob@a.example"},
		{"\"bob+x\"@a.example", "bob@a.example"},
		{"\"bob x\"@a.example", "\"bob x\"@a.example"},
		{"\"bob\\\"x\"@a.example", "\"bob\\\"x\"@a.example"},
		{"\"\"@a.example", "\"\"@a.example"},
		{"\"bob@a.example", "\"bob@a.example"},
		/* U+00FC, u and U+0308, U+00DC: one letter. */
		{"j\303\274rgen@a.example", "j\303\274rgen@a.example"},
		{"ju\314\210rgen@a.example", "j\303\274rgen@a.example"},
		{"J\303\234RGEN@a.example", "j\303\274rgen@a.example"},
		{"\"ju\314\210rgen\"@a.example", "j\303\274rgen@a.example"},
		{"ju\314\210rgen+x@a.example", "j\303\274rgen@a.example"},
		{"prvs=0123456789=ju\314\210rgen@a.example", "j\303\274rgen@a.example"},
		/* A mark alone, and a byte that is no UTF-8, stay. */
		{"\314\210x@a.example", "\314\210x@a.example"},
		{"\377@a.example", "\377@a.example"},
		{"bob+x", "bob+x"},
		{"", ""},
		{"192.0.2.1", "192.0.2.1"},
	};
	struct config *config = config_file_load(TWO_POOLS);

	for (size_t i = 0; i < COUNT(cases); i++)
		expect_owner(config, cases[i][0], false, cases[i][1]);
	config_free(config);
}

Test(policy_owner, the_configuration_chooses_forms_and_names_others)
{
	struct config *config =
		config_file_load(TWO_POOLS "sender_forms = { \"prvs\", \"@a.example\","
					   " \"b-*@shop.example: news@shop.example\" }\n"
					   "sender \"b-1@shop.example\" { mark = 7 }\n");

	expect_owner(config, "bob+x@a.example", false, "bob+x@a.example");
	expect_owner(config, "B-2@Shop.example", false, "news@shop.example");
	expect_owner(config, "b-1@shop.example", false, "b-1@shop.example");
	expect_owner(config, "bob", true, "bob@a.example");
	expect_owner(config, "bob", false, "bob");
	expect_owner(config, "prvs=0123456789=bob", true, "bob@a.example");
	expect_owner(config, "bob@b.example", true, "bob@b.example");
	config_free(config);
}

static struct decision send_as(struct policy_fixture *fixture, const char *from, int64_t now_sec)
{
	const struct facts facts = {.envelope_from = from, .recipients_external = 1};

	return policy_fixture_decide(fixture, &facts, now_sec);
}

Test(policy_owner, a_thousand_names_of_one_sender_have_one_limit)
{
	static const char *const forms[] = {
		"prvs=%04u000000=bob@a.example",
		"btv1==%u==bob@a.example",
		"bob+%u@a.example",
		"bob-u%u=dom.example@a.example",
	};

	for (size_t f = 0; f < COUNT(forms); f++) {
		struct policy_fixture *fixture =
			policy_fixture_new("policy \"p\" { senders = { \"*\" } "
					   "recipients_external_per_hour = 100 }\n");
		unsigned passed = 0;

		for (unsigned i = 0; i < 300; i++) {
			char name[POLICY_NAME_SIZE];

			snprintf(name, sizeof(name), forms[f], i);
			passed += send_as(fixture, name, NOON + 3 * i).reason == REASON_GOOD;
		}
		cr_expect_eq(passed, 100, "%s: %u", forms[f], passed);
		policy_fixture_free(fixture);
	}
}

Test(policy_owner, an_order_for_any_name_is_the_sender_s)
{
	static const struct policy_manual block = {VERDICT_DROP, POOL_NONE, 0};
	struct policy_fixture *fixture = policy_fixture_new("");
	struct policy_view view;

	send_as(fixture, "bob@a.example", NOON);
	cr_expect_eq(policy_fixture_set_manual(fixture, "bob@a.example", &block, NOON), 0);
	cr_expect_eq(send_as(fixture, "bob+x@a.example", NOON).reason, REASON_MANUAL);
	cr_expect_eq(send_as(fixture, "prvs=0123456789=bob@a.example", NOON).reason, REASON_MANUAL);
	cr_expect_eq(policy_verdict_of(fixture->policy, "btv1==1==bob@a.example", NOON).action,
		     VERDICT_DROP);
	cr_expect_eq(policy_view(fixture->policy, "bob+y@a.example", NOON, &view), 0);
	policy_fixture_free(fixture);
}
