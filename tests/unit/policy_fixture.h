/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An engine for tests: with a configuration written as text, and remembering what it says. One a test
 * (suites use config_file_setup and config_file_teardown).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "config_file.h"
#include "policy/policy.h"

#define JUDGE_EVENTS_MAX 64

/* 2023-11-14 00:00:00 UTC, and a moment within that day. */
#define MIDNIGHT 1699920000
#define NOON	 (MIDNIGHT + 43200)
#define DAY	 86400

struct policy_fixture {
	struct config *config;
	struct policy *policy;
	struct policy_event events[JUDGE_EVENTS_MAX]; /* sender and tenant point nowhere later on */
	size_t n_events;
	size_t n_standings; /* how often one changed */
	size_t n_evicted;
	struct policy_standing standing; /* the last; its record is this: */
	struct standing_record record;
};

/* TWO_POOLS come by themselves. */
struct policy_fixture *policy_fixture_new(const char *text);
struct policy_fixture *policy_fixture_new_sized(const char *text, uint32_t senders_max,
						uint32_t standings_max);
void policy_fixture_free(struct policy_fixture *fixture);

struct decision policy_fixture_decide(struct policy_fixture *fixture, const struct facts *facts,
				      int64_t now_sec);
/* A message of user bob@example.net to so many external recipients. */
struct decision policy_fixture_send(struct policy_fixture *fixture, uint32_t recipients,
				    int64_t now_sec);
/* As many events of this kind as there were; the last one of them. */
size_t policy_fixture_count(const struct policy_fixture *fixture, enum policy_event_kind kind);
const struct policy_event *policy_fixture_last(const struct policy_fixture *fixture,
					       enum policy_event_kind kind);
