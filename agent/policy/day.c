/* SPDX-License-Identifier: BSD-2-Clause */
/* Days begin at midnight UTC, which is a multiple of their length. */
#include "policy/day.h"

uint32_t day_of(int64_t now_sec)
{
	return now_sec < DAY_SEC ? 1 : (uint32_t)(now_sec / DAY_SEC);
}

int64_t day_next_midnight(int64_t now_sec)
{
	return ((int64_t)day_of(now_sec) + 1) * DAY_SEC;
}
