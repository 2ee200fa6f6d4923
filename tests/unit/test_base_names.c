/* SPDX-License-Identifier: BSD-2-Clause */
/* The words for the enums of the maps: each value has one, and each word leads back. */
#include "base/names.h"

#include <criterion/criterion.h>
#include <errno.h>

Test(base_names, every_reason_has_the_word_of_the_design)
{
	static const char *const words[] = {"good",	      "manual", "restricted", "bounce",
					    "no-mail-dns",    "spam",	"over-limit", "relay",
					    "unknown-sender", "handle"};

	cr_assert_eq(sizeof(words) / sizeof(words[0]), REASONS);
	for (unsigned i = 0; i < REASONS; i++)
		cr_expect_str_eq(reason_name((enum reason)i), words[i]);
}

Test(base_names, values_outside_an_enum_are_invalid)
{
	cr_expect_str_eq(reason_name(REASONS), "invalid");
	cr_expect_str_eq(reason_name((enum reason) - 1), "invalid");
	cr_expect_str_eq(verdict_action_name((enum verdict_action)0), "invalid");
	cr_expect_str_eq(verdict_action_name(VERDICT_ACTIONS), "invalid");
	cr_expect_str_eq(pool_state_name((enum pool_state)0), "invalid");
	cr_expect_str_eq(pool_state_name(POOL_STATES), "invalid");
	cr_expect_str_eq(address_state_name((enum address_state)0), "invalid");
	cr_expect_str_eq(address_state_name(ADDRESS_STATES), "invalid");
	cr_expect_str_eq(host_kind_name((enum host_kind)0), "invalid");
	cr_expect_str_eq(host_kind_name(HOST_KINDS), "invalid");
	cr_expect_str_eq(host_state_name((enum host_state)0), "invalid");
	cr_expect_str_eq(host_state_name(HOST_STATES), "invalid");
	cr_expect_str_eq(counter_name(COUNTERS), "invalid");
	cr_expect_str_eq(counter_help(COUNTERS), "invalid");
}

Test(base_names, words_of_states_and_actions_lead_back)
{
	enum verdict_action action;
	enum pool_state pool;
	enum address_state address;

	for (unsigned i = VERDICT_STEER; i < VERDICT_ACTIONS; i++) {
		cr_assert_eq(verdict_action_parse(verdict_action_name(i), &action), 0);
		cr_expect_eq(action, i);
	}
	for (unsigned i = POOL_ENABLED; i < POOL_STATES; i++) {
		cr_assert_eq(pool_state_parse(pool_state_name(i), &pool), 0);
		cr_expect_eq(pool, i);
	}
	for (unsigned i = ADDRESS_ACTIVE; i < ADDRESS_STATES; i++) {
		cr_assert_eq(address_state_parse(address_state_name(i), &address), 0);
		cr_expect_eq(address, i);
	}
}

Test(base_names, states_and_actions_have_the_words_of_the_design)
{
	cr_expect_str_eq(verdict_action_name(VERDICT_STEER), "steer");
	cr_expect_str_eq(verdict_action_name(VERDICT_PASS), "pass");
	cr_expect_str_eq(verdict_action_name(VERDICT_DROP), "drop");
	cr_expect_str_eq(pool_state_name(POOL_ENABLED), "enabled");
	cr_expect_str_eq(pool_state_name(POOL_DISABLED), "disabled");
	cr_expect_str_eq(address_state_name(ADDRESS_ACTIVE), "active");
	cr_expect_str_eq(address_state_name(ADDRESS_DRAINING), "draining");
	cr_expect_str_eq(address_state_name(ADDRESS_DISABLED), "disabled");
}

Test(base_names, unknown_words_are_refused_and_leave_the_result_alone)
{
	enum verdict_action action = VERDICT_DROP;
	enum pool_state pool = POOL_DISABLED;
	enum address_state address = ADDRESS_DRAINING;

	cr_expect_eq(verdict_action_parse("Steer", &action), -EINVAL);
	cr_expect_eq(verdict_action_parse("", &action), -EINVAL);
	cr_expect_eq(pool_state_parse("active", &pool), -EINVAL);
	cr_expect_eq(address_state_parse("enabled", &address), -EINVAL);
	cr_expect_eq(address_state_parse("invalid", &address), -EINVAL);
	cr_expect_eq(action, VERDICT_DROP);
	cr_expect_eq(pool, POOL_DISABLED);
	cr_expect_eq(address, ADDRESS_DRAINING);
}

Test(base_names, a_counter_is_named_like_its_field)
{
	cr_expect_str_eq(counter_name(COUNTER_flows_opened), "flows_opened");
	cr_expect_str_eq(counter_help(COUNTER_flows_opened), "flows opened");
	cr_expect_str_eq(counter_name(COUNTERS - 1), "events_lost");
	cr_expect_str_eq(counter_help(COUNTERS - 1), "events lost: the ring buffer was full");
}

Test(base_names, the_state_of_a_flow_follows_from_its_halves)
{
	static const struct half silent, seen = {.packets = 1};
	static const struct half fin = {.packets = 1, .fin_seen = 1};
	static const struct half rst = {.packets = 1, .rst_seen = 1};

	cr_expect_str_eq(flow_state_name(&seen, &silent), "opening");
	cr_expect_str_eq(flow_state_name(&seen, &seen), "established");
	cr_expect_str_eq(flow_state_name(&fin, &seen), "closing");
	cr_expect_str_eq(flow_state_name(&seen, &fin), "closing");
	cr_expect_str_eq(flow_state_name(&rst, &silent), "closing");
	cr_expect_str_eq(flow_state_name(&seen, &rst), "closing");
}
