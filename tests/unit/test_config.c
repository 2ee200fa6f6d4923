/* SPDX-License-Identifier: BSD-2-Clause */
/* The content of configurations that load. test_config_errors.c: those that do not. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"

#define EXAMPLE "tools/postern.conf"

TestSuite(config, .init = config_file_setup, .fini = config_file_teardown);

static const char *address(const struct config_address *address)
{
	static char text[ADDRESS_TEXT_SIZE];

	return address_format(&address->address, text);
}

static const char *prefix(const struct config_selector *selector)
{
	static char text[PREFIX_TEXT_SIZE];

	return prefix_format(&selector->prefix, text);
}

Test(config, what_is_left_out_has_the_documented_value)
{
	struct config *config = config_file_load(TWO_POOLS);

	cr_expect_str_eq(config->file, config_file);
	cr_expect_eq(config->interfaces.count, 0);
	cr_expect_null(config->interfaces.texts);
	cr_expect_eq(config->ports[0], 25);
	cr_expect_eq(config->ports[1], 0);
	cr_expect_eq(config->ingress, CONFIG_INGRESS_AUTO);
	cr_expect_eq(config->egress, CONFIG_EGRESS_AUTO);
	cr_expect_eq(config->default_action, VERDICT_STEER);
	cr_expect_eq(config->default_pool, &config->pools[0]);
	cr_expect(config->plumb);
	cr_expect_str_eq(config->pin_path, "/sys/fs/bpf/postern");
	cr_expect_str_eq(config->runtime_dir, "/run/postern");
	cr_expect_str_eq(config->state, "/var/lib/postern/state.db");
	cr_expect_str_eq(config->user, "postern");
	cr_expect_str_eq(config->metrics, "127.0.0.1:9525");
	cr_expect_eq(config->flows_max, 262144);
	cr_expect_eq(config->sender_flows_max, 48384);
	cr_expect_eq(config->sender_connections_per_minute, 0);
	cr_expect_eq(config->senders_max, 65536);
	cr_expect_eq(config->timeout_established_sec, 7440);
	cr_expect_eq(config->timeout_transitory_sec, 240);
	cr_expect_eq(config->n_senders, 0);
	cr_expect_null(config->pools[0].helo);
	cr_expect_null(config->pools[0].when_empty);
	cr_expect_eq(config->pools[0].n_handles, 0);
	config_free(config);
}

Test(config, every_key_of_the_top_level_is_read)
{
	struct config *config = config_file_load("interfaces = { \"eth0\", \"wan.2\" }\n"
						 "ports = { 25, 465, 0x24b }\n"
						 "ingress = \"xdp\"\n"
						 "egress = \"clsact\"\n"
						 "default = \"drop\"\n"
						 "plumb = false\n"
						 "pin_path = \"/sys/fs/bpf/other\"\n"
						 "runtime_dir = \"/run/other\"\n"
						 "state = \"/srv/state.db\"\n"
						 "user = \"nobody\"\n"
						 "metrics = \"[::1]:1\"\n"
						 "flows_max = 1024\n"
						 "sender_connections_per_minute = 1000000\n"
						 "senders_max = 4194304\n"
						 "timeout_established_sec = 7441\n"
						 "timeout_transitory_sec = 241\n" TWO_POOLS);

	cr_assert_eq(config->interfaces.count, 2);
	cr_expect_str_eq(config->interfaces.texts[0], "eth0");
	cr_expect_str_eq(config->interfaces.texts[1], "wan.2");
	cr_expect_eq(config->ports[0], 25);
	cr_expect_eq(config->ports[1], 465);
	cr_expect_eq(config->ports[2], 587);
	cr_expect_eq(config->ports[3], 0);
	cr_expect_eq(config->ingress, CONFIG_INGRESS_XDP);
	cr_expect_eq(config->egress, CONFIG_EGRESS_CLSACT);
	cr_expect_eq(config->default_action, VERDICT_DROP);
	cr_expect_null(config->default_pool);
	cr_expect_not(config->plumb);
	cr_expect_str_eq(config->pin_path, "/sys/fs/bpf/other");
	cr_expect_str_eq(config->runtime_dir, "/run/other");
	cr_expect_str_eq(config->state, "/srv/state.db");
	cr_expect_str_eq(config->user, "nobody");
	cr_expect_str_eq(config->metrics, "[::1]:1");
	cr_expect_eq(config->flows_max, 1024);
	cr_expect_eq(config->sender_flows_max, 256);
	cr_expect_eq(config->sender_connections_per_minute, 1000000);
	cr_expect_eq(config->senders_max, 4194304);
	cr_expect_eq(config->timeout_established_sec, 7441);
	cr_expect_eq(config->timeout_transitory_sec, 241);
	config_free(config);
}

Test(config, a_sender_has_its_own_limits_or_those_for_all)
{
	struct config *config = config_file_load(
		"sender \"a\" { mark = 1 connections_per_minute = 60 flows_max = 1000 }\n"
		"sender \"b\" { mark = 2 connections_per_minute = 0 flows_max = 0 }\n"
		"sender \"c\" { mark = 3 }\n"
		"sender_connections_per_minute = 7\n"
		"sender_flows_max = 0x20\n" TWO_POOLS);

	cr_expect_eq(config->senders[0].connections_per_minute, 60);
	cr_expect_eq(config->senders[0].flows_max, 1000);
	cr_expect_eq(config->senders[1].connections_per_minute, 0);
	cr_expect_eq(config->senders[1].flows_max, 0);
	cr_expect_eq(config->senders[2].connections_per_minute, 7);
	cr_expect_eq(config->senders[2].flows_max, 32);
	config_free(config);
}

Test(config, flows_without_a_limit_must_be_asked_for)
{
	struct config *config = config_file_load("sender_flows_max = 0\n"
						 "sender \"a\" { mark = 1 }\n" TWO_POOLS);

	cr_expect_eq(config->sender_flows_max, 0);
	cr_expect_eq(config->senders[0].flows_max, 0);
	config_free(config);
	config = config_file_load("flows_max = 16777216\n" TWO_POOLS);
	cr_expect_eq(config->sender_flows_max, 48384);
	config_free(config);
	config = config_file_load("flows_max = 193535\n" TWO_POOLS);
	cr_expect_eq(config->sender_flows_max, 48383);
	config_free(config);
}

Test(config, the_default_may_be_pass_or_any_pool)
{
	struct config *config = config_file_load("default = \"pass\"\n" TWO_POOLS);

	cr_expect_eq(config->default_action, VERDICT_PASS);
	cr_expect_null(config->default_pool);
	config_free(config);

	config = config_file_load("default = \"high-risk\"\n" TWO_POOLS);
	cr_expect_eq(config->default_action, VERDICT_STEER);
	cr_expect_eq(config->default_pool, &config->pools[1]);
	config_free(config);
}

Test(config, pools_have_fixed_ids_or_those_of_their_order_in_the_file)
{
	struct config *config = config_file_load(
		"pool \"relay\" { addresses = { \"203.0.113.1\" } when_empty = \"normal\" }\n"
		"pool \"high-risk\" { addresses = { \"198.51.100.20\" } when_empty = \"last\" }\n"
		"pool \"last\" { addresses = { \"203.0.113.2\" } when_empty = \"hold\" }\n"
		"pool \"normal\" { addresses = { \"192.0.2.10\" } when_empty = \"high-risk\" }\n");
	static const char *const names[] = {"normal", "high-risk", "relay", "last"};
	static const int lines[] = {4, 2, 1, 3};

	cr_assert_eq(config->n_pools, 4);
	for (unsigned i = 0; i < 4; i++) {
		cr_expect_str_eq(config->pools[i].name, names[i]);
		cr_expect_eq(config->pools[i].id, i + 1);
		cr_expect_eq(config->pools[i].line, lines[i]);
		cr_expect_eq(config_pool_find(config, names[i]), &config->pools[i]);
	}
	cr_expect_eq(config->pools[0].when_empty, &config->pools[1]);
	cr_expect_eq(config->pools[1].when_empty, &config->pools[3]);
	cr_expect_eq(config->pools[2].when_empty, &config->pools[0]);
	cr_expect_null(config->pools[3].when_empty);
	cr_expect_null(config_pool_find(config, "other"));
	config_free(config);
}

Test(config, a_pool_keeps_addresses_weights_handles_and_their_lines)
{
	struct config *config =
		config_file_load(TWO_POOLS "pool \"third\"\n"
					   "{\n"
					   "\taddresses = { \"192.0.2.1\", # within the list\n"
					   "\t\t\"192.0.2.2 weight 2\", /* several\n"
					   "\t\tlines */ \"2001:db8::1  weight\t1000\" }\n"
					   "\t// a comment\n"
					   "\thandles = { \"10.0.0.1\" }\n"
					   "\thandles += { 'fd00::1' }\n"
					   "\thelo = out.example.net\n"
					   "}\n");
	const struct config_pool *pool = config_pool_find(config, "third");

	cr_expect_eq(pool->line, 4);
	cr_assert_eq(pool->n_addresses, 3);
	cr_expect_str_eq(address(&pool->addresses[0]), "192.0.2.1");
	cr_expect_eq(pool->addresses[0].weight, 1);
	cr_expect_eq(pool->addresses[0].line, 5);
	cr_expect_str_eq(address(&pool->addresses[1]), "192.0.2.2");
	cr_expect_eq(pool->addresses[1].weight, 2);
	cr_expect_eq(pool->addresses[1].line, 6);
	cr_expect_str_eq(address(&pool->addresses[2]), "2001:db8::1");
	cr_expect_eq(pool->addresses[2].weight, 1000);
	cr_expect_eq(pool->addresses[2].line, 7);
	cr_assert_eq(pool->n_handles, 2);
	cr_expect_str_eq(address(&pool->handles[0]), "10.0.0.1");
	cr_expect_eq(pool->handles[0].line, 9);
	cr_expect_str_eq(address(&pool->handles[1]), "fd00::1");
	cr_expect_eq(pool->handles[1].line, 10);
	cr_expect_str_eq(pool->helo, "out.example.net");
	config_free(config);
}

Test(config, an_address_may_have_a_handle_and_a_name_of_its_own_in_any_order)
{
	struct config *config = config_file_load(
		TWO_POOLS
		"lanes = \"address\"\n"
		"pool \"third\" { handles = { \"10.0.0.1\" }\n"
		"  addresses = { \"192.0.2.1 helo a.example.net handle 10.0.0.2 weight 3\",\n"
		"    \"2001:db8::1 handle fd00::2\" } }\n");
	const struct config_pool *pool = config_pool_find(config, "third");

	cr_expect_eq(config->mail.lanes, CONFIG_LANES_ADDRESS);
	cr_assert_eq(pool->n_addresses, 2);
	cr_expect_eq(pool->addresses[0].weight, 3);
	cr_expect_str_eq(pool->addresses[0].helo, "a.example.net");
	cr_expect(pool->addresses[0].has_handle);
	cr_expect_eq(pool->addresses[1].weight, 1);
	cr_expect_null(pool->addresses[1].helo);
	cr_assert_eq(pool->n_handles, 3);
	cr_expect_null(pool->handles[0].of);
	cr_expect_str_eq(address(&pool->handles[1]), "10.0.0.2");
	cr_expect_eq(pool->handles[1].of, &pool->addresses[0]);
	cr_expect_eq(pool->handles[1].line, 5);
	cr_expect_str_eq(address(&pool->handles[2]), "fd00::2");
	cr_expect_eq(pool->handles[2].of, &pool->addresses[1]);
	config_free(config);
}

Test(config, two_slashes_within_a_word_begin_no_comment)
{
	struct config *config =
		config_file_load(TWO_POOLS "state = /srv//postern///state.db\n"
					   "pin_path = /sys/fs/bpf//other// a comment\n"
					   "runtime_dir = /run/other/* a comment */\n"
					   "// user = x\n"
					   "flows_max = 2048//\n"
					   "user = //nobody\n"
					   "somebody# else");

	cr_expect_str_eq(config->state, "/srv//postern///state.db");
	cr_expect_str_eq(config->pin_path, "/sys/fs/bpf//other");
	cr_expect_str_eq(config->runtime_dir, "/run/other");
	cr_expect_eq(config->flows_max, 2048);
	cr_expect_str_eq(config->user, "somebody");
	config_free(config);
}

Test(config, a_sender_has_selectors_of_every_kind)
{
	struct config *config = config_file_load(
		TWO_POOLS "sender \"all\" {\n"
			  "source = { \"10.1.7.0/24\", \"10.2.0.1\", \"2001:db8::/32\" }\n"
			  "mark = { 7, 0xffffffff, \"010\" }\n"
			  "uid = { \"root\", \"1000\", 4294967294 }\n"
			  "cgroup = { '/system.slice/a\\x2db.service', \"/\" }\n"
			  "}\n");
	const struct config_selector *selector = config->senders[0].selectors;
	static const uint32_t numbers[] = {7, 0xffffffff, 10, 0, 1000, 4294967294};

	cr_assert_eq(config->senders[0].n_selectors, 11);
	cr_expect_str_eq(prefix(&selector[0]), "10.1.7.0/24");
	cr_expect_str_eq(prefix(&selector[1]), "10.2.0.1/32");
	cr_expect_str_eq(prefix(&selector[2]), "2001:db8::/32");
	for (unsigned i = 0; i < 6; i++)
		cr_expect_eq(selector[3 + i].number, numbers[i]);
	cr_expect_str_eq(selector[9].path, "/system.slice/a\\x2db.service");
	cr_expect_str_eq(selector[10].path, "/");
	for (unsigned i = 0; i < 11; i++) {
		static const struct {
			enum config_selector_kind kind;
			unsigned end;
		} keys[] = {{CONFIG_SELECTOR_SOURCE, 3},
			    {CONFIG_SELECTOR_MARK, 6},
			    {CONFIG_SELECTOR_UID, 9},
			    {CONFIG_SELECTOR_CGROUP, 11}};
		unsigned key = 0;

		while (i >= keys[key].end)
			key++;
		cr_expect_eq(selector[i].kind, keys[key].kind);
		cr_expect_eq(selector[i].line, 4 + (int)key);
	}
	config_free(config);
}

Test(config, senders_are_sorted_by_name_and_found)
{
	struct config *config = config_file_load(TWO_POOLS "sender \"c\" { mark = 3 }\n"
							   "sender \"a\" { mark = 1 }\n"
							   "sender \"b\" { mark = 2 }\n");
	static const char *const names[] = {"a", "b", "c"};

	cr_assert_eq(config->n_senders, 3);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_str_eq(config->senders[i].name, names[i]);
		cr_expect_eq(config->senders[i].selectors[0].number, i + 1);
		cr_expect_eq(config_sender_find(config, names[i]), &config->senders[i]);
	}
	cr_expect_null(config_sender_find(config, "aa"));
	cr_expect_null(config_sender_find(config, ""));
	config_free(config);
}

Test(config, no_sender_is_found_where_there_are_none)
{
	struct config *config = config_file_load(TWO_POOLS);

	cr_expect_null(config_sender_find(config, "a"));
	config_free(config);
}

Test(config, a_sender_may_be_known_by_an_address_of_a_pool)
{
	struct config *config =
		config_file_load(TWO_POOLS "sender \"a\" { source = \"192.0.2.10\" }\n");

	cr_expect_eq(config->n_senders, 1);
	config_free(config);
}

Test(config, prefixes_of_two_senders_may_begin_with_one_address)
{
	struct config *config =
		config_file_load(TWO_POOLS "sender \"a\" { source = \"10.0.0.0/8\" }\n"
					   "sender \"b\" { source = \"10.0.0.0/16\" }\n");

	cr_expect_eq(config->n_senders, 2);
	config_free(config);
}

Test(config, the_environment_is_not_read)
{
	struct config *config;

	setenv("NAME", "drop", 1);
	config = config_file_load(TWO_POOLS "sender \"a\" { cgroup = '/${NAME}' }\n");
	cr_expect_str_eq(config->senders[0].selectors[0].path, "/${NAME}");
	config_free(config);
	cr_expect_str_eq(config_file_refusal("default = \"${NAME}\"\n" TWO_POOLS),
			 ":1: found '${', expected the value itself (nothing is taken from the "
			 "environment)");
	cr_expect_str_eq(
		config_file_refusal("default = ${NAME}\n" TWO_POOLS),
		":1: found '$', expected a key, a value (in quotes where it is more than a "
		"word), '=', ',' or braces");
}

Test(config, a_helo_is_a_domain_name_or_an_address_literal)
{
	static const char *const names[] = {"out.example.net", "a.b", "x-1.3com.7x", "[192.0.2.1]",
					    "[IPv6:2001:db8::1]"};
	char text[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct config *config;

		snprintf(text, sizeof(text),
			 TWO_POOLS "pool \"x\" { addresses = \"192.0.2.9\" helo = \"%s\" }",
			 names[i]);
		config = config_file_load(text);
		cr_expect_str_eq(config->pools[2].helo, names[i]);
		config_free(config);
	}
}

Test(config, names_may_have_any_of_the_allowed_characters)
{
	struct config *config =
		config_file_load(TWO_POOLS "sender \"0shop_A.b+c-d@example.net\" { mark = 1 }\n");

	cr_expect_str_eq(config->senders[0].name, "0shop_A.b+c-d@example.net");
	config_free(config);
}

Test(config, names_fill_their_labels)
{
	char name[POSTERN_SENDER_LABEL], text[512];
	struct config *config;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text),
		 TWO_POOLS "pool \"%.31s\" { addresses = \"192.0.2.9\" }\n"
			   "sender \"%s\" { mark = 1 }\n",
		 name, name);
	config = config_file_load(text);
	cr_expect_eq(strlen(config->pools[2].name), POSTERN_POOL_LABEL - 1);
	cr_expect_eq(strlen(config->senders[0].name), POSTERN_SENDER_LABEL - 1);
	config_free(config);
}

Test(config, the_example_loads)
{
	struct config *config = NULL;
	struct error error;

	cr_assert_eq(config_load(EXAMPLE, &config, &error), 0, "%s", error.text);
	/* Started untouched it steers nothing, and no rule bites who did not ask for it. */
	cr_expect_eq(config->default_action, VERDICT_PASS);
	cr_expect_eq(config->n_pools, 2);
	cr_expect_eq(config->n_senders, 0);
	cr_expect_eq(config->internal_domains.count, 0);
	config_free(config);
}
