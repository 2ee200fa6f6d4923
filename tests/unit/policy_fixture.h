/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An engine for tests, with a configuration as text, and the changes that it returned. One for each
 * test; suites use config_file_setup and config_file_teardown.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "config_file.h"
#include "policy/policy.h"

/* 2023-11-14 00:00:00 UTC, and a moment within that day. */
#define MIDNIGHT 1699920000
#define NOON	 (MIDNIGHT + 43200)
#define DAY	 86400

#define POLICY_FIXTURE_EVENTS 8

struct policy_fixture {
	struct config *config;
	struct policy *policy;
	struct policy_event events[POLICY_FIXTURE_EVENTS]; /* the first ones */
	/* By kind: the number of events, and the last one, whose texts are gone. */
	size_t counts[POLICY_EVENTS];
	struct policy_event last[POLICY_EVENTS];
	size_t n_events;
	size_t n_standings;		 /* number of changes of standings */
	struct policy_standing standing; /* the last; its record is this: */
	struct standing_record record;
};

/* TWO_POOLS are added. */
struct policy_fixture *policy_fixture_new(const char *text);
struct policy_fixture *policy_fixture_new_sized(const char *text, uint32_t senders_max);
void policy_fixture_free(struct policy_fixture *fixture);

struct decision policy_fixture_decide(struct policy_fixture *fixture, const struct facts *facts,
				      int64_t now_sec);
/* A message of user bob@example.net to that many external recipients. */
struct decision policy_fixture_send(struct policy_fixture *fixture, uint32_t recipients,
				    int64_t now_sec);
/* Each call, and its changes recorded. */
void policy_fixture_tick(struct policy_fixture *fixture, int64_t now_sec);
int policy_fixture_report(struct policy_fixture *fixture, const char *sender, int64_t now_sec);
int policy_fixture_release(struct policy_fixture *fixture, const char *sender, int64_t now_sec);
int policy_fixture_set_manual(struct policy_fixture *fixture, const char *sender,
			      const struct policy_manual *manual, int64_t now_sec);
/* Number of events of this kind; the last one. */
size_t policy_fixture_count(const struct policy_fixture *fixture, enum policy_event_kind kind);
const struct policy_event *policy_fixture_last(const struct policy_fixture *fixture,
					       enum policy_event_kind kind);
