/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent has to say: errors that it survives go to the last errors of the status, to the
 * log and to those who follow the events, each at most once a minute (recent_errors.h); what else
 * happens to those who follow.
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
	struct server *server; /* NULL: nobody can follow yet, or any more */
};

/* `log` is a struct error_log (judge_hooks). */
void error_log_publish(void *log, const struct wire_event *event);
/* Likewise. */
void error_log_add(void *log, const struct error *error);
/* A drop that the datapath told of. */
void error_log_drop(const struct error_log *log, const struct steering *steering,
		    const struct event *event);
/* The state file takes nothing any more, or ("") takes it again. */
void error_log_state(const struct error_log *log, const char *why);
