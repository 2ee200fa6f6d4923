/* SPDX-License-Identifier: BSD-2-Clause */
/* What a configuration and orders by hand do to the maps, and what they leave alone. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "control/control.h"
#include "control/view.h"
#include "state/state.h"
#include "unit/fake_datapath.h"

#define NOW_NS	(100 * NS_PER_SEC)
#define NOW_SEC 1700000000

static struct config_address normal_addresses[2];
static struct config_address high_risk_addresses[1];
static struct config_address spare_addresses[1];
static struct config_address handles[2];
static struct config_selector tenant_selectors[2];
static struct config_selector webmail_selectors[1];
static struct config_pool config_pools[3];
static struct config_sender config_senders[2];
static struct config_policy config_policies[1];
static struct config config;
static struct fake_datapath *fake;
static struct state *state;
static struct controller *control;
static struct error error;
static char directory[] = "/tmp/postern-test-control-XXXXXX";
static char file[sizeof(directory) + sizeof("/state.db")];

static void open_control(void)
{
	int r = control_new(&config, &fake->datapath, state, NOW_NS, NOW_SEC, &control, &error);

	cr_assert_eq(r, 0, "%s", error.text);
	r = control_sync(control, NOW_NS, NOW_SEC, &error);
	cr_assert_eq(r, 0, "%s", error.text);
}

static void reopen_control(void)
{
	control_free(control);
	open_control();
}

static void fill_addresses(void)
{
	address_parse("192.0.2.10", &normal_addresses[0].address);
	address_parse("192.0.2.11", &normal_addresses[1].address);
	address_parse("198.51.100.1", &high_risk_addresses[0].address);
	address_parse("100.127.0.1", &handles[0].address);
	address_parse("100.127.0.2", &handles[1].address);
	normal_addresses[0].weight = normal_addresses[1].weight = 1;
	high_risk_addresses[0].weight = 1;
	address_parse("203.0.113.9", &spare_addresses[0].address);
	spare_addresses[0].weight = 1;
	tenant_selectors[0].kind = CONFIG_SELECTOR_SOURCE;
	prefix_parse("10.1.7.0/24", &tenant_selectors[0].prefix);
	tenant_selectors[1].kind = CONFIG_SELECTOR_MARK;
	tenant_selectors[1].number = 7;
	webmail_selectors[0].kind = CONFIG_SELECTOR_UID;
	webmail_selectors[0].number = 33;
}

static void fill_config(void)
{
	config_pools[0] = (struct config_pool){.name = "normal",
					       .id = POOL_NORMAL,
					       .addresses = normal_addresses,
					       .n_addresses = 2,
					       .handles = &handles[0],
					       .n_handles = 1};
	config_pools[1] = (struct config_pool){.name = "high-risk",
					       .id = POOL_HIGH_RISK,
					       .addresses = high_risk_addresses,
					       .n_addresses = 1,
					       .handles = &handles[1],
					       .n_handles = 1};
	config_senders[0] = (struct config_sender){
		.name = "tenant-17", .selectors = tenant_selectors, .n_selectors = 2};
	config_senders[1] = (struct config_sender){
		.name = "webmail", .selectors = webmail_selectors, .n_selectors = 1};
	config = (struct config){.default_action = VERDICT_STEER,
				 .default_pool = &config_pools[0],
				 .pools = config_pools,
				 .n_pools = 2,
				 .senders = config_senders,
				 .n_senders = 2,
				 .policies = config_policies,
				 .n_policies = 1,
				 .default_policy = &config_policies[0]};
}

static void set_up(void)
{
	fill_addresses();
	fill_config();
	fake = fake_datapath_new();
	cr_assert_not_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/state.db", directory);
	cr_assert_eq(state_sqlite_open(file, &state, &error), 0, "%s", error.text);
	open_control();
}

static void tear_down(void)
{
	control_free(control);
	state_free(state);
	datapath_free(&fake->datapath);
	unlink(file);
	rmdir(directory);
}

TestSuite(control, .init = set_up, .fini = tear_down);

static struct verdict verdict_of(const char *name)
{
	const struct control_sender *sender = control_sender_find(control, name);
	struct verdict verdict;

	cr_assert_not_null(sender, "no sender %s", name);
	cr_assert_eq(fake->datapath.ops->get(&fake->datapath, MAP_VERDICT, &sender->id, &verdict),
		     0);
	return verdict;
}

static uint32_t slot_of(uint32_t pool, uint32_t index)
{
	uint32_t key = pool * POSTERN_FAMILIES * POSTERN_SLOTS + index;
	struct slot slot;

	cr_assert_eq(fake->datapath.ops->get(&fake->datapath, MAP_SLOTS, &key, &slot), 0);
	return slot.address;
}

static int apply(const char *sender, const struct policy_verdict *now)
{
	const struct control_standing standing = {.now = *now};

	return control_apply(control, sender, &standing, NOW_NS, NOW_SEC, &error);
}

static void steer(const char *sender, uint32_t pool, int64_t until_sec)
{
	const struct policy_verdict by_hand = {VERDICT_STEER, pool, REASON_MANUAL, until_sec};

	cr_assert_eq(apply(sender, &by_hand), 0, "%s", error.text);
}

static const struct policy_verdict good = {VERDICT_STEER, POOL_NORMAL, REASON_GOOD, 0};
static const struct policy_verdict restricted = {VERDICT_DROP, POOL_NONE, REASON_RESTRICTED, 0};

Test(control, a_sync_fills_every_map)
{
	struct control value;
	const uint32_t zero = 0;

	cr_assert_eq(fake->maps[MAP_POOLS].count, 2);
	cr_assert_eq(fake->maps[MAP_ADDRS].count, 3);
	cr_assert_eq(fake->maps[MAP_ADDRUSE].count, 3);
	/* Two senders, two pools' handles, the unknown. */
	cr_assert_eq(fake->maps[MAP_VERDICT].count, 5);
	cr_assert_eq(fake->maps[MAP_USAGE].count, 5);
	/* A mark, a uid, two handles; one prefix. */
	cr_assert_eq(fake->maps[MAP_SENDERS].count, 4);
	cr_assert_eq(fake->maps[MAP_NETS].count, 1);
	fake->datapath.ops->get(&fake->datapath, MAP_CONTROL, &zero, &value);
	cr_assert_eq(value.selector_kinds, 1u << SELECTOR_ADDRESS | 1u << SELECTOR_MARK |
						   1u << SELECTOR_UID | 1u << SELECTOR_NET);
}

Test(control, verdicts_by_policy_have_their_pool_and_reason)
{
	struct verdict tenant = verdict_of("tenant-17");
	struct verdict lane = verdict_of("handle/high-risk");
	struct verdict unknown = verdict_of("(unknown)");

	cr_assert_eq(tenant.action, VERDICT_STEER);
	cr_assert_eq(tenant.reason, REASON_GOOD);
	cr_assert_str_eq(tenant.pool_label, "normal");
	cr_assert_eq(lane.pool, POOL_HIGH_RISK);
	cr_assert_eq(lane.reason, REASON_HANDLE);
	cr_assert_eq(unknown.pool, POOL_NORMAL);
	cr_assert_eq(unknown.reason, REASON_UNKNOWN_SENDER);
	cr_assert_eq(control_sender_find(control, "(unknown)")->id, SENDER_UNKNOWN);
}

Test(control, a_second_sync_writes_nothing)
{
	fake->writes = fake->removals = 0;
	cr_assert_eq(control_sync(control, NOW_NS, NOW_SEC, &error), 0);
	cr_assert_eq(fake->writes, 0);
	cr_assert_eq(fake->removals, 0);
}

Test(control, a_verdict_by_hand_is_one_write)
{
	struct verdict verdict;

	fake->writes = 0;
	steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	verdict = verdict_of("tenant-17");
	cr_assert_eq(fake->writes, 1);
	cr_assert_eq(verdict.pool, POOL_HIGH_RISK);
	cr_assert_eq(verdict.reason, REASON_MANUAL);
	cr_assert_eq(verdict.until_ns, NOW_NS + 60 * NS_PER_SEC);
	cr_assert_eq(verdict.after_action, VERDICT_STEER);
	cr_assert_eq(verdict.after_pool, POOL_NORMAL);
}

Test(control, after_a_verdict_on_a_lane_its_own_pool_holds_again)
{
	const struct policy_verdict block = {VERDICT_DROP, POOL_NONE, REASON_MANUAL, NOW_SEC + 60};

	cr_assert_eq(apply("handle/high-risk", &block), 0);
	cr_assert_eq(verdict_of("handle/high-risk").action, VERDICT_DROP);
	cr_assert_eq(verdict_of("handle/high-risk").after_pool, POOL_HIGH_RISK);
}

Test(control, the_high_risk_lane_is_never_steered_to_normal_nor_passed)
{
	struct control_verdict verdict = {.action = VERDICT_STEER, .pool = "normal"};
	struct policy_manual manual;

	cr_assert_eq(control_check_verdict(control, "handle/high-risk", &verdict, &manual, &error),
		     -EINVAL);
	verdict = (struct control_verdict){.action = VERDICT_PASS};
	cr_assert_eq(control_check_verdict(control, "handle/normal", &verdict, &manual, &error),
		     -EINVAL);
	verdict.action = VERDICT_DROP;
	cr_assert_eq(control_check_verdict(control, "handle/normal", &verdict, &manual, &error), 0);
}

Test(control, the_high_risk_lane_is_never_steered_to_where_normal_comes_next)
{
	const struct control_verdict verdict = {.action = VERDICT_STEER, .pool = "spare"};
	const struct config_pool spare = {.name = "spare",
					  .id = POOL_FIRST_FREE,
					  .when_empty = &config_pools[0],
					  .addresses = spare_addresses,
					  .n_addresses = 1};
	struct policy_manual manual;

	config_pools[2] = spare;
	control_free(control);
	config.n_pools = 3;
	open_control();
	cr_assert_eq(control_check_verdict(control, "handle/normal", &verdict, &manual, &error), 0);
	cr_assert_eq(control_check_verdict(control, "handle/high-risk", &verdict, &manual, &error),
		     -EINVAL);
	cr_assert_str_eq(error.text,
			 "'handle/high-risk' cannot be steered to 'spare', whose when_empty "
			 "leads to 'normal': high-risk mail never is");
	/* As after a reload: what was said before the way was made. */
	steer("handle/high-risk", POOL_FIRST_FREE, 0);
	cr_assert_eq(verdict_of("handle/high-risk").pool, POOL_HIGH_RISK);
}

Test(control, where_nothing_holds_any_more_the_configuration_does)
{
	steer("tenant-17", POOL_HIGH_RISK, 0);
	cr_assert_eq(apply("tenant-17", &good), 0);
	cr_assert_eq(verdict_of("tenant-17").pool, POOL_NORMAL);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(control, what_holds_already_is_not_written_again)
{
	steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	fake->writes = 0;
	steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(fake->writes, 0);
	steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 61);
	cr_assert_eq(fake->writes, 1);
}

Test(control, what_comes_after_is_written_with_what_holds_now)
{
	const struct control_standing standing = {
		{VERDICT_STEER, POOL_HIGH_RISK, REASON_MANUAL, NOW_SEC + 60}, restricted};

	/* The same for now, and something else afterwards. */
	steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(verdict_of("tenant-17").after_action, VERDICT_STEER);
	cr_assert_eq(control_apply(control, "tenant-17", &standing, NOW_NS, NOW_SEC, &error), 0);
	cr_assert_eq(verdict_of("tenant-17").after_action, VERDICT_DROP);
	cr_assert_eq(verdict_of("tenant-17").after_pool, POOL_NONE);
}

Test(control, names_are_the_same_in_upper_and_lower_case)
{
	cr_assert_eq(apply("Tenant-17", &restricted), 0);
	cr_assert_eq(verdict_of("tenant-17").action, VERDICT_DROP);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_RESTRICTED);
}

Test(control, who_has_a_limit_of_connections_is_watched)
{
	cr_assert_eq(verdict_of("tenant-17").watched, 0);
	config_policies[0].limits[CONFIG_CONNECTIONS_PER_MINUTE] = 10;
	reopen_control();
	cr_assert_eq(verdict_of("tenant-17").watched, 1);
	cr_assert_eq(verdict_of("(unknown)").watched, 0);
}

Test(control, who_is_called_like_a_lane_or_nobody_does_not_become_it)
{
	cr_assert_eq(apply("handle/normal", &restricted), 0);
	cr_assert_eq(apply("(unknown)", &restricted), 0);
	cr_assert_eq(verdict_of("handle/normal").action, VERDICT_STEER);
	cr_assert_eq(verdict_of("(unknown)").action, VERDICT_STEER);
}

static void save(const char *sender, const char *pool, int64_t until_sec)
{
	const struct state_verdict verdict = {.sender = sender,
					      .action = *pool ? VERDICT_STEER : VERDICT_DROP,
					      .pool = pool,
					      .reason = REASON_MANUAL,
					      .until_sec = until_sec};

	cr_assert_eq(state->ops->put_verdict(state, &verdict, &error), 0, "%s", error.text);
}

static void save_standing(const struct standing_record *standing)
{
	const struct state_record record = {STATE_STANDINGS, standing->name, standing,
					    sizeof(*standing)};

	cr_assert_eq(state->ops->put_record(state, &record, &error), 0, "%s", error.text);
}

Test(control, standings_that_were_kept_hold_before_an_engine_runs)
{
	save_standing(&(struct standing_record){.name = "Webmail",
						.restricted_until_sec = NOW_SEC + 60,
						.spam_until_sec = NOW_SEC + 90,
						.version = STANDING_VERSION});
	save_standing(&(struct standing_record){.name = "tenant-17",
						.restricted_until_sec = STANDING_FOREVER,
						.version = STANDING_VERSION});
	save("tenant-17", "high-risk", NOW_SEC + 30);
	reopen_control();
	cr_assert_eq(verdict_of("webmail").reason, REASON_RESTRICTED);
	cr_assert_eq(verdict_of("webmail").until_ns, NOW_NS + 60 * NS_PER_SEC);
	cr_assert_eq(verdict_of("webmail").after_pool, POOL_HIGH_RISK);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_eq(verdict_of("tenant-17").after_action, VERDICT_DROP);
}

Test(control, verdicts_whose_time_or_pool_is_gone_hold_no_more)
{
	save("tenant-17", "high-risk", NOW_SEC);
	save("webmail", "gone", 0);
	reopen_control();
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(verdict_of("webmail").reason, REASON_GOOD);
}

static uint32_t taken;

static void take(void *data, const struct control_sender *sender, uint32_t count)
{
	(void)data;
	cr_assert_str_eq(sender->name, "tenant-17");
	taken += count;
}

Test(control, connections_are_taken_once_each)
{
	const struct control_sender *sender = control_sender_find(control, "tenant-17");
	struct usage usage = {.connections = 5};
	uint32_t count;

	fake->datapath.ops->put(&fake->datapath, MAP_USAGE, &sender->id, &usage);
	cr_assert_eq(control_take_connections(control, sender->id, &sender, &count), 0);
	cr_assert_eq(count, 5);
	cr_assert_eq(control_take_connections(control, sender->id, &sender, &count), 0);
	cr_assert_eq(count, 0);
	usage.connections = 7;
	fake->datapath.ops->put(&fake->datapath, MAP_USAGE, &sender->id, &usage);
	cr_assert_eq(control_take_all_connections(control, take, NULL, &error), 0);
	cr_assert_eq(taken, 2);
	usage.connections = 3; /* the maps were made anew */
	fake->datapath.ops->put(&fake->datapath, MAP_USAGE, &sender->id, &usage);
	cr_assert_eq(control_take_all_connections(control, take, NULL, &error), 0);
	cr_assert_eq(taken, 5);
	cr_assert_eq(control_take_connections(control, 4711, &sender, &count), -ENOENT);
}

Test(control, what_was_set_by_hand_outlives_a_restart_with_new_maps)
{
	struct address address = normal_addresses[0].address;

	save("tenant-17", "high-risk", 0);
	cr_assert_eq(control_set_address(control, "normal", &address, ADDRESS_DRAINING, &error), 0);
	cr_assert_eq(control_set_pool(control, "high-risk", POOL_DISABLED, &error), 0);
	datapath_free(&fake->datapath);
	fake = fake_datapath_new();
	reopen_control();
	cr_assert_eq(verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_assert_eq(slot_of(POOL_HIGH_RISK, 0), 0);
	for (uint32_t i = 0; i < POSTERN_SLOTS; i++)
		cr_assert_eq(slot_of(POOL_NORMAL, i),
			     pool_find_address(&control_pools(control)->pools[0],
					       &normal_addresses[1].address)
				     ->id);
}

Test(control, without_durable_state_the_maps_remember)
{
	struct address address = normal_addresses[0].address;

	steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(control_set_address(control, "normal", &address, ADDRESS_DRAINING, &error), 0);
	state_free(state);
	cr_assert_eq(state_null_open(&state), 0);
	reopen_control();
	cr_assert_eq(verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_assert_eq(control_sender_find(control, "tenant-17")->standing.now.until_sec,
		     NOW_SEC + 60);
	cr_assert_eq(control_pools(control)->pools[0].addresses[0].state, ADDRESS_DRAINING);
}

Test(control, draining_writes_only_the_drained_share)
{
	struct address address = normal_addresses[0].address;
	uint32_t id = pool_find_address(&control_pools(control)->pools[0], &address)->id;
	unsigned share = 0;

	for (uint32_t i = 0; i < POSTERN_SLOTS; i++)
		share += slot_of(POOL_NORMAL, i) == id;
	fake->writes = 0;
	cr_assert_eq(control_set_address(control, "normal", &address, ADDRESS_DRAINING, &error), 0);
	/* The slots, the address' entry, the pool's count of active ones. */
	cr_assert_eq(fake->writes, share + 2);
}

Test(control, ids_stay_when_the_configuration_changes)
{
	uint32_t id = control_sender_find(control, "webmail")->id;

	config.senders = &config_senders[1];
	config.n_senders = 1;
	reopen_control();
	cr_assert_eq(control_sender_find(control, "webmail")->id, id);
	cr_assert_null(control_sender_find(control, "tenant-17"));
	cr_assert_eq(fake->maps[MAP_NETS].count, 0);
	cr_assert_eq(fake->maps[MAP_VERDICT].count, 4);
	cr_assert_str_eq(control_sender_name(control, id), "webmail");
	cr_assert_str_eq(control_sender_name(control, 4711), "(removed)");
}

/* What the map of selectors says of 100.127.0.2; -1: nothing. */
static int64_t sender_at_handle(void)
{
	struct selector selector = {.kind = SELECTOR_ADDRESS};
	struct sender_ref ref;

	memcpy(selector.address, handles[1].address.bytes, sizeof(selector.address));
	return fake->datapath.ops->get(&fake->datapath, MAP_SENDERS, &selector, &ref) == 0
		       ? (int64_t)ref.sender
		       : -1;
}

static bool is_gone(void *data, const struct address *handle)
{
	cr_assert(address_equal(handle, &handles[1].address));
	return *(bool *)data;
}

Test(control, a_handle_that_is_not_configured_any_more_leads_to_its_pool_until_it_is_gone)
{
	static struct config_address other;
	int64_t id = control_sender_find(control, "handle/high-risk")->id;
	bool gone = false;

	address_parse("100.127.0.22", &other.address);
	config_pools[1].handles = &other;
	reopen_control();
	cr_assert_eq(sender_at_handle(), id);
	cr_assert_eq(control_forget_handles(control, is_gone, &gone, &error), 0);
	cr_assert_eq(sender_at_handle(), id);
	gone = true;
	cr_assert_eq(control_forget_handles(control, is_gone, &gone, &error), 0);
	cr_assert_eq(sender_at_handle(), -1);
}

/* The id that it led to may be another one's by then. */
Test(control, a_handle_whose_pool_has_none_any_more_leads_to_no_verdict)
{
	struct verdict verdict;
	uint32_t id;

	config_pools[1].n_handles = 0;
	reopen_control();
	reopen_control();
	id = (uint32_t)sender_at_handle();
	cr_assert_eq(fake->datapath.ops->get(&fake->datapath, MAP_VERDICT, &id, &verdict), -ENOENT);
	cr_assert_neq(id, SENDER_UNKNOWN);
}

Test(control, a_handle_that_has_become_the_address_of_a_sender_is_that_senders)
{
	static struct config_selector source = {.kind = CONFIG_SELECTOR_SOURCE};

	config_pools[1].n_handles = 0;
	source.prefix = (struct prefix){.address = handles[1].address, .length = 128};
	config_senders[1].selectors = &source;
	reopen_control();
	cr_assert_eq(sender_at_handle(), control_sender_find(control, "webmail")->id);
}

Test(control, cutting_marks_the_verdict_and_then_raises_the_counter)
{
	struct control value;
	const uint32_t zero = 0;

	cr_assert_eq(control_cut(control, "tenant-17", NOW_NS, &error), 0);
	fake->datapath.ops->get(&fake->datapath, MAP_CONTROL, &zero, &value);
	cr_assert_eq(value.cuts, 1);
	cr_assert_eq(verdict_of("tenant-17").cut_ns, NOW_NS);
	/* A later verdict does not forget the cut. */
	steer("tenant-17", POOL_HIGH_RISK, 0);
	cr_assert_eq(verdict_of("tenant-17").cut_ns, NOW_NS);
}

Test(control, a_map_that_refuses_the_write_changes_nothing)
{
	fake->writes_left = 1;
	cr_assert_eq(apply("tenant-17", &restricted), -EIO);
	cr_assert_eq(control_sender_find(control, "tenant-17")->standing.now.reason, REASON_GOOD);
	cr_assert_eq(verdict_of("tenant-17").action, VERDICT_STEER);
}

Test(control, unknown_names_are_refused)
{
	const struct control_verdict verdict = {.action = VERDICT_STEER, .pool = "nowhere"};
	struct policy_manual manual;
	struct address address;

	address_parse("203.0.113.1", &address);
	cr_assert_eq(control_check_verdict(control, "tenant-17", &verdict, &manual, &error),
		     -EINVAL);
	cr_assert_str_eq(error.text, "no pool 'nowhere'");
	cr_assert_eq(apply("tenant-18", &restricted), 0);
	cr_assert_eq(control_set_pool(control, "nowhere", POOL_DISABLED, &error), -ENOENT);
	cr_assert_eq(control_set_address(control, "normal", &address, ADDRESS_DRAINING, &error),
		     -ENOENT);
}

Test(control, a_reader_cannot_change_anything)
{
	control_free(control);
	cr_assert_eq(control_new(&config, &fake->datapath, NULL, NOW_NS, NOW_SEC, &control, &error),
		     0);
	cr_assert_eq(control_cut(control, "tenant-17", NOW_NS, &error), -EROFS);
	cr_assert_eq(control_set_pool(control, "normal", POOL_DISABLED, &error), -EROFS);
}

Test(control, a_sender_reads_as_documented)
{
	json_t *view;
	char *text;

	steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(view_sender(control, NULL, "tenant-17", NOW_NS, NOW_SEC, &view, &error), 0);
	text = json_dumps(view, JSON_COMPACT);
	cr_assert_str_eq(
		text,
		"{\"name\":\"tenant-17\",\"selectors\":[\"source 10.1.7.0/24\",\"mark 7\"],"
		"\"verdict\":{\"action\":\"steer\",\"pool\":\"high-risk\",\"reason\":\"manual\","
		"\"until\":\"2023-11-14T22:14:20Z\"},"
		"\"limits\":{\"connections_per_minute\":0,\"flows_max\":0},"
		"\"usage\":{\"flows\":0,\"connections\":0,\"refused\":0,\"over_limit\":0,"
		"\"idle_sec\":null}}");
	free(text);
	json_decref(view);
}

Test(control, flows_read_as_documented)
{
	struct flow_key key = {.source_port = 40000, .destination_port = 25};
	struct flow flow = {
		.port = 40001, .pool = POOL_NORMAL, .opened_ns = NOW_NS - 5 * NS_PER_SEC};
	struct return_key back_key = {.port = 40001, .remote_port = 25};
	struct return_entry back = {.in = {.packets = 2, .bytes = 100}};
	struct address address;
	json_t *view;
	char *text;

	address_parse("10.1.7.5", &address);
	memcpy(key.source, address.bytes, 16);
	address_parse("203.0.113.9", &address);
	memcpy(key.destination, address.bytes, 16);
	memcpy(back_key.remote, address.bytes, 16);
	memcpy(flow.address, normal_addresses[0].address.bytes, 16);
	memcpy(back_key.address, flow.address, 16);
	flow.sender = control_sender_find(control, "tenant-17")->id;
	flow.out.packets = 3;
	flow.out.bytes = 150;
	fake->datapath.ops->put(&fake->datapath, MAP_FLOWS, &key, &flow);
	fake->datapath.ops->put(&fake->datapath, MAP_RETURNS, &back_key, &back);
	cr_assert_eq(view_flows(control, NULL, NOW_NS, 0, &view, &error), 0);
	text = json_dumps(view, JSON_COMPACT);
	cr_assert_str_eq(text, "[{\"sender\":\"tenant-17\",\"source\":\"10.1.7.5:40000\","
			       "\"destination\":\"203.0.113.9:25\",\"pool\":\"normal\","
			       "\"address\":\"192.0.2.10:40001\",\"state\":\"established\",\"cut\":"
			       "false,\"packets\":5,"
			       "\"bytes\":250,\"age_sec\":5}]");
	free(text);
	json_decref(view);
	cr_assert_eq(view_flows(control, "webmail", NOW_NS, 0, &view, &error), 0);
	cr_assert_eq(json_array_size(view), 0);
	json_decref(view);
}
