/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration of structs, and its steering. */
#include "unit/steering_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "steering/restore.h"

struct steering_fixture steering_fixture;
static char directory[] = "/tmp/postern-steering_fixture-XXXXXX";
static char file[sizeof(directory) + sizeof("/state.db")];

void steering_fixture_begin(void)
{
	const struct now now = {.ns = NOW_NS, .sec = NOW_SEC};
	int r = steering_new(&steering_fixture.config, &steering_fixture.fake->datapath,
			     steering_fixture.state, &steering_fixture.steering,
			     &steering_fixture.error);

	cr_assert_eq(r, 0, "%s", steering_fixture.error.text);
	r = restore_steering(&steering_fixture.config, steering_fixture.state,
			     steering_fixture.steering, &now, &steering_fixture.waiting,
			     &steering_fixture.error);
	cr_assert_eq(r, 0, "%s", steering_fixture.error.text);
	r = steering_sync(steering_fixture.steering, &now, &steering_fixture.error);
	cr_assert_eq(r, 0, "%s", steering_fixture.error.text);
}

void steering_fixture_restart(void)
{
	steering_free(steering_fixture.steering);
	steering_fixture_begin();
}

static void fill_addresses(void)
{
	address_parse("192.0.2.10", &steering_fixture.normal_addresses[0].address);
	address_parse("192.0.2.11", &steering_fixture.normal_addresses[1].address);
	address_parse("198.51.100.1", &steering_fixture.high_risk_addresses[0].address);
	address_parse("100.127.0.1", &steering_fixture.handles[0].address);
	address_parse("100.127.0.2", &steering_fixture.handles[1].address);
	steering_fixture.normal_addresses[0].weight = steering_fixture.normal_addresses[1].weight =
		1;
	steering_fixture.high_risk_addresses[0].weight = 1;
	address_parse("203.0.113.9", &steering_fixture.spare_addresses[0].address);
	steering_fixture.spare_addresses[0].weight = 1;
	steering_fixture.tenant_selectors[0].kind = CONFIG_SELECTOR_SOURCE;
	prefix_parse("10.1.7.0/24", &steering_fixture.tenant_selectors[0].prefix);
	steering_fixture.tenant_selectors[1].kind = CONFIG_SELECTOR_MARK;
	steering_fixture.tenant_selectors[1].number = 7;
	steering_fixture.webmail_selectors[0].kind = CONFIG_SELECTOR_UID;
	steering_fixture.webmail_selectors[0].number = 33;
}

static void fill_config(void)
{
	steering_fixture.pools[0] =
		(struct config_pool){.name = "normal",
				     .id = POOL_NORMAL,
				     .addresses = steering_fixture.normal_addresses,
				     .n_addresses = 2,
				     .handles = &steering_fixture.handles[0],
				     .n_handles = 1};
	steering_fixture.pools[1] =
		(struct config_pool){.name = "high-risk",
				     .id = POOL_HIGH_RISK,
				     .addresses = steering_fixture.high_risk_addresses,
				     .n_addresses = 1,
				     .handles = &steering_fixture.handles[1],
				     .n_handles = 1};
	steering_fixture.senders[0] =
		(struct config_sender){.name = "tenant-17",
				       .selectors = steering_fixture.tenant_selectors,
				       .n_selectors = 2};
	steering_fixture.senders[1] =
		(struct config_sender){.name = "webmail",
				       .selectors = steering_fixture.webmail_selectors,
				       .n_selectors = 1};
	steering_fixture.config = (struct config){.default_action = VERDICT_STEER,
						  .default_pool = &steering_fixture.pools[0],
						  .pools = steering_fixture.pools,
						  .n_pools = 2,
						  .senders = steering_fixture.senders,
						  .n_senders = 2,
						  .policies = steering_fixture.policies,
						  .n_policies = 1,
						  .default_policy = &steering_fixture.policies[0]};
}

void steering_fixture_open(void)
{
	fill_addresses();
	fill_config();
	steering_fixture.fake = fake_datapath_new();
	cr_assert_not_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/state.db", directory);
	cr_assert_eq(sqlite_open(file, &steering_fixture.state, &steering_fixture.error), 0, "%s",
		     steering_fixture.error.text);
	steering_fixture_begin();
}

void steering_fixture_close(void)
{
	steering_free(steering_fixture.steering);
	state_free(steering_fixture.state);
	datapath_free(&steering_fixture.fake->datapath);
	unlink(file);
	rmdir(directory);
}

struct verdict steering_fixture_verdict_of(const char *name)
{
	const struct steering_sender *sender =
		steering_sender_find(steering_fixture.steering, name);
	struct verdict verdict;

	cr_assert_not_null(sender, "no sender %s", name);
	cr_assert_eq(steering_fixture.fake->datapath.ops->get(&steering_fixture.fake->datapath,
							      MAP_VERDICT, &sender->id, &verdict),
		     0);
	return verdict;
}

uint32_t steering_fixture_slot_of(uint32_t pool, uint32_t index)
{
	uint32_t key = pool * POSTERN_FAMILIES * POSTERN_SLOTS + index;
	struct slot slot;

	cr_assert_eq(steering_fixture.fake->datapath.ops->get(&steering_fixture.fake->datapath,
							      MAP_SLOTS, &key, &slot),
		     0);
	return slot.address;
}

int steering_fixture_apply(const char *sender, const struct sender_verdict *now)
{
	const struct steering_standing standing = {.now = *now};

	return steering_apply(steering_fixture.steering, sender, &standing,
			      &(struct now){.ns = NOW_NS, .sec = NOW_SEC}, &steering_fixture.error);
}

void steering_fixture_steer(const char *sender, uint32_t pool, int64_t until_sec)
{
	const struct sender_verdict by_hand = {VERDICT_STEER, pool, REASON_MANUAL, until_sec};

	cr_assert_eq(steering_fixture_apply(sender, &by_hand), 0, "%s",
		     steering_fixture.error.text);
}
