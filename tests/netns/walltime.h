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

/* Like postern_agent(). A time must have been set. */
pid_t walltime_agent(void);
