/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies and tenants: values that load, and errors with their words. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config_file.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(config_policy, .init = config_file_setup, .fini = config_file_teardown);

static void expect_limits(const struct config_policy *policy, uint32_t external, uint32_t internal,
			  uint32_t per_day, uint32_t messages, uint32_t connections)
{
	const uint32_t expected[] = {external, internal, per_day, messages, connections};

	cr_assert_not_null(policy);
	for (unsigned i = 0; i < CONFIG_LIMITS_OF_SENDER; i++)
		cr_expect_eq(policy->limits[i], expected[i], "%s: %s is %u", policy->name,
			     config_limit_name(i), policy->limits[i]);
}

Test(config_policy, the_ready_made_policies_are_always_there)
{
	struct config *config = config_file_load(TWO_POOLS);

	cr_expect_eq(config->n_policies, 4);
	expect_limits(config_policy_find(config, "standard"), 500, 1000, 1000, 30, 0);
	expect_limits(config_policy_find(config, "strict"), 400, 800, 800, 30, 0);
	expect_limits(config_policy_find(config, "service"), 10000, 10000, 10000, 30, 0);
	expect_limits(config->default_policy, 10000, 10000, 10000, 30, 0);
	cr_expect_str_eq(config->default_policy->name, "default");
	cr_expect_eq(config->default_policy->on_limit, CONFIG_ON_LIMIT_HIGH_RISK);
	cr_expect_eq(config->default_policy->spam_count, 10);
	cr_expect_eq(config->default_policy->spam_of, 20);
	cr_expect_eq(config->default_policy->reports_per_day, 5);
	cr_expect_eq(config->default_policy->automatic_per_day, 100);
	cr_expect_eq(config->default_policy->spam_for_sec, 86400);
	cr_expect_eq(config->default_policy->line, 0);
	cr_expect_eq(config->n_tenants, 0);
	cr_expect_eq(config->internal_domains.count, 0);
	cr_expect_eq(config->identity, CONFIG_IDENTITY_ENVELOPE);
	cr_expect_not(config->relay_dkim);
	cr_expect_eq(config->senders_tracked_max, 1000000);
	cr_expect_eq(config->decisions_max, 65536);
	config_free(config);
}

Test(config_policy, every_key_is_read)
{
	struct config *config = config_file_load(
		TWO_POOLS "policy \"small\" {\n"
			  "  recipients_external_per_hour = 1\n"
			  "  recipients_internal_per_hour = 2\n"
			  "  recipients_per_day = 3\n"
			  "  messages_per_minute = 4\n"
			  "  connections_per_minute = 10000\n"
			  "  automatic_per_day = 7\n"
			  "  on_limit = \"restrict-today\"\n"
			  "  spam_of_last = \"3 of 64\"\n"
			  "  reports_per_day = 0\n"
			  "  spam_for = 30d\n"
			  "  senders = { \"bob@example.net\", \"*@sales.example.net\" }\n"
			  "  tenants = \"shop-*\"\n"
			  "  domains = { \"example.org\", \"*.example.org\" }\n"
			  "}\n"
			  "tenant \"shop-1\" {\n"
			  "  senders = \"*@shop.example\"  domains = \"shop.example\"\n"
			  "  recipients_external_per_day = 9500  recipients_per_day = 1000000000\n"
			  "  on_limit = \"defer\"\n"
			  "}\n"
			  "tenant \"alone\" { }\n"
			  "internal_domains = { \"example.net\", \"*.example.net\" }\n"
			  "identity = \"client\"  relay_dkim = true\n"
			  "senders_tracked_max = 1024  decisions_max = 4194304\n");
	const struct config_policy *policy = &config->policies[0];
	const struct config_tenant *tenant = &config->tenants[0];

	cr_expect_str_eq(policy->name, "small");
	expect_limits(policy, 1, 2, 3, 4, 10000);
	cr_expect_eq(policy->on_limit, CONFIG_ON_LIMIT_RESTRICT_TODAY);
	cr_expect_eq(policy->spam_count, 3);
	cr_expect_eq(policy->spam_of, 64);
	cr_expect_eq(policy->reports_per_day, 0);
	cr_expect_eq(policy->automatic_per_day, 7);
	cr_expect_eq(policy->spam_for_sec, 30 * 86400);
	cr_assert_eq(policy->senders.count, 2);
	cr_expect_str_eq(policy->senders.texts[1], "*@sales.example.net");
	cr_assert_eq(policy->tenants.count, 1);
	cr_expect_str_eq(policy->tenants.texts[0], "shop-*");
	cr_expect_eq(policy->domains.count, 2);
	cr_expect_eq(policy->line, 3);
	cr_assert_eq(config->n_tenants, 2);
	cr_expect_str_eq(tenant->name, "shop-1");
	cr_expect_eq(tenant->limits[0], 9500);
	cr_expect_eq(tenant->limits[1], 1000000000);
	cr_expect_eq(tenant->on_limit, CONFIG_ON_LIMIT_DEFER);
	cr_expect_eq(tenant->senders.count, 1);
	cr_expect_eq(tenant->domains.count, 1);
	cr_expect_eq(config->tenants[1].limits[0], 0);
	cr_expect_eq(config->internal_domains.count, 2);
	cr_expect_eq(config->identity, CONFIG_IDENTITY_CLIENT);
	cr_expect(config->relay_dkim);
	cr_expect_eq(config->senders_tracked_max, 1024);
	cr_expect_eq(config->decisions_max, 4194304);
	config_free(config);
}

Test(config_policy, zero_is_the_limit_of_the_service_and_like_is_where_a_policy_begins)
{
	struct config *config = config_file_load(
		TWO_POOLS "policy \"zero\" { recipients_external_per_hour = 0 "
			  "recipients_internal_per_hour = 0 recipients_per_day = 0 "
			  "messages_per_minute = 0 connections_per_minute = 0 }\n"
			  "policy \"like\" { recipients_per_day = 900 like = \"strict\" "
			  "spam_of_last = \"never\" }\n");

	expect_limits(&config->policies[0], 10000, 10000, 10000, 30, 0);
	expect_limits(&config->policies[1], 400, 800, 900, 30, 0);
	cr_expect_eq(config->policies[1].spam_count, 0);
	config_free(config);
}

Test(config_policy, the_file_may_define_what_is_ready_made_and_its_order_is_kept)
{
	struct config *config =
		config_file_load(TWO_POOLS "policy \"default\" { recipients_per_day = 7 }\n"
					   "policy \"strict\" { recipients_per_day = 8 }\n"
					   "sender \"z\" { mark = 1  policy = \"strict\" }\n"
					   "sender \"b\" { policy = \"later\"  mark = 2 }\n"
					   "sender \"a\" { mark = 3 }\n"
					   "policy \"later\" { recipients_per_day = 9 }\n");
	static const char *const names[] = {"default", "strict", "later", "standard", "service"};

	cr_assert_eq(config->n_policies, COUNT(names));
	for (unsigned i = 0; i < COUNT(names); i++)
		cr_expect_str_eq(config->policies[i].name, names[i]);
	cr_expect_eq(config->default_policy, &config->policies[0]);
	cr_expect_null(config_sender_find(config, "a")->policy);
	cr_expect_eq(config_sender_find(config, "b")->policy, &config->policies[2]);
	cr_expect_eq(config_sender_find(config, "z")->policy, &config->policies[1]);
	config_free(config);
}

Test(config_policy, each_word_for_on_limit_and_identity_is_known)
{
	static const char *const on_limits[] = {"high-risk", "defer", "restrict-today", "restrict",
						"alert"};
	static const char *const identities[] = {"envelope", "domain", "client", "sender"};
	char text[512];

	for (unsigned i = 0; i < COUNT(on_limits); i++) {
		struct config *config;

		snprintf(text, sizeof(text), TWO_POOLS "policy \"default\" { on_limit = \"%s\" }",
			 on_limits[i]);
		config = config_file_load(text);
		cr_expect_eq(config->default_policy->on_limit, i);
		cr_expect_str_eq(config_on_limit_name(i), on_limits[i]);
		config_free(config);
	}
	for (unsigned i = 0; i < COUNT(identities); i++) {
		struct config *config;

		snprintf(text, sizeof(text), TWO_POOLS "identity = \"%s\"", identities[i]);
		config = config_file_load(text);
		cr_expect_eq(config->identity, i);
		config_free(config);
	}
	cr_expect_str_eq(config_on_limit_name(99), "invalid");
	cr_expect_str_eq(config_limit_name(99), "invalid");
}

/* In the third line. */
#define IN_POLICY(keys) TWO_POOLS "policy \"p\" { " keys " }"
#define IN_TENANT(keys) TWO_POOLS "tenant \"t\" { " keys " }"
#define POLICY_KEYS                                                                                \
	"like, recipients_external_per_hour, recipients_internal_per_hour, recipients_per_day, "   \
	"messages_per_minute, connections_per_minute, automatic_per_day, on_limit, spam_of_last, " \
	"reports_per_day, "                                                                        \
	"spam_for, senders, tenants, domains"
#define OF_LAST "expected 'N of M' with N from 1 to M and M of at most 64, or 'never'"
#define PATTERN_256                                                                                \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                         \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                         \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                         \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text;
	const char *error;
} refusals[] = {
	{IN_POLICY("limit = 5"), ":3: found 'limit', expected one of " POLICY_KEYS},
	{IN_TENANT("messages_per_minute = 5"),
	 ":3: found 'messages_per_minute', expected one of senders, domains, "
	 "recipients_external_per_day, recipients_per_day, on_limit"},
	{IN_POLICY("recipients_per_day = 10001"),
	 ":3: found recipients_per_day '10001', expected a number from 0 to 10000"},
	{IN_POLICY("messages_per_minute = -1"),
	 ":3: found messages_per_minute '-1', expected a number from 0 to 10000"},
	{IN_POLICY("reports_per_day = often"),
	 ":3: found reports_per_day 'often', expected a number from 0 to 10000"},
	{IN_TENANT("recipients_per_day = 1000000001"),
	 ":3: found recipients_per_day '1000000001', expected a number from 0 to 1000000000"},
	{IN_POLICY("on_limit = \"reject\""),
	 ":3: found on_limit 'reject', expected 'high-risk', 'defer', 'restrict-today', 'restrict' "
	 "or 'alert'"},
	{IN_TENANT("on_limit = \"restrict\""),
	 ":3: found on_limit 'restrict', expected 'high-risk', 'defer' or 'alert'"},
	{IN_POLICY("spam_of_last = \"5\""), ":3: found spam_of_last '5', " OF_LAST},
	{IN_POLICY("spam_of_last = \"0 of 5\""), ":3: found spam_of_last '0 of 5', " OF_LAST},
	{IN_POLICY("spam_of_last = \"6 of 5\""), ":3: found spam_of_last '6 of 5', " OF_LAST},
	{IN_POLICY("spam_of_last = \"6 of 65\""), ":3: found spam_of_last '6 of 65', " OF_LAST},
	{IN_POLICY("spam_of_last = \"6 of 20x\""), ":3: found spam_of_last '6 of 20x', " OF_LAST},
	{IN_POLICY("spam_of_last = \"-1 of 20\""), ":3: found spam_of_last '-1 of 20', " OF_LAST},
	{IN_POLICY("spam_for = 31d"),
	 ":3: found spam_for '31d', expected a time such as '12h', of at most 30d"},
	{IN_POLICY("spam_for = 0"),
	 ":3: found spam_for '0', expected a time such as '12h', of at most 30d"},
	{IN_POLICY("like = \"small\""),
	 ":3: found like 'small', expected 'standard', 'strict' or 'service'"},
	{IN_POLICY("senders = {\n\"a@b\", \"a b\" }"),
	 ":4: found 'a b' in 'senders', expected one like 'bob@example.net' or "
	 "'*@sales.example.net'"},
	{IN_POLICY("tenants = \"a b\""),
	 ":3: found 'a b' in 'tenants', expected one like 'shop' or 'shop-*'"},
	{IN_POLICY("domains = \"a@b\""),
	 ":3: found 'a@b' in 'domains', expected one like 'example.net' or '*.example.net'"},
	{TWO_POOLS "internal_domains = { \"@b\" }",
	 ":3: found '@b' in 'internal_domains', expected one like 'example.net' or "
	 "'*.example.net'"},
	{IN_POLICY("senders = \"" PATTERN_256 "\""),
	 ":3: found "
	 "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaa' in 'senders', expected one like 'bob@example.net' or "
	 "'*@sales.example.net'"},
	{TWO_POOLS "policy \"default\" { domains = \"a\" }",
	 ":3: found policy 'default' with senders, tenants or domains, expected none: it holds for "
	 "senders that no other policy matches"},
	{IN_POLICY("") "\npolicy \"p\" { }",
	 ":4: found policy 'p' again, expected it once (it is at line 3)"},
	{IN_TENANT("") "\ntenant \"a\" { }\ntenant \"t\" { }",
	 ":5: found tenant 't' again, expected it once (it is at line 3)"},
	{TWO_POOLS "policy \"a b\" { }",
	 ":3: found policy name 'a b', expected a letter or digit, then letters, digits or . _ @ + "
	 "-"},
	{TWO_POOLS "sender \"a\" { mark = 1\npolicy = \"p\" }",
	 ":4: found policy 'p', expected the name of a policy"},
	{TWO_POOLS "identity = \"user\"",
	 ":3: found identity 'user', expected 'envelope', 'domain', 'client' or 'sender'"},
	{TWO_POOLS "relay_dkim = perhaps",
	 ":3: found relay_dkim 'perhaps', expected 'true' or 'false'"},
	{TWO_POOLS "senders_tracked_max = 1023",
	 ":3: found senders_tracked_max '1023', expected a number from 1024 to 16777216"},
	{TWO_POOLS "decisions_max = 4194305",
	 ":3: found decisions_max '4194305', expected a number from 1024 to 4194304"},
};

Test(config_policy, what_is_wrong_is_refused_with_its_line)
{
	for (size_t i = 0; i < COUNT(refusals); i++)
		cr_expect_str_eq(config_file_refusal(refusals[i].text), refusals[i].error,
				 "%s\n  gives    %s\n  expected %s", refusals[i].text,
				 config_file_refusal(refusals[i].text), refusals[i].error);
}
