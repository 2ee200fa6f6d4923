/* SPDX-License-Identifier: BSD-2-Clause */
/* A state file for tests. One a test: .init = state_fixture_open, .fini = state_fixture_close. */
#pragma once

#include "base/error.h"
#include "state/state.h"

extern char state_fixture_directory[];
extern char state_fixture_file[128];
extern struct error state_fixture_error; /* of the last call that failed */

void state_fixture_open(void);
void state_fixture_close(void);

struct state *state_fixture_open_state(void);
struct state_record state_fixture_record_of(enum state_kind kind, const char *key,
					    const char *bytes);
void state_fixture_put(struct state *state, enum state_kind kind, const char *key,
		       const char *bytes);
/* Its place in the log. */
int64_t state_fixture_append(struct state *state, const char *bytes);
/* One line for each pool, order, record of these kinds, and entry of the log. */
const char *state_fixture_all_of(struct state *state, unsigned kinds);
#define STATE_FIXTURE_ALL ((1U << STATE_KINDS) - 1)
/* SQL on the file, by a connection of its own. */
void state_fixture_execute(const char *sql);
