/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A steering for tests with everything that it works on: a configuration whose parts a test may
 * change, maps in memory, a state in a file. Pools normal and high-risk, each with a handle;
 * senders tenant-17 and webmail. One for each test: .init = steering_fixture_open, .fini =
 * steering_fixture_close.
 */
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "steering/steering.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "unit/fake_datapath.h"

#define NOW_NS	(100 * NS_PER_SEC)
#define NOW_SEC 1700000000

struct steering_fixture {
	struct config_address normal_addresses[2];
	struct config_address high_risk_addresses[1];
	struct config_address spare_addresses[1]; /* for a third pool, which a test may add */
	struct config_address handles[2];
	struct config_selector tenant_selectors[2];
	struct config_selector webmail_selectors[1];
	struct config_pool pools[3];
	struct config_sender senders[2];
	struct config_policy policies[1];
	struct config config; /* of all these */
	struct fake_datapath *fake;
	struct state *state;
	struct steering *steering;
	struct error error;
	struct error waiting; /* of restore_steering() */ /* of the last call that failed */
};
extern struct steering_fixture steering_fixture;

void steering_fixture_open(void);
void steering_fixture_close(void);

/*
 * A steering by steering_fixture.config, on the same maps and state. Restart frees the previous one
 * first.
 */
void steering_fixture_begin(void);
void steering_fixture_restart(void);

struct verdict steering_fixture_verdict_of(const char *sender);
/* The id of the address in an IPv4 slot of a pool. */
uint32_t steering_fixture_slot_of(uint32_t pool, uint32_t index);
/* Result of steering_apply() for this verdict, with nothing after it. */
int steering_fixture_apply(const char *sender, const struct sender_verdict *now);
/* A manual verdict. */
void steering_fixture_steer(const char *sender, uint32_t pool, int64_t until_sec);
