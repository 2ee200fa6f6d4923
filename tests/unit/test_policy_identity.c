/* SPDX-License-Identifier: BSD-2-Clause */
/* The accountable sender, and its policy and tenant. */
#include <criterion/criterion.h>

#include "policy_fixture.h"
#include "policy/identity.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(policy_identity, .init = config_file_setup, .fini = config_file_teardown);

Test(policy_identity, the_user_counts_else_what_is_configured_else_what_there_is)
{
	static const struct {
		enum config_identity key;
		struct facts facts;
		enum identity_kind kind;
		const char *name;
	} cases[] = {
#define ENVELOPE CONFIG_IDENTITY_ENVELOPE
		{ENVELOPE, {.user = "Bob", .envelope_from = "a@b"}, IDENTITY_USER, "bob"},
		{ENVELOPE, {.user = "", .envelope_from = "A@B"}, IDENTITY_ENVELOPE, "a@b"},
		{ENVELOPE, {.envelope_from = "a@b", .sender = "s"}, IDENTITY_ENVELOPE, "a@b"},
		{ENVELOPE, {.envelope_from = "", .sender = "S"}, IDENTITY_SENDER, "S"},
		{ENVELOPE, {.client = "192.0.2.1"}, IDENTITY_CLIENT, "192.0.2.1"},
		{ENVELOPE, {.header_from = "a@b"}, IDENTITY_NONE, ""},
		{CONFIG_IDENTITY_DOMAIN, {.envelope_from = "a@B.c"}, IDENTITY_DOMAIN, "b.c"},
		{CONFIG_IDENTITY_DOMAIN,
		 {.envelope_from = "root", .client = "::1"},
		 IDENTITY_CLIENT,
		 "::/64"},
		{CONFIG_IDENTITY_DOMAIN,
		 {.user = "u@v", .envelope_from = "a@b"},
		 IDENTITY_USER,
		 "u@v"},
		{CONFIG_IDENTITY_CLIENT,
		 {.envelope_from = "a@b", .client = "192.0.2.1"},
		 IDENTITY_CLIENT,
		 "192.0.2.1"},
		{CONFIG_IDENTITY_CLIENT,
		 {.client = "2001:DB8:1:2:3:4:5:6"},
		 IDENTITY_CLIENT,
		 "2001:db8:1:2::/64"},
		{CONFIG_IDENTITY_CLIENT,
		 {.client = "::ffff:192.0.2.1"},
		 IDENTITY_CLIENT,
		 "192.0.2.1"},
		{CONFIG_IDENTITY_CLIENT, {.client = "Local"}, IDENTITY_CLIENT, "local"},
		{CONFIG_IDENTITY_SENDER,
		 {.envelope_from = "a@b", .sender = "web"},
		 IDENTITY_SENDER,
		 "web"},
		{CONFIG_IDENTITY_SENDER,
		 {.envelope_from = "a@b", .client = "192.0.2.1"},
		 IDENTITY_CLIENT,
		 "192.0.2.1"},
		{ENVELOPE,
		 {.kind = FACTS_CONNECTION, .user = "u", .sender = "web"},
		 IDENTITY_SENDER,
		 "web"},
		{ENVELOPE, {.kind = FACTS_CONNECTION, .client = "192.0.2.1"}, IDENTITY_NONE, ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config config = {.identity = cases[i].key};
		struct identity identity;

		identity_of_facts(&config, &cases[i].facts, &identity);
		cr_expect_eq(identity.kind, cases[i].kind, "case %zu: %s", i,
			     identity_kind_name(identity.kind));
		cr_expect_str_eq(identity.name, cases[i].name);
	}
}

Test(policy_identity, case_does_not_make_another_sender)
{
	static const uint8_t secret[SIPHASH_KEY_SIZE] = {1};
	struct siphash a = identity_key(secret, "Bob@Example.NET");
	struct siphash b = identity_key(secret, "bob@example.net");
	struct siphash c = identity_key(secret, "bob@example.nex");

	cr_expect_arr_eq(a.words, b.words, sizeof(a.words));
	cr_expect_neq(b.words[0], c.words[0]);
}

#define POLICIES                                                                                   \
	"policy \"default\" { }\n"                                                                 \
	"policy \"vip\" { senders = { \"ceo@example.net\", \"*@vip.example.net\" } }\n"            \
	"policy \"shops\" { tenants = \"shop-*\" }\n"                                              \
	"policy \"ours\" { domains = { \"example.net\", \"*.example.net\" } }\n"                   \
	"policy \"too-late\" { senders = \"eve@example.net\" }\n"                                  \
	"sender \"web\" { mark = 1 policy = \"strict\" }\n"                                        \
	"sender \"plain\" { mark = 2 }\n"                                                          \
	"tenant \"shop-1\" { domains = \"shop.example\" senders = \"seller\" }\n"                  \
	"tenant \"all\" { domains = \"*\" }\n"

Test(policy_identity, the_first_policy_that_matches_is_taken)
{
	static const struct {
		struct facts facts;
		const char *policy;
		const char *tenant;
	} cases[] = {
		{{.user = "CEO@example.net"}, "vip", "all"},
		{{.user = "bob@vip.example.net"}, "vip", "all"},
		{{.user = "bob@example.net"}, "ours", "all"},
		{{.user = "bob@a.b.example.NET"}, "ours", "all"},
		{{.user = "bob@notexample.net"}, "default", "all"},
		{{.user = "eve@example.net"}, "ours", "all"},
		{{.user = "bob@shop.example"}, "shops", "shop-1"},
		{{.user = "seller"}, "shops", "shop-1"},
		{{.user = "bob@example.net", .tenant = "SHOP-1"}, "shops", "shop-1"},
		{{.user = "bob@example.org", .tenant = "shop-9"}, "shops", NULL},
		{{.sender = "web"}, "strict", NULL},
		{{.sender = "plain"}, "default", NULL},
		/* The message's own domains count only for identities without a domain. */
		{{.user = "bob@example.org", .envelope_from = "a@example.net"}, "default", "all"},
		{{.user = "bob@example.org", .header_from = "ceo@example.net"}, "default", "all"},
		{{.user = "bob", .envelope_from = "a@example.net"}, "ours", "all"},
		{{.user = "bob", .header_from = "a@example.net"}, "ours", "all"},
		{{.envelope_from = "a@example.org", .header_from = "a@example.net"},
		 "default",
		 "all"},
		{{.client = "192.0.2.1"}, "default", NULL},
	};
	struct policy_fixture *fixture = policy_fixture_new(POLICIES);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct decision decision = policy_fixture_decide(fixture, &cases[i].facts, NOON);

		cr_expect_str_eq(decision.policy, cases[i].policy, "case %zu", i);
		if (cases[i].tenant)
			cr_expect_str_eq(decision.tenant, cases[i].tenant, "case %zu", i);
		else
			cr_expect_null(decision.tenant, "case %zu", i);
	}
	policy_fixture_free(fixture);
}

Test(policy_identity, changing_from_or_envelope_resets_nothing)
{
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"default\" { recipients_external_per_hour = 10 }");
	struct facts facts = {.user = "bob@example.net", .recipients_external = 10};

	policy_fixture_decide(fixture, &facts, NOON);
	facts.recipients_external = 1;
	facts.header_from = "other@example.net";
	cr_expect_eq(policy_fixture_decide(fixture, &facts, NOON).reason, REASON_OVER_LIMIT);
	facts.envelope_from = "other@example.org";
	cr_expect_eq(policy_fixture_decide(fixture, &facts, NOON).reason, REASON_OVER_LIMIT);
	facts.user = "other@example.net";
	cr_expect_eq(policy_fixture_decide(fixture, &facts, NOON).reason, REASON_GOOD);
	policy_fixture_free(fixture);
}

Test(policy_identity, the_policy_of_a_sender_is_its_own_however_the_name_is_written)
{
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"small\" { recipients_external_per_hour = 1 }\n"
				   "sender \"Shop\" { mark = 1 policy = \"small\" }\n");
	static const struct facts cases[] = {
		{.user = "Shop"}, {.user = "SHOP"}, {.sender = "shop"}};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_str_eq(policy_fixture_decide(fixture, &cases[i], NOON).policy, "small",
				 "%zu", i);
	cr_expect_str_eq(policy_rules(fixture->policy, "sHop")->name, "small");
	policy_fixture_free(fixture);
}
