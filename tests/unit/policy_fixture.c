/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine with ears. */
#include "policy_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static void on_event(void *data, const struct policy_event *event)
{
	struct judge *judge = data;

	if (judge->n_events < JUDGE_EVENTS_MAX)
		judge->events[judge->n_events++] = *event;
}

static void on_standing(void *data, const struct policy_standing *standing)
{
	struct judge *judge = data;

	judge->record = *standing->record;
	judge->standing = *standing;
	judge->standing.record = &judge->record;
	judge->n_standings++;
}

static void on_evicted(void *data, const struct sender_record *record)
{
	struct judge *judge = data;

	(void)record;
	judge->n_evicted++;
}

struct judge *judge_new_sized(const char *text, uint32_t senders_max, uint32_t standings_max)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	struct policy_options options = {
		.senders_max = senders_max,
		.standings_max = standings_max,
		.secret = "0123456789abcde",
		.callbacks = {judge, on_event, on_standing, on_evicted},
	};
	char *whole = NULL;

	cr_assert_gt(asprintf(&whole, "%s%s", TWO_POOLS, text), 0);
	judge->config = config_file_load(whole);
	free(whole);
	cr_assert_eq(policy_new(&options, judge->config, &judge->policy), 0);
	return judge;
}

struct judge *judge_new(const char *text)
{
	return judge_new_sized(text, 1000, 100);
}

void judge_free(struct judge *judge)
{
	policy_free(judge->policy);
	config_free(judge->config);
	free(judge);
}

struct decision judge_decide(struct judge *judge, const struct facts *facts, int64_t now_sec)
{
	struct decision decision;

	cr_assert_eq(policy_decide(judge->policy, facts, now_sec, &decision), 0);
	return decision;
}

struct decision judge_send(struct judge *judge, uint32_t recipients, int64_t now_sec)
{
	struct facts facts = {.user = "bob@example.net",
			      .envelope_from = "bob@example.net",
			      .recipients_external = recipients};

	return judge_decide(judge, &facts, now_sec);
}

size_t judge_count(const struct judge *judge, enum policy_event_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < judge->n_events; i++)
		count += judge->events[i].kind == kind;
	return count;
}

const struct policy_event *judge_last(const struct judge *judge, enum policy_event_kind kind)
{
	for (size_t i = judge->n_events; i-- > 0;)
		if (judge->events[i].kind == kind)
			return &judge->events[i];
	cr_assert_fail("no such event");
	return NULL;
}
