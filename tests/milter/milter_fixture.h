/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real milter and the real judge behind the real API, each in a process of its own, for one test:
 *
 *   peer.h ──► milter_run() ──► server, api, judge over maps in memory (unit/api_fixture.h)
 *
 * Pools normal and high-risk, each with a lane, and relay without one; internal domain example.net; no
 * name server answers. Everything lies in one directory, and ends with the test.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "milter/peer.h"

extern char milter_fixture_directory[64];
extern char milter_fixture_socket[96]; /* the milter's */

/* With further lines of configuration; milter_fixture_open() starts both. */
void milter_fixture_prepare(const char *more);
void milter_fixture_open(const char *more);
/* Writes a configuration with other further lines; whoever runs still has the old one. */
void milter_fixture_write(const char *more);
/* For a suite's .fini: ends what runs, and prints what the milter said where that did not end well. */
void milter_fixture_close(void);

void milter_fixture_agent_start(void);
void milter_fixture_agent_kill(void);
void milter_fixture_agent_signal(int signal);
/* Something in place of the agent that answers each connection with these bytes, and ends it. */
void milter_fixture_nonsense_start(const char *bytes);

void milter_fixture_milter_start(void);
/* Where it cannot start: what it says on stderr. The caller's. */
char *milter_fixture_milter_refusal(void);
pid_t milter_fixture_milter_pid(void);
/* The signal, and its exit status; 128 + signal. */
int milter_fixture_milter_end(int signal);
/* What it has written on stderr. The caller's. */
char *milter_fixture_milter_log(void);

/* A connection with everything that an MTA can, from 198.51.100.7. */
struct peer milter_fixture_connect(void);
/* A figure of its metrics, by the name that Prometheus sees. */
unsigned long long milter_fixture_metric(const char *name);
/* The agent's explanation of a message; asserts that there is one. The caller's (json_decref()). */
struct json_t *milter_fixture_explain(const char *message_id);
