/* SPDX-License-Identifier: BSD-2-Clause */
/* Handles of single addresses in the maps, and the lanes of senders, as states change. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "steering/steering.h"
#include "pool/lane.h"
#include "state/state.h"
#include "unit/config_file.h"
#include "unit/fake_datapath.h"
#include "state_null.h"

#define NOW_NS	(1000 * NS_PER_SEC)
#define NOW_SEC 1700000000
#define SENDERS 2000

static const char configuration[] =
	"lanes = \"address\"\n"
	"pool \"normal\" { when_empty = \"spare\" handles = \"100.127.0.1\" addresses = {\n"
	"  \"192.0.2.10 handle 100.127.0.10 helo a.example.net\",\n"
	"  \"192.0.2.11 handle 100.127.0.11\",\n"
	"  \"192.0.2.12 weight 2 handle 100.127.0.12\",\n"
	"  \"2001:db8::10 handle fd70::10 helo a.example.net\" } }\n"
	"pool \"high-risk\" { addresses = {\n"
	"  \"198.51.100.20 handle 100.127.0.20\", \"198.51.100.21 handle 100.127.0.21\" } }\n"
	"pool \"spare\" { addresses = \"192.0.2.30\" handles = \"100.127.0.3\" }\n"
	"pool \"bare\" { addresses = \"192.0.2.40\" when_empty = \"spare\" }\n";

static struct fake_datapath *fake;
static struct config *config;
static struct steering *steering;
static struct state *state;
static struct error error;

static void open_control(void)
{
	cr_assert_eq(steering_new(config, &fake->datapath, state, &steering, &error), 0, "%s",
		     error.text);
	cr_assert_eq(steering_sync(steering, &(struct now){.ns = NOW_NS, .sec = NOW_SEC}, &error),
		     0, "%s", error.text);
}

static void set_up(void)
{
	config_file_setup();
	config = config_file_load(configuration);
	fake = fake_datapath_new();
	cr_assert_eq(state_null_open(&state), 0);
	open_control();
}

static void tear_down(void)
{
	steering_free(steering);
	state_free(state);
	datapath_free(&fake->datapath);
	config_free(config);
	config_file_teardown();
}

TestSuite(steering_lanes, .init = set_up, .fini = tear_down);

static void set_address(const char *pool, const char *text, enum address_state to)
{
	struct address address;

	address_parse(text, &address);
	cr_assert_eq(steering_set_address(steering, pool, &address, to, &error), 0, "%s",
		     error.text);
}

static void set_pool(const char *pool, enum pool_state to)
{
	cr_assert_eq(steering_set_pool(steering, pool, to, &error), 0, "%s", error.text);
}

static uint32_t id_of(const char *text)
{
	const struct pool_set *set = steering_pools(steering);
	struct address address;

	address_parse(text, &address);
	for (size_t i = 0; i < set->n_pools; i++) {
		const struct pool_address *found = pool_find_address(&set->pools[i], &address);

		if (found)
			return found->id;
	}
	return 0;
}

/* ---- the maps */

static struct verdict verdict_of(const char *name)
{
	const struct steering_sender *sender = steering_sender_find(steering, name);
	struct verdict verdict;

	cr_assert_not_null(sender, "no sender %s", name);
	cr_assert_eq(fake->datapath.ops->get(&fake->datapath, MAP_VERDICT, &sender->id, &verdict),
		     0);
	return verdict;
}

static void expect_address(const char *name, uint32_t address)
{
	struct verdict verdict = verdict_of(name);

	cr_expect_eq(verdict.action, VERDICT_STEER);
	cr_expect_eq(verdict.reason, REASON_HANDLE);
	cr_expect_eq(verdict.address, address, "%s: %u", name, verdict.address);
	cr_expect_eq(verdict.after_address, address, "%s: %u", name, verdict.after_address);
}

static uint32_t sender_of(const char *handle)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	struct sender_ref ref = {0};
	struct address address;

	address_parse(handle, &address);
	memcpy(selector.address, address.bytes, sizeof(selector.address));
	fake->datapath.ops->get(&fake->datapath, MAP_SENDERS, &selector, &ref);
	return ref.sender;
}

Test(steering_lanes, a_handle_of_one_address_leads_to_it_alone)
{
	expect_address("handle/192.0.2.10", id_of("192.0.2.10"));
	expect_address("handle/192.0.2.12", id_of("192.0.2.12"));
	expect_address("handle/2001:db8::10", id_of("2001:db8::10"));
	expect_address("handle/198.51.100.20", id_of("198.51.100.20"));
	expect_address("handle/normal", VERDICT_ANY_ADDRESS);
	cr_expect_eq(sender_of("100.127.0.12"),
		     steering_sender_find(steering, "handle/192.0.2.12")->id);
	cr_expect_eq(sender_of("100.127.0.1"), steering_sender_find(steering, "handle/normal")->id);
	cr_expect_null(steering_sender_find(steering, "handle/high-risk"));
}

static void lose(const char *address)
{
	struct host_key key = {.kind = HOST_ADDRESS};
	const struct host_entry entry = {.state = HOST_GIVEN_UP, .held = 1};

	snprintf(key.name, sizeof(key.name), "%s", address);
	cr_assert_eq(fake->datapath.ops->put(&fake->datapath, MAP_HOST, &key, &entry), 0);
}

/* An order on another pool has written the slots, and seen it first. */
Test(steering_lanes, what_binds_to_an_address_that_the_host_lacks_is_held)
{
	lose("192.0.2.10");
	set_pool("spare", POOL_DISABLED);
	cr_assert_eq(steering_follow_host(steering, &error), 0, "%s", error.text);
	expect_address("handle/192.0.2.10", VERDICT_NO_ADDRESS);
	expect_address("handle/192.0.2.11", id_of("192.0.2.11"));
}

Test(steering_lanes, what_binds_to_an_address_that_is_not_active_is_held)
{
	set_address("normal", "192.0.2.10", ADDRESS_DRAINING);
	expect_address("handle/192.0.2.10", VERDICT_NO_ADDRESS);
	expect_address("handle/192.0.2.11", id_of("192.0.2.11"));
	expect_address("handle/2001:db8::10", id_of("2001:db8::10"));
	set_address("normal", "192.0.2.10", ADDRESS_DISABLED);
	expect_address("handle/192.0.2.10", VERDICT_NO_ADDRESS);
	set_address("normal", "192.0.2.10", ADDRESS_ACTIVE);
	expect_address("handle/192.0.2.10", id_of("192.0.2.10"));
}

/* The slots of the pool lead to another pool, or hold. */
Test(steering_lanes, where_nothing_of_the_family_is_active_when_empty_holds_as_for_the_pool)
{
	set_address("normal", "2001:db8::10", ADDRESS_DRAINING);
	expect_address("handle/2001:db8::10", VERDICT_ANY_ADDRESS);
	expect_address("handle/192.0.2.10", id_of("192.0.2.10"));
	set_pool("normal", POOL_DISABLED);
	expect_address("handle/192.0.2.10", VERDICT_ANY_ADDRESS);
	expect_address("handle/192.0.2.11", VERDICT_ANY_ADDRESS);
	expect_address("handle/198.51.100.20", id_of("198.51.100.20"));
	set_pool("normal", POOL_ENABLED);
	expect_address("handle/192.0.2.10", id_of("192.0.2.10"));
	expect_address("handle/2001:db8::10", VERDICT_ANY_ADDRESS);
}

Test(steering_lanes, states_hold_for_handles_after_a_restart)
{
	uint32_t before = steering_sender_find(steering, "handle/192.0.2.10")->id;

	set_address("normal", "192.0.2.10", ADDRESS_DRAINING);
	steering_free(steering);
	open_control();
	expect_address("handle/192.0.2.10", VERDICT_NO_ADDRESS);
	cr_expect_eq(steering_sender_find(steering, "handle/192.0.2.10")->id, before);
}

Test(steering_lanes, by_hand_a_handle_of_one_address_goes_anywhere_but_from_high_risk_to_normal)
{
	const struct manual_order normal = {.action = VERDICT_STEER, .pool = "normal"};
	const struct steering_standing by_hand = {
		.now = {VERDICT_STEER, POOL_HIGH_RISK, REASON_MANUAL, NOW_SEC + 60}};
	struct policy_manual ignored;
	struct verdict verdict;

	cr_expect_eq(
		steering_check_verdict(steering, "handle/198.51.100.20", &normal, &ignored, &error),
		-EINVAL);
	cr_assert_eq(steering_apply(steering, "handle/192.0.2.10", &by_hand,
				    &(struct now){.ns = NOW_NS, .sec = NOW_SEC}, &error),
		     0);
	verdict = verdict_of("handle/192.0.2.10");
	cr_expect_eq(verdict.pool, POOL_HIGH_RISK);
	cr_expect_eq(verdict.address, VERDICT_ANY_ADDRESS);
	cr_expect_eq(verdict.after_pool, POOL_NORMAL);
	cr_expect_eq(verdict.after_address, id_of("192.0.2.10"));
	set_address("normal", "192.0.2.10", ADDRESS_DRAINING);
	verdict = verdict_of("handle/192.0.2.10");
	cr_expect_eq(verdict.address, VERDICT_ANY_ADDRESS);
	cr_expect_eq(verdict.after_address, VERDICT_NO_ADDRESS);
}

/* ---- lanes */

static const char *lane_of(const char *pool, const char *sender)
{
	const struct lane *lane = steering_lane(steering, config_pool_find(config, pool), sender);

	return lane ? lane->name : NULL;
}

static const char *taken[SENDERS];

/* Records the lane of each sender; returns the number on this lane. */
static unsigned note(const char *pool, const char *lane)
{
	unsigned count = 0;

	for (int i = 0; i < SENDERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "user%d@example.net", i);
		taken[i] = lane_of(pool, name);
		count += !strcmp(taken[i], lane);
	}
	return count;
}

/* Senders of other lanes keep theirs; senders of this lane move to others. */
static void expect_moved(const char *pool, const char *lane)
{
	const char *before[SENDERS];

	memcpy(before, taken, sizeof(before));
	note(pool, lane);
	for (int i = 0; i < SENDERS; i++)
		cr_assert_eq(!strcmp(before[i], lane), !!strcmp(before[i], taken[i]),
			     "user%d: %s, then %s", i, before[i], taken[i]);
}

Test(steering_lanes, senders_are_spread_by_weight_and_keep_their_lane_whatever_the_case)
{
	unsigned a = note("normal", "postern-normal~192.0.2.10");
	unsigned b = note("normal", "postern-normal~192.0.2.11");
	unsigned c = note("normal", "postern-normal~192.0.2.12");

	cr_assert_eq(a + b + c, SENDERS);
	cr_assert(a > SENDERS / 5 && a < SENDERS * 3 / 10, "%u", a);
	cr_assert(c > SENDERS * 2 / 5 && c < SENDERS * 3 / 5, "%u", c);
	for (int i = 0; i < SENDERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "USER%d@Example.NET", i);
		cr_assert_eq(lane_of("normal", name), taken[i]);
	}
}

Test(steering_lanes, draining_an_address_moves_only_its_senders_and_activating_brings_them_back)
{
	const char *before[SENDERS];

	note("normal", "");
	memcpy(before, taken, sizeof(before));
	set_address("normal", "192.0.2.11", ADDRESS_DRAINING);
	expect_moved("normal", "postern-normal~192.0.2.11");
	set_address("normal", "192.0.2.11", ADDRESS_ACTIVE);
	note("normal", "");
	cr_assert_eq(memcmp(before, taken, sizeof(before)), 0);
}

Test(steering_lanes, a_lane_of_two_families_is_left_when_one_of_them_is_not_active)
{
	note("normal", "");
	set_address("normal", "2001:db8::10", ADDRESS_DRAINING);
	expect_moved("normal", "postern-normal~192.0.2.10");
	/* An incomplete lane is better than none. */
	set_address("normal", "192.0.2.11", ADDRESS_DRAINING);
	set_address("normal", "192.0.2.12", ADDRESS_DRAINING);
	cr_assert_eq(note("normal", "postern-normal~192.0.2.10"), SENDERS);
}

Test(steering_lanes, where_no_address_is_active_the_lane_is_that_of_when_empty)
{
	set_pool("normal", POOL_DISABLED);
	cr_assert_eq(note("normal", "postern-spare"), SENDERS);
	set_pool("normal", POOL_ENABLED);
	cr_assert_eq(note("normal", "postern-spare"), 0);
}

Test(steering_lanes, mail_that_is_held_keeps_a_lane_of_its_pool)
{
	unsigned before = note("high-risk", "postern-high-risk~198.51.100.20");

	set_pool("high-risk", POOL_DISABLED);
	cr_assert_eq(note("high-risk", "postern-high-risk~198.51.100.20"), before);
}

Test(steering_lanes, a_pool_without_a_lane_has_none_whatever_when_empty_says)
{
	cr_assert_null(lane_of("bare", "bob@example.net"));
	set_pool("bare", POOL_DISABLED);
	cr_assert_null(lane_of("bare", "bob@example.net"));
	cr_assert_null(steering_lane(steering, NULL, "bob@example.net"));
}
