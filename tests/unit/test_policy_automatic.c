/* SPDX-License-Identifier: BSD-2-Clause */
/* Automatic messages and bounces of a sender that the host knows: counts, restrictions, marks. */
#include <criterion/criterion.h>
#include <errno.h>

#include "policy_fixture.h"

TestSuite(policy_automatic, .init = config_file_setup, .fini = config_file_teardown);

static uint32_t counted_at(struct policy_fixture *fixture, enum config_limit limit, int64_t now_sec)
{
	struct policy_view view;

	return policy_view(fixture->policy, "bob@example.net", now_sec, &view) < 0
		       ? 0
		       : view.counts[limit];
}

static uint32_t counted(struct policy_fixture *fixture, enum config_limit limit)
{
	return counted_at(fixture, limit, NOON);
}

#define AUTOMATIC                                                                                  \
	"policy \"default\" { recipients_external_per_hour = 10 automatic_per_day = 3 "            \
	"spam_of_last = \"never\" on_limit = \"restrict\" }\n"

/* One message of a login or a selector, in each form that looks like mail of nobody. */
static const struct facts automatic_of_named[] = {
	{.user = "bob@example.net", .envelope_from = "", .recipients_external = 1},
	{.user = "bob@example.net", .bounce = true, .recipients_external = 1},
	{.user = "bob@example.net", .automatic = true, .recipients_external = 1},
	{.sender = "bob@example.net", .envelope_from = "", .recipients_external = 1},
};

Test(policy_automatic, a_login_under_the_null_sender_is_restricted_like_any_other)
{
	for (size_t i = 0; i < sizeof(automatic_of_named) / sizeof(automatic_of_named[0]); i++) {
		struct policy_fixture *fixture = policy_fixture_new(AUTOMATIC);
		const struct facts *facts = &automatic_of_named[i];

		for (unsigned n = 0; n < 3; n++)
			policy_fixture_decide(fixture, facts, NOON);
		cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), 0, "case %zu", i);
		cr_expect_eq(counted(fixture, CONFIG_MESSAGES_PER_MINUTE), 3, "case %zu", i);
		for (unsigned n = 0; n < 10; n++)
			policy_fixture_decide(fixture, facts, NOON + 60);
		cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), 10, "case %zu", i);
		policy_fixture_decide(fixture, facts, NOON + 60);
		cr_expect_eq(policy_fixture_decide(fixture, facts, NOON + 60).reason,
			     REASON_RESTRICTED, "case %zu", i);
		policy_fixture_free(fixture);
	}
}

Test(policy_automatic, the_free_recipients_of_automatic_messages_begin_anew_at_midnight)
{
	struct policy_fixture *fixture = policy_fixture_new(AUTOMATIC);
	const struct facts *facts = &automatic_of_named[0];

	for (unsigned n = 0; n < 4; n++)
		policy_fixture_decide(fixture, facts, MIDNIGHT + DAY - 60);
	for (unsigned n = 0; n < 3; n++)
		policy_fixture_decide(fixture, facts, MIDNIGHT + DAY);
	cr_expect_eq(policy_fixture_decide(fixture, facts, MIDNIGHT + DAY).action, DECISION_STEER);
	cr_expect_eq(counted_at(fixture, CONFIG_EXTERNAL_PER_HOUR, MIDNIGHT + DAY), 2);
	policy_fixture_free(fixture);
}

Test(policy_automatic, spam_marks_of_a_login_under_the_null_sender_count)
{
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"default\" { spam_of_last = \"3 of 5\" }\n");
	struct facts facts = {.user = "bob@example.net",
			      .envelope_from = "",
			      .spam = true,
			      .recipients_external = 1};

	for (unsigned n = 0; n < 3; n++)
		cr_expect_eq(policy_fixture_decide(fixture, &facts, NOON).reason, REASON_BOUNCE);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON).reason, REASON_SPAM);
	policy_fixture_free(fixture);
}

Test(policy_automatic, a_bounce_under_several_recipients_counts_them_for_its_login)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct facts facts = {.user = "bob@example.net", .bounce = true, .recipients_external = 2};

	policy_fixture_decide(fixture, &facts, NOON);
	cr_expect_eq(counted(fixture, CONFIG_EXTERNAL_PER_HOUR), 2);
	policy_fixture_free(fixture);
}

Test(policy_automatic, a_client_counts_bounces_only_where_it_is_the_identity)
{
	struct facts facts = {.client = "192.0.2.9", .envelope_from = "", .recipients_external = 1};

	for (unsigned named = 0; named < 2; named++) {
		struct policy_fixture *fixture =
			policy_fixture_new(named ? "identity = \"client\"\n" : "");
		struct policy_view view = {0};

		policy_fixture_decide(fixture, &facts, NOON);
		cr_expect_eq(policy_view(fixture->policy, "192.0.2.9", NOON, &view),
			     named ? 0 : -ENOENT);
		cr_expect_eq(view.counts[CONFIG_MESSAGES_PER_MINUTE], named);
		policy_fixture_free(fixture);
	}
}
