/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The binary under test on the mail host of a world: its configuration, its commands, its agent.
 *
 *   pool normal     192.0.2.10, .11   2001:db8:1::10, ::11   handles 100.127.0.1, fd70:6f73:7465::1
 *   pool high-risk  192.0.2.20, .21   2001:db8:1::20, ::21   handles 100.127.0.2, fd70:6f73:7465::2
 *   pool relay      192.0.2.30        2001:db8:1::30        handles 100.127.0.3, fd70:6f73:7465::3
 *
 *   sender tenant-7  10.1.7.0/24, fd00:7::/64        sender marked   fwmark 7
 *   sender tenant-8  10.1.8.0/24                     sender webmail  uid SENDER_UID
 *   sender printer   10.1.7.99, inside tenant-7      sender shop     world.cgroup_path
 */
#pragma once

#include "netns/host.h"
#include "netns/traffic.h"

#define SENDER_UID  4242
#define SENDER_MARK 7

#define HANDLE_NORMAL	  "100.127.0.1"
#define HANDLE_NORMAL6	  "fd70:6f73:7465::1"
#define HANDLE_HIGH_RISK  "100.127.0.2"
#define HANDLE_HIGH_RISK6 "fd70:6f73:7465::2"
#define HANDLE_RELAY	  "100.127.0.3"
#define HANDLE_RELAY6	  "fd70:6f73:7465::3"

struct setup {
	const char *fallback; /* `default`; NULL: normal */
	const char *egress;   /* NULL: auto */
	const char *ingress;  /* NULL: auto */
	const char *pools;    /* these replace the pools above */
	const char *more;     /* more lines of the configuration */
};

/* Writes postern.conf; returns its path, the world's. */
const char *postern_configure(const struct setup *setup);

/* Runs a command with that configuration; adds `-c FILE` in front. */
struct result postern_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *postern_must(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Starts the agent and awaits its API. */
pid_t postern_agent(void);

/* Starts the guard and awaits that it watches the host. */
pid_t postern_guard(void);
/* Is the part in postern_host in that state ("PRESENT"), and was it put back so often? */
bool postern_host_has(const char *name, const char *state, unsigned put_back);

/* Configuration, `up` and agent in one; returns the agent. NULL: the defaults. */
pid_t postern_begin(const struct setup *setup);

/* The pool that owns the address: "normal", "high-risk", "relay" or "none". */
const char *pool_of(const char *address);

/* Opens a connection, asserts the pool whose address the receiver sees, and closes it. */
void expect_pool(int receiver, const struct origin *origin, const char *destination,
		 const char *pool);
/* Asserts that the connection is refused. */
void expect_refused(int receiver, const struct origin *origin, const char *destination);
/* Ends the capture; asserts that it has packets, and only from addresses of pools. */
void expect_pools_only(struct capture *capture);

/* A value of the agent's metrics, by its printed name and labels; -1: none. */
long long postern_metric(const char *name);

/* Starts `postern events`; returns its process, which ends with the test. */
pid_t postern_follow(void);
/* Has it printed an event of that name ("bounce-surge") whose JSON contains `text`? */
bool postern_printed(const char *event, const char *text);
