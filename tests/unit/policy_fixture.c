/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine with ears. */
#include "policy_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void on_event(void *data, const struct policy_event *event)
{
	struct policy_fixture *fixture = data;

	if (fixture->n_events < JUDGE_EVENTS_MAX)
		fixture->events[fixture->n_events++] = *event;
}

static void on_standing(void *data, const struct policy_standing *standing)
{
	struct policy_fixture *fixture = data;

	fixture->record = *standing->record;
	fixture->standing = *standing;
	fixture->standing.record = &fixture->record;
	fixture->n_standings++;
}

static void on_evicted(void *data, const struct sender_record *record)
{
	struct policy_fixture *fixture = data;

	(void)record;
	fixture->n_evicted++;
}

struct policy_fixture *policy_fixture_new_sized(const char *text, uint32_t senders_max,
						uint32_t standings_max)
{
	struct policy_fixture *fixture = calloc(1, sizeof(*fixture));
	struct policy_options options = {
		.senders_max = senders_max,
		.standings_max = standings_max,
		.secret = "0123456789abcde",
		.callbacks = {fixture, on_event, on_standing, on_evicted},
	};
	char *whole = NULL;

	cr_assert_gt(asprintf(&whole, "%s%s", TWO_POOLS, text), 0);
	fixture->config = config_file_load(whole);
	free(whole);
	cr_assert_eq(policy_new(&options, fixture->config, &fixture->policy), 0);
	return fixture;
}

struct policy_fixture *policy_fixture_new(const char *text)
{
	return policy_fixture_new_sized(text, 1000, 100);
}

void policy_fixture_free(struct policy_fixture *fixture)
{
	policy_free(fixture->policy);
	config_free(fixture->config);
	free(fixture);
}

struct decision policy_fixture_decide(struct policy_fixture *fixture, const struct facts *facts,
				      int64_t now_sec)
{
	struct decision decision;

	cr_assert_eq(policy_decide(fixture->policy, facts, now_sec, &decision), 0);
	return decision;
}

struct decision policy_fixture_send(struct policy_fixture *fixture, uint32_t recipients,
				    int64_t now_sec)
{
	struct facts facts = {.user = "bob@example.net",
			      .envelope_from = "bob@example.net",
			      .recipients_external = recipients};

	return policy_fixture_decide(fixture, &facts, now_sec);
}

size_t policy_fixture_count(const struct policy_fixture *fixture, enum policy_event_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < fixture->n_events; i++)
		count += fixture->events[i].kind == kind;
	return count;
}

const struct policy_event *policy_fixture_last(const struct policy_fixture *fixture,
					       enum policy_event_kind kind)
{
	for (size_t i = fixture->n_events; i-- > 0;)
		if (fixture->events[i].kind == kind)
			return &fixture->events[i];
	cr_assert_fail("no such event");
	return NULL;
}
