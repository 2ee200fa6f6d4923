/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An agent whose wall clock the test turns (libfaketime): midnights, rolls of windows and leaps in both
 * directions within seconds. Monotonic time, and with it every timer, is the real one.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* From now on it is this time, in seconds since the epoch; it goes on from there. */
void walltime_set(int64_t now_sec);

/* As postern_agent(). A time must have been set. */
pid_t walltime_agent(void);
