/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A judge for tests with everything that it works on: a configuration as text, a steering over maps
 * in memory, a state, a clock that stands still. One for each test.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "judge/judge.h"
#include "steering/steering.h"
#include "unit/fake_datapath.h"

/* 2023-11-14 12:00:00 UTC, and the monotonic time of that moment. */
#define NOON   1699963200
#define NOW_NS (1000 * NS_PER_SEC)
#define DAY    86400

#define JUDGE_FIXTURE_BOOT "e3b0c442"

struct steering;
struct state;

struct judge_fixture {
	struct config *config;
	struct fake_datapath *fake;
	struct steering *steering;
	struct state *state;
	struct judge *judge;
	struct now now;	    /* a test may move it */
	json_t *news;	    /* array of events */
	unsigned troubles;  /* number of reported troubles */
	struct error error; /* of the last call that failed */
	char file[64];	    /* of the state; "": it is in memory only */
};
extern struct judge_fixture judge_fixture;

/*
 * Pools normal, high-risk, spare; senders tenant-17 (ten recipients an hour) and watched; some
 * policies.
 */
extern const char judge_fixture_configuration[];

/* With a state that stores nothing. */
void judge_fixture_open(const char *configuration);
/* With judge_fixture_configuration and a state file; for a suite's .init. */
void judge_fixture_open_kept(void);
/* For a suite's .fini. */
void judge_fixture_close(void);

/* Ends and begins everything except maps and configuration; the state is as the test opened it. */
void judge_fixture_end(void);
void judge_fixture_begin(void);
/* A clean end and a new start. */
void judge_fixture_restart(void);
/* A start after kill -9: nothing in memory was written. */
void judge_fixture_kill_and_restart(void);

struct message_decision judge_fixture_ask(const struct message_facts *message);
/* A message to that many external recipients, of a sender and of a user. */
struct message_decision judge_fixture_send_from(const char *sender, uint32_t recipients);
struct message_decision judge_fixture_send_as(const char *user, uint32_t recipients);
/* A manual verdict; returns the result of judge_set_verdict(). */
int judge_fixture_set(const char *sender, const struct manual_order *verdict);
/* Another configuration, as by a reload of the agent. */
void judge_fixture_follow(const char *text);
extern const struct manual_order judge_fixture_to_spare;
/* Writes all slices. */
void judge_fixture_write_all(void);

uint32_t judge_fixture_id_of(const char *sender);
struct verdict judge_fixture_verdict_of(const char *sender);
/* Number of events of this name. */
size_t judge_fixture_news(const char *what);
uint32_t judge_fixture_counted(const char *name, enum config_limit limit);
