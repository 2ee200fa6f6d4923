/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the milter running? A running milter holds runtime_dir/milter.lock (process/lock.h), so the
 * answer needs neither the milter nor the agent.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct config;

struct view_milter {
	bool is_known;	   /* its socket is configured, or a milter has run */
	bool is_running;   /* false also if the lock cannot be read */
	int64_t since_sec; /* 0 unless it runs */
};
void view_milter_read(const struct config *config, struct view_milter *ret);

/* struct wire_milter as JSON, null if no milter is known. A new reference; NULL: out of memory. */
json_t *view_milter(const struct config *config);
