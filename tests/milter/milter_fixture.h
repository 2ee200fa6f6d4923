/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real milter, and the real judge behind the real API, each in its own process, for one test:
 *
 *   peer.h ──► milter_run() ──► server, api, judge over maps in memory (unit/api_fixture.h)
 *
 * Pools normal and high-risk, each with a lane, and relay without one; internal domain example.net;
 * no name server answers. All files are in one directory, which goes with the test.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "milter/peer.h"

extern char milter_fixture_directory[64];
extern char milter_fixture_socket[96]; /* the milter's */

/* Takes further lines of configuration; milter_fixture_open() also starts both processes. */
void milter_fixture_prepare(const char *more);
void milter_fixture_open(const char *more);
/* Writes a configuration with other further lines; running processes keep the old one. */
void milter_fixture_write(const char *more);
/* For a suite's .fini: ends both processes, and prints the milter's log if it failed. */
void milter_fixture_close(void);

void milter_fixture_agent_start(void);
void milter_fixture_agent_kill(void);
void milter_fixture_agent_signal(int signal);
/* In place of the agent: a process that answers each connection with these bytes, and closes it. */
void milter_fixture_nonsense_start(const char *bytes);

void milter_fixture_milter_start(void);
/* The stderr of a milter that cannot start. The caller's. */
char *milter_fixture_milter_refusal(void);
pid_t milter_fixture_milter_pid(void);
/* Sends the signal; returns the exit status, or 128 + signal. */
int milter_fixture_milter_end(int signal);
/* Its stderr so far. The caller's. */
char *milter_fixture_milter_log(void);

/* A connection of an MTA with all features, for the client 198.51.100.7. */
struct peer milter_fixture_connect(void);
/* A value of the agent's metrics, by its Prometheus name. */
unsigned long long milter_fixture_metric(const char *name);
/* The agent's explanation of a message; asserts that it has one. The caller's (json_decref()). */
struct json_t *milter_fixture_explain(const char *message_id);
