/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine, and the changes that it returns. */
#include "policy_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void see_event(struct policy_fixture *fixture, const struct policy_event *event)
{
	fixture->counts[event->kind]++;
	fixture->last[event->kind] = *event;
	if (fixture->n_events < POLICY_FIXTURE_EVENTS)
		fixture->events[fixture->n_events] = *event;
	fixture->n_events++;
}

static void see_standing(struct policy_fixture *fixture, const struct policy_standing *standing)
{
	fixture->record = *standing->record;
	fixture->standing = *standing;
	fixture->standing.record = &fixture->record;
	fixture->n_standings++;
}

/* Records the changes that the judge would carry out. */
static void see(struct policy_fixture *fixture, const struct policy_changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		const struct policy_change *change = &changes->list[i];

		if (change->is_event)
			see_event(fixture, &change->event);
		else
			see_standing(fixture, &change->standing);
	}
}

struct policy_fixture *policy_fixture_new_sized(const char *text, uint32_t senders_max)
{
	struct policy_fixture *fixture = calloc(1, sizeof(*fixture));
	struct policy_options options = {
		.senders_max = senders_max,
		.secret = "0123456789abcde",
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
	return policy_fixture_new_sized(text, 1000);
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
	struct policy_changes changes = {0};
	struct decision decision;

	cr_assert_eq(policy_decide(fixture->policy, facts, now_sec, &decision, &changes), 0);
	see(fixture, &changes);
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

void policy_fixture_tick(struct policy_fixture *fixture, int64_t now_sec)
{
	bool more = true;

	while (more) {
		struct policy_changes changes = {0};

		more = policy_tick(fixture->policy, now_sec, &changes);
		see(fixture, &changes);
	}
}

int policy_fixture_report(struct policy_fixture *fixture, const char *sender, int64_t now_sec)
{
	struct policy_changes changes = {0};
	int r = policy_report(fixture->policy, sender, now_sec, &changes);

	see(fixture, &changes);
	return r;
}

int policy_fixture_release(struct policy_fixture *fixture, const char *sender, int64_t now_sec)
{
	struct policy_changes changes = {0};
	int r = policy_release(fixture->policy, sender, now_sec, &changes);

	see(fixture, &changes);
	return r;
}

int policy_fixture_set_manual(struct policy_fixture *fixture, const char *sender,
			      const struct policy_manual *manual, int64_t now_sec)
{
	struct policy_changes changes = {0};
	int r = policy_set_manual(fixture->policy, sender, manual, now_sec, &changes);

	see(fixture, &changes);
	return r;
}

size_t policy_fixture_count(const struct policy_fixture *fixture, enum policy_event_kind kind)
{
	return fixture->counts[kind];
}

const struct policy_event *policy_fixture_last(const struct policy_fixture *fixture,
					       enum policy_event_kind kind)
{
	cr_assert_gt(fixture->counts[kind], 0, "no such event");
	return &fixture->last[kind];
}
