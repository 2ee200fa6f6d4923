/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A judge for tests, with all that it works on: a configuration written as text, a steering over maps in
 * memory, a state, a clock that stands still. One a test.
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

/* 2023-11-14 12:00:00 UTC, and what the other clock shows then. */
#define NOON   1699963200
#define NOW_NS (1000 * NS_PER_SEC)
#define DAY    86400

struct steering;
struct state;

struct judge_fixture {
	struct config *config;
	struct fake_datapath *fake;
	struct steering *steering;
	struct state *state;
	struct judge *judge;
	struct now now;	    /* for a test to move */
	json_t *news;	    /* an array of what followers would hear */
	unsigned troubles;  /* how many it reported */
	struct error error; /* of the last call that failed */
	char file[64];	    /* of the state; "": it is in memory only */
};
extern struct judge_fixture judge_fixture;

/* Pools normal, high-risk and spare; senders tenant-17, of ten recipients an hour, and watched; some policies. */
extern const char judge_fixture_configuration[];

/* In memory only. */
void judge_fixture_open(const char *configuration);
/* With judge_fixture_configuration, in a file; for a suite's .init. */
void judge_fixture_open_kept(void);
/* For a suite's .fini. */
void judge_fixture_close(void);

/* The parts of that: all but the maps and the configuration, and with the state as a test has opened it. */
void judge_fixture_end(void);
void judge_fixture_begin(void);
/* A clean end, and a start. */
void judge_fixture_restart(void);
/* As after kill -9: nothing of what is in memory is written. */
void judge_fixture_kill_and_restart(void);

struct message_decision judge_fixture_ask(const struct message_facts *message);
/* A message to so many external recipients, of a sender and of a user. */
struct message_decision judge_fixture_send_from(const char *sender, uint32_t recipients);
struct message_decision judge_fixture_send_as(const char *user, uint32_t recipients);
/* A verdict by hand; what judge_set_verdict() says to it. */
int judge_fixture_set(const char *sender, const struct manual_order *verdict);
/* Another configuration, as by a reload of the agent. */
void judge_fixture_follow(const char *text);
extern const struct manual_order judge_fixture_to_spare;
/* Until nothing is left to be written. */
void judge_fixture_write_all(void);

uint32_t judge_fixture_id_of(const char *sender);
struct verdict judge_fixture_verdict_of(const char *sender);
/* How many events of this name there were. */
size_t judge_fixture_news(const char *what);
uint32_t judge_fixture_counted(const char *name, enum config_limit limit);
