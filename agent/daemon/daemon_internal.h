/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within daemon/ only: the parts of the agent. agent.c opens and closes them, maps.c replaces the
 * datapath under them, reload.c the configuration.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "config/config.h"
#include "daemon/error_log.h"
#include "daemon/host_news.h"
#include "daemon/listeners.h"
#include "daemon/loop.h"
#include "process/privileges.h"

struct datapath;
struct datapath_events;
struct judge;
struct reload;
struct rights;
struct state;
struct steering;

struct agent {
	struct config *config; /* in force: the caller's at first, then `reloaded` */
	struct config *reloaded;
	struct config at_start; /* a shallow copy: keys that need a restart keep these values */
	int lock_fd;
	ino_t pins; /* pins_inode() of `datapath`; 0: none, so that maps_follow() tries again */
	struct datapath *datapath;
	struct datapath_events *events;
	struct state *state;
	struct steering *steering;
	struct judge *judge;
	struct rights *rights;
	struct error_log error_log;
	struct host_news host_news;
	struct loop loop;
	struct listeners listeners;
	char user[PRIVILEGES_USER_SIZE];
	uint64_t started_ns;
	struct reload *reload;	/* that runs; NULL: none */
	uint64_t reloads;	/* begun so far */
	bool reload_wanted;	/* another one, after that */
	bool maps_behind;	/* a map refused a write of the last one */
	uint64_t reload_due_ns; /* when a reload that failed is tried again; 0: none failed */
	bool state_noted;	/* the maps know whether the state has all orders */
	bool reload_busy;	/* it failed only because `up` was at work */
	struct now ticked;	/* the last tick */
	int status;		/* of the process, once the loop has stopped */
};
