/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports what happens. An error that the agent survives goes to the recent errors each time; to
 * the log and the followers of the API once a minute (recent_errors.h). Other events go to both
 * each time.
 */
#pragma once

#include "daemon/recent_errors.h"

struct steering;
struct error;
struct event;
struct server;
struct wire_event;

struct error_log {
	struct recent_errors *recent;
	struct server *server; /* NULL: it is not open, so there are no followers */
};

/* For judge_hooks: `log` is a struct error_log. */
void error_log_publish(void *log, const struct wire_event *event);
/* Likewise. */
void error_log_add(void *log, const struct error *error);
/* A drop that the datapath reported. */
void error_log_drop(const struct error_log *log, const struct steering *steering,
		    const struct event *event);
/* The state file refuses writes for that reason; "": it accepts them again. */
void error_log_state(const struct error_log *log, const char *why);
