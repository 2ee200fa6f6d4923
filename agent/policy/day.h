/* SPDX-License-Identifier: BSD-2-Clause */
/* Days of UTC. Within policy/ only. */
#pragma once

#include <stdint.h>

#define DAY_SEC 86400

/* Counted from the epoch, and at least 1, so that 0 can mean no day. */
uint32_t day_of(int64_t now_sec);
int64_t day_next_midnight(int64_t now_sec);
