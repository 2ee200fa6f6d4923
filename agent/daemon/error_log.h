/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent has to say: errors that it survives go to the last errors of the status, to the log and
 * to those who follow the events, each at most once a minute (recent_errors.h); what else happens to those who
 * follow.
 */
#pragma once

#include <jansson.h>

#include "daemon/recent_errors.h"

struct steering;
struct error;
struct event;
struct server;

struct reports {
	struct recent *recent;
	struct server *server; /* NULL: nobody can follow yet, or any more */
};

/* Takes the event over; `reports` is a struct reports (judge_hooks). */
void reports_publish(void *reports, json_t *event);
/* Likewise. */
void reports_error(void *reports, const struct error *error);
/* A drop that the datapath told of. */
void reports_drop(const struct reports *reports, const struct steering *steering,
		  const struct event *event);
/* The state file takes nothing any more, or ("") takes it again. */
void reports_state(const struct reports *reports, const char *why);
