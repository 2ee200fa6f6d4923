/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An agent whose wall clock the test sets (libfaketime): midnights, windows that roll over, and
 * leaps in both directions within seconds. Monotonic time, and so every timer, stays real.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Sets the wall clock to this time, in seconds since the epoch; it runs on from there. */
void walltime_set(int64_t now_sec);
/* In one step, from what it shows now; negative: back. */
void walltime_leap(int64_t sec);
/*
 * Lets so much time pass for the agent: its calendar (base/calendar.h) follows each small step at
 * once, as it would not follow a leap. Negative: back.
 */
void walltime_pass(int64_t sec);

/* Like postern_agent(). A time must have been set. */
pid_t walltime_agent(void);
