/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether the milter runs, for whoever shows it: the milter holds runtime_dir/milter.lock (process/lock.h), so
 * neither it nor the agent need be asked.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct config;

struct view_milter {
	bool is_known;	   /* the configuration names its socket, or one has run */
	bool is_running;   /* false as well where that cannot be found out */
	int64_t since_sec; /* 0 unless it runs */
};
void view_milter_read(const struct config *config, struct view_milter *ret);

/* {"running", "since"}, or null where no milter is known. A new reference; NULL: out of memory. */
json_t *view_milter(const struct config *config);
