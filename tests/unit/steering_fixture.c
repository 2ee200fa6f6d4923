// SPDX-License-Identifier: BSD-2-Clause
/* A configuration of structures, and a steering by it. */
#include "unit/steering_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct helm helm;
static char directory[] = "/tmp/postern-helm-XXXXXX";
static char file[sizeof(directory) + sizeof("/state.db")];

void helm_begin(void)
{
	int r = steering_new(&helm.config, &helm.fake->datapath, helm.state, NOW_NS, NOW_SEC,
			     &helm.steering, &helm.error);

	cr_assert_eq(r, 0, "%s", helm.error.text);
	r = steering_sync(helm.steering, NOW_NS, NOW_SEC, &helm.error);
	cr_assert_eq(r, 0, "%s", helm.error.text);
}

void helm_restart(void)
{
	steering_free(helm.steering);
	helm_begin();
}

static void fill_addresses(void)
{
	address_parse("192.0.2.10", &helm.normal_addresses[0].address);
	address_parse("192.0.2.11", &helm.normal_addresses[1].address);
	address_parse("198.51.100.1", &helm.high_risk_addresses[0].address);
	address_parse("100.127.0.1", &helm.handles[0].address);
	address_parse("100.127.0.2", &helm.handles[1].address);
	helm.normal_addresses[0].weight = helm.normal_addresses[1].weight = 1;
	helm.high_risk_addresses[0].weight = 1;
	address_parse("203.0.113.9", &helm.spare_addresses[0].address);
	helm.spare_addresses[0].weight = 1;
	helm.tenant_selectors[0].kind = CONFIG_SELECTOR_SOURCE;
	prefix_parse("10.1.7.0/24", &helm.tenant_selectors[0].prefix);
	helm.tenant_selectors[1].kind = CONFIG_SELECTOR_MARK;
	helm.tenant_selectors[1].number = 7;
	helm.webmail_selectors[0].kind = CONFIG_SELECTOR_UID;
	helm.webmail_selectors[0].number = 33;
}

static void fill_config(void)
{
	helm.pools[0] = (struct config_pool){.name = "normal",
					     .id = POOL_NORMAL,
					     .addresses = helm.normal_addresses,
					     .n_addresses = 2,
					     .handles = &helm.handles[0],
					     .n_handles = 1};
	helm.pools[1] = (struct config_pool){.name = "high-risk",
					     .id = POOL_HIGH_RISK,
					     .addresses = helm.high_risk_addresses,
					     .n_addresses = 1,
					     .handles = &helm.handles[1],
					     .n_handles = 1};
	helm.senders[0] = (struct config_sender){
		.name = "tenant-17", .selectors = helm.tenant_selectors, .n_selectors = 2};
	helm.senders[1] = (struct config_sender){
		.name = "webmail", .selectors = helm.webmail_selectors, .n_selectors = 1};
	helm.config = (struct config){.default_action = VERDICT_STEER,
				      .default_pool = &helm.pools[0],
				      .pools = helm.pools,
				      .n_pools = 2,
				      .senders = helm.senders,
				      .n_senders = 2,
				      .policies = helm.policies,
				      .n_policies = 1,
				      .default_policy = &helm.policies[0]};
}

void helm_open(void)
{
	fill_addresses();
	fill_config();
	helm.fake = fake_datapath_new();
	cr_assert_not_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/state.db", directory);
	cr_assert_eq(state_sqlite_open(file, &helm.state, &helm.error), 0, "%s", helm.error.text);
	helm_begin();
}

void helm_close(void)
{
	steering_free(helm.steering);
	state_free(helm.state);
	datapath_free(&helm.fake->datapath);
	unlink(file);
	rmdir(directory);
}

struct verdict helm_verdict_of(const char *name)
{
	const struct steering_sender *sender = steering_sender_find(helm.steering, name);
	struct verdict verdict;

	cr_assert_not_null(sender, "no sender %s", name);
	cr_assert_eq(helm.fake->datapath.ops->get(&helm.fake->datapath, MAP_VERDICT, &sender->id,
						  &verdict),
		     0);
	return verdict;
}

uint32_t helm_slot_of(uint32_t pool, uint32_t index)
{
	uint32_t key = pool * POSTERN_FAMILIES * POSTERN_SLOTS + index;
	struct slot slot;

	cr_assert_eq(helm.fake->datapath.ops->get(&helm.fake->datapath, MAP_SLOTS, &key, &slot), 0);
	return slot.address;
}

int helm_apply(const char *sender, const struct policy_verdict *now)
{
	const struct steering_standing standing = {.now = *now};

	return steering_apply(helm.steering, sender, &standing, NOW_NS, NOW_SEC, &helm.error);
}

void helm_steer(const char *sender, uint32_t pool, int64_t until_sec)
{
	const struct policy_verdict by_hand = {VERDICT_STEER, pool, REASON_MANUAL, until_sec};

	cr_assert_eq(helm_apply(sender, &by_hand), 0, "%s", helm.error.text);
}
