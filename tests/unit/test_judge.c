// SPDX-License-Identifier: BSD-2-Clause
/* From facts to maps and state: a judge over maps in memory and a state file of each test's own. */
#include "control/judge.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "control/control.h"
#include "control/kept.h"
#include "pool/lane.h"
#include "state/state.h"
#include "unit/config_file.h"
#include "unit/fake_datapath.h"

/* 2023-11-14 12:00:00 UTC */
#define NOON   1699963200
#define NOW_NS (1000 * NS_PER_SEC)
#define DAY    86400

static const char configuration[] =
	"pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }\n"
	"  handles = { \"100.127.0.1\", \"fd70::1\" } }\n"
	"pool \"high-risk\" { addresses = { \"198.51.100.20\" }\n"
	"  handles = { \"100.127.0.2\" } }\n"
	"pool \"spare\" { addresses = { \"192.0.2.30\" } }\n"
	"sender \"tenant-17\" { source = { \"10.1.7.0/24\" } policy = \"small\" }\n"
	"sender \"watched\" { uid = { 4242 } policy = \"slow\" }\n"
	"policy \"small\" { recipients_external_per_hour = 10 }\n"
	"policy \"slow\" { connections_per_minute = 3 }\n"
	"policy \"harsh\" { senders = { \"*@harsh.example\" } recipients_per_day = 5\n"
	"  on_limit = \"restrict\" }\n"
	"policy \"spam\" { senders = { \"*@spam.example\" } reports_per_day = 2 }\n"
	"identity = \"sender\"\n"
	"senders_tracked_max = 1024\n"
	"decisions_max = 1024\n";

static struct fake_datapath *fake;
static struct config *config;
static struct controller *control;
static struct state *state;
static struct judge *judge;
static struct error error;
static struct judge_time now = {NOW_NS, NOON};
static char file[128];
static char directory[] = "/tmp/postern-judge-XXXXXX";
static json_t *news;
static unsigned troubles;

static void on_news(void *data, json_t *event)
{
	(void)data;
	json_array_append_new(news, event);
}

static void on_trouble(void *data, const struct error *trouble)
{
	(void)data, (void)trouble;
	troubles++;
}

static void open_all(void)
{
	const struct judge_hooks hooks = {NULL, on_news, on_trouble};

	cr_assert_eq(control_new(config, &fake->datapath, state, now.ns, now.sec, &control, &error),
		     0, "%s", error.text);
	cr_assert_eq(control_sync(control, now.ns, now.sec, &error), 0, "%s", error.text);
	cr_assert_eq(judge_open(config, control, state, &hooks, &now, &judge, &error), 0, "%s",
		     error.text);
}

static void open_state(void)
{
	cr_assert_eq(state_sqlite_open(file, &state, &error), 0, "%s", error.text);
}

static void set_up(void)
{
	config_file_setup();
	config = config_file_load(configuration);
	fake = fake_datapath_new();
	news = json_array();
	cr_assert_not_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/state.db", directory);
	open_state();
	open_all();
}

static void close_all(void)
{
	judge_close(judge);
	control_free(control);
	state_free(state);
}

static void tear_down(void)
{
	char command[64];

	close_all();
	json_decref(news);
	datapath_free(&fake->datapath);
	config_free(config);
	config_file_teardown();
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_assert_eq(system(command), 0);
}

TestSuite(judging, .init = set_up, .fini = tear_down);

/* As after kill -9: nothing of what is in memory is written. It is remembered, for none of it to be a leak. */
static void kill_and_start(void)
{
	static const void *killed[16];
	static size_t n_killed;

	cr_assert_null(killed[n_killed], "more room is needed");
	killed[n_killed++] = judge;
	killed[n_killed++] = control;
	killed[n_killed++] = state;
	open_state();
	open_all();
}

static void restart(void)
{
	close_all();
	open_state();
	open_all();
}

static struct judge_answer ask(const struct judge_message *message)
{
	struct judge_answer answer;

	cr_assert_eq(judge_message(judge, message, &now, &answer, &error), 0, "%s", error.text);
	return answer;
}

static struct judge_answer send_from(const char *sender, uint32_t recipients)
{
	return ask(&(struct judge_message){
		.facts = {.sender = sender, .recipients_external = recipients}});
}

static struct judge_answer send_as(const char *user, uint32_t recipients)
{
	return ask(&(struct judge_message){
		.facts = {.user = user, .recipients_external = recipients}});
}

static uint32_t id_of(const char *name)
{
	return control_sender_find(control, name)->id;
}

static struct verdict verdict_of(const char *name)
{
	const uint32_t id = id_of(name);
	struct verdict verdict;

	cr_assert_eq(fake->datapath.ops->get(&fake->datapath, MAP_VERDICT, &id, &verdict), 0);
	return verdict;
}

static size_t count_news(const char *what)
{
	size_t count = 0, i;
	json_t *event;

	json_array_foreach (news, i, event) {
		const char *name = json_string_value(json_object_get(event, "event"));

		count += strcmp(name, what) == 0;
	}
	return count;
}

static uint32_t counted(const char *name, enum config_limit limit)
{
	struct policy_view view;

	return policy_view(judge_policy(judge), name, now.sec, &view) == 0 ? view.counts[limit] : 0;
}

static void write_all(void)
{
	while (judge_write(judge))
		;
}

/* ---- answers */

Test(judging, an_answer_names_the_pool_its_lane_and_its_handles)
{
	struct judge_answer answer = send_from("tenant-17", 1);

	cr_assert_str_eq(answer.pool, "normal");
	cr_assert_str_eq(answer.lane->name, "postern-normal");
	cr_assert_str_eq(answer.handle_ipv4, "100.127.0.1");
	cr_assert_str_eq(answer.handle_ipv6, "fd70::1");
	answer = ask(&(struct judge_message){.facts = {.sender = "tenant-17", .bounce = true}});
	cr_assert_str_eq(answer.pool, "high-risk");
	cr_assert_str_eq(answer.lane->name, "postern-high-risk");
	cr_assert_str_eq(answer.handle_ipv4, "100.127.0.2");
	cr_assert_str_empty(answer.handle_ipv6);
}

Test(judging, a_decision_is_explained_afterwards_with_its_figures)
{
	struct judge_explanation explanation;

	ask(&(struct judge_message){
		.facts = {.message_id = "a@x", .sender = "tenant-17", .recipients_external = 7}});
	cr_assert_eq(judge_explain(judge, "a@x", &now, &explanation, &error), 0);
	cr_assert_eq(explanation.kept.facts.recipients_external, 7);
	cr_assert_str_eq(explanation.answer.pool, "normal");
	cr_assert_str_eq(explanation.answer.handle_ipv4, "100.127.0.1");
	cr_assert_eq(judge_explain_sender(judge, "Tenant-17", &now, &explanation, &error), 0);
	cr_assert_eq(judge_explain(judge, "b@x", &now, &explanation, &error), -ENOENT);
	now.sec += DECISIONS_KEPT_SEC + 1;
	cr_assert_eq(judge_explain(judge, "a@x", &now, &explanation, &error), -ENOENT);
}

/* ---- verdicts */

Test(judging, a_limit_that_is_reached_is_in_the_map_at_once)
{
	send_from("tenant-17", 9);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	send_from("tenant-17", 1);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	cr_assert_eq(verdict_of("tenant-17").pool, POOL_HIGH_RISK);
	cr_assert_gt(verdict_of("tenant-17").until_ns, now.ns + 3600 * NS_PER_SEC - 1);
	cr_assert_eq(verdict_of("tenant-17").after_pool, POOL_NORMAL);
	cr_assert_eq(count_news("verdict"), 1);
	cr_assert_eq(count_news("warning"), 1);
	cr_assert_eq(troubles, 0);
}

Test(judging, only_changes_are_written)
{
	send_from("tenant-17", 10);
	fake->writes = 0;
	for (int i = 0; i < 20; i++)
		send_from("tenant-17", 1);
	cr_assert_eq(fake->writes, 0);
	send_as("bob@example.net", 20);
	cr_assert_eq(fake->writes, 0);
}

Test(judging, when_there_is_room_again_the_verdict_ends)
{
	send_from("tenant-17", 10);
	now.sec += 3600 + 300;
	now.ns += (3600 + 300) * NS_PER_SEC;
	judge_tick(judge, &now);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(verdict_of("tenant-17").until_ns, 0);
}

Test(judging, a_map_that_refuses_a_verdict_is_told_and_tried_again)
{
	fake->writes_left = 1;
	send_from("tenant-17", 10);
	cr_assert_eq(troubles, 1);
	cr_assert_str_eq(send_from("tenant-17", 1).pool, "high-risk");
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	fake->writes_left = 0;
	judge_tick(judge, &now);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	fake->writes_left = 1;
	now.sec += DAY;
	judge_tick(judge, &now);
	fake->writes_left = 0;
	judge_tick(judge, &now);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	fake->writes = 0;
	judge_tick(judge, &now);
	cr_assert_eq(fake->writes, 0);
}

/* ---- by hand */

static const struct control_verdict to_spare = {.action = VERDICT_STEER, .pool = "spare"};

static int set(const char *sender, const struct control_verdict *verdict)
{
	return judge_set_verdict(judge, sender, verdict, &now, &error);
}

Test(judging, no_lane_is_named_where_the_pool_has_none_or_none_is_steered_to)
{
	const struct control_verdict drop = {.action = VERDICT_DROP};
	struct judge_answer answer;

	cr_assert_eq(set("tenant-17", &to_spare), 0, "%s", error.text);
	answer = send_from("tenant-17", 1);
	cr_assert_str_eq(answer.pool, "spare");
	cr_assert_null(answer.lane);
	cr_assert_eq(set("tenant-17", &drop), 0, "%s", error.text);
	answer = send_from("tenant-17", 1);
	cr_assert_eq(answer.decision.action, DECISION_DEFER);
	cr_assert_null(answer.lane);
}

Test(judging, a_verdict_by_hand_holds_for_connections_and_for_messages)
{
	cr_assert_eq(set("tenant-17", &to_spare), 0, "%s", error.text);
	cr_assert_str_eq(verdict_of("tenant-17").pool_label, "spare");
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_str_eq(send_from("tenant-17", 1).pool, "spare");
	cr_assert_eq(judge_clear_verdict(judge, "tenant-17", &now, &error), 0);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(send_from("tenant-17", 1).pool, "normal");
}

Test(judging, who_has_no_selector_gets_a_verdict_once_seen)
{
	cr_assert_eq(set("bob@example.net", &to_spare), -ENOENT);
	cr_assert_str_eq(error.text, "no sender 'bob@example.net'");
	send_as("bob@example.net", 1);
	cr_assert_eq(set("bob@example.net", &to_spare), 0, "%s", error.text);
	cr_assert_str_eq(send_as("Bob@example.net", 1).pool, "spare");
}

Test(judging, a_verdict_by_hand_ends_with_its_time_for_good)
{
	struct control_verdict verdict = to_spare;

	verdict.until_sec = now.sec + 60;
	send_as("bob@example.net", 1);
	cr_assert_eq(set("tenant-17", &verdict), 0);
	cr_assert_eq(set("bob@example.net", &verdict), 0);
	now.sec += 60;
	judge_tick(judge, &now);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	now.sec -= 60;
	restart();
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(send_as("bob@example.net", 1).pool, "normal");
}

Test(judging, what_was_taken_back_is_gone_however_the_name_was_written)
{
	judge_report(judge, "eve@spam.example", &now, &error);
	judge_report(judge, "eve@spam.example", &now, &error);
	cr_assert_eq(set("Eve@Spam.example", &to_spare), 0, "%s", error.text);
	cr_assert_eq(set("EVE@spam.example", &to_spare), 0, "%s", error.text);
	cr_assert_eq(judge_clear_verdict(judge, "eve@SPAM.example", &now, &error), 0);
	cr_assert_str_eq(send_as("eve@spam.example", 1).pool, "high-risk");
	restart();
	cr_assert_str_eq(send_as("eve@spam.example", 1).pool, "high-risk");
}

static void follow(const char *text)
{
	struct controller *old_control = control;
	struct config *old_config = config;

	config = config_file_load(text);
	cr_assert_eq(control_new(config, &fake->datapath, state, now.ns, now.sec, &control, &error),
		     0);
	cr_assert_eq(control_sync(control, now.ns, now.sec, &error), 0);
	cr_assert_eq(judge_follow(judge, config, control, &now, &error), 0);
	control_free(old_control);
	config_free(old_config);
}

Test(judging, what_was_taken_back_while_its_pool_was_away_stays_taken_back)
{
	cr_assert_eq(set("tenant-17", &to_spare), 0, "%s", error.text);
	follow(TWO_POOLS "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n");
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_eq(judge_clear_verdict(judge, "tenant-17", &now, &error), 0);
	follow(configuration);
	restart();
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judging, a_cut_goes_with_the_verdict_however_the_name_is_written)
{
	struct control_verdict verdict = to_spare;

	send_from("tenant-17", 1);
	verdict.cut = true;
	cr_assert_eq(set("Tenant-17", &verdict), 0, "%s", error.text);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_MANUAL);
	cr_assert_gt(verdict_of("tenant-17").cut_ns, 0);
}

/* Flows are opened by the old verdict until the map has the new one, later than it was asked for. */
Test(judging, a_cut_is_of_the_moment_when_the_verdict_holds)
{
	struct control_verdict verdict = to_spare;

	now.ns = clock_monotonic_ns();
	verdict.cut = true;
	cr_assert_eq(set("tenant-17", &verdict), 0);
	cr_assert_gt(verdict_of("tenant-17").cut_ns, now.ns);
	cr_assert_leq(verdict_of("tenant-17").cut_ns, clock_monotonic_ns());
}

Test(judging, what_the_map_refuses_is_not_set_at_all)
{
	fake->writes_left = 1;
	cr_assert_eq(set("tenant-17", &to_spare), -EIO);
	fake->writes_left = 0;
	cr_assert_str_eq(send_from("tenant-17", 1).pool, "normal");
	restart();
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
}

Test(judging, what_makes_no_sense_is_refused)
{
	struct control_verdict nowhere = {.action = VERDICT_STEER, .pool = "nowhere"};

	cr_assert_eq(set("tenant-17", &nowhere), -EINVAL);
	cr_assert_str_eq(error.text, "no pool 'nowhere'");
	cr_assert_eq(set("nobody", &to_spare), -ENOENT);
	cr_assert_eq(judge_clear_verdict(judge, "nobody", &now, &error), -ENOENT);
	cr_assert_eq(judge_release(judge, "tenant-17", &now, &error), -ENOENT);
	cr_assert_eq(judge_report(judge, "", &now, &error), -EINVAL);
}

Test(judging, reports_make_a_sender_high_risk_until_it_is_released)
{
	judge_report(judge, "eve@spam.example", &now, &error);
	cr_assert_str_eq(send_as("eve@spam.example", 1).pool, "normal");
	judge_report(judge, "eve@spam.example", &now, &error);
	cr_assert_str_eq(send_as("eve@spam.example", 1).pool, "high-risk");
	cr_assert_eq(count_news("spam-sender"), 1);
	cr_assert_eq(judge_release(judge, "eve@spam.example", &now, &error), 0);
	cr_assert_str_eq(send_as("eve@spam.example", 1).pool, "normal");
}

/* ---- what outlives the process */

Test(judging, a_restriction_survives_a_kill_and_ends_by_release)
{
	cr_assert_eq(send_as("a@harsh.example", 6).decision.action, DECISION_REJECT);
	kill_and_start();
	cr_assert_eq(send_as("a@harsh.example", 1).decision.reason, REASON_RESTRICTED);
	cr_assert_eq(judge_release(judge, "a@harsh.example", &now, &error), 0);
	kill_and_start();
	cr_assert_eq(send_as("a@harsh.example", 1).decision.action, DECISION_STEER);
}

Test(judging, verdicts_by_hand_survive_a_kill)
{
	send_as("bob@example.net", 1);
	cr_assert_eq(set("tenant-17", &to_spare), 0);
	cr_assert_eq(set("bob@example.net", &to_spare), 0);
	kill_and_start();
	cr_assert_str_eq(verdict_of("tenant-17").pool_label, "spare");
	cr_assert_str_eq(send_from("tenant-17", 1).pool, "spare");
	cr_assert_str_eq(send_as("bob@example.net", 1).pool, "spare");
}

Test(judging, counts_survive_a_kill_once_they_were_written)
{
	send_from("tenant-17", 4);
	write_all();
	send_from("tenant-17", 2);
	kill_and_start();
	cr_assert_eq(counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
}

Test(judging, counts_survive_a_clean_end)
{
	send_from("tenant-17", 4);
	restart();
	cr_assert_eq(counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
}

Test(judging, slice_by_slice_everybody_is_written)
{
	unsigned slices = 1;
	char name[32];

	for (int i = 0; i < 4 * KEPT_SLICE; i++) {
		snprintf(name, sizeof(name), "user-%d", i);
		send_as(name, 1);
	}
	send_as("tenant-17", 1);
	while (judge_write(judge))
		slices++;
	cr_assert_eq(slices, 5);
	kill_and_start();
	for (int i = 0; i < 4 * KEPT_SLICE; i++) {
		snprintf(name, sizeof(name), "user-%d", i);
		cr_assert_eq(counted(name, CONFIG_MESSAGES_PER_MINUTE), 1, "%s", name);
	}
}

static int count_record(void *data, const struct state_record *record)
{
	(void)record;
	++*(int *)data;
	return 0;
}

static int count_log(void *data, const void *bytes, size_t size)
{
	(void)bytes, (void)size;
	++*(int *)data;
	return 0;
}

static int records(enum state_kind kind)
{
	int count = 0;
	const struct state_visitor visitor = {
		.data = &count, .record = count_record, .kinds = 1U << kind};

	cr_assert_eq(state->ops->load(state, &visitor, &error), 0);
	return count;
}

static int log_size(void)
{
	int count = 0;
	const struct state_visitor visitor = {.data = &count, .log = count_log};

	cr_assert_eq(state->ops->load(state, &visitor, &error), 0);
	return count;
}

static void send_from_crowd(int first, int last)
{
	char name[32];

	for (int i = first; i < last; i++) {
		snprintf(name, sizeof(name), "user-%d", i);
		send_as(name, 1);
	}
	write_all();
}

Test(judging, who_was_evicted_and_came_back_is_restored_as_it_was_last)
{
	send_from_crowd(0, 3000);
	send_from_crowd(0, 1);
	kill_and_start();
	cr_assert_eq(counted("user-0", CONFIG_MESSAGES_PER_MINUTE), 1);
}

Test(judging, the_log_of_counts_stays_bounded_and_keeps_the_last_of_each)
{
	send_as("early", 1);
	for (int i = 0; i < 130; i++)
		send_from_crowd(0, 1000);
	cr_assert_lt(log_size(), KEPT_LOG_FREE / 2, "%d", log_size());
	cr_assert_geq(log_size(), 1001);
	kill_and_start();
	cr_assert_eq(counted("early", CONFIG_RECIPIENTS_PER_DAY), 1);
	for (int i = 0; i < 1000; i += 99) {
		char name[32];

		snprintf(name, sizeof(name), "user-%d", i);
		cr_assert_eq(counted(name, CONFIG_RECIPIENTS_PER_DAY), 130, "%s", name);
	}
}

Test(judging, counts_of_the_day_before_yesterday_take_no_place)
{
	struct judge_stats stats;

	send_from("tenant-17", 4);
	write_all();
	now.sec += SENDER_STALE_SEC;
	kill_and_start();
	judge_stats(judge, &stats);
	cr_assert_eq(stats.policy.senders, 0);
}

Test(judging, standings_that_are_over_are_deleted)
{
	send_from("tenant-17", 10);
	cr_assert_eq(records(STATE_STANDINGS), 1);
	now.sec += DAY;
	judge_tick(judge, &now);
	cr_assert_eq(records(STATE_STANDINGS), 0);
}

static void damage(enum state_kind kind, const char *name)
{
	const struct state_record record = {kind, name, "rubbish", 7};

	cr_assert_eq(state->ops->put_record(state, &record, &error), 0);
}

Test(judging, damaged_records_are_left_out_and_counted)
{
	struct judge_stats stats;
	int64_t place;

	damage(STATE_STANDINGS, "x");
	damage(STATE_TENANTS, "x");
	cr_assert_eq(state->ops->append(state, "rubbish", 7, &place, &error), 0);
	kill_and_start();
	judge_stats(judge, &stats);
	cr_assert_eq(stats.left_out, 3);
	cr_assert_str_eq(send_from("tenant-17", 1).pool, "normal");
}

Test(judging, without_a_durable_state_the_maps_remember)
{
	send_from("tenant-17", 10);
	cr_assert_eq(set("watched", &to_spare), 0);
	close_all();
	cr_assert_eq(state_null_open(&state), 0);
	open_all();
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_OVER_LIMIT);
	cr_assert_str_eq(send_from("watched", 1).pool, "spare");
	now.sec += DAY;
	judge_tick(judge, &now);
	cr_assert_eq(verdict_of("tenant-17").reason, REASON_GOOD);
	cr_assert_str_eq(verdict_of("watched").pool_label, "spare");
}

static void ignore_change(void *data, const char *why)
{
	(void)data, (void)why;
}

static int rewrite(void *data, struct state *into, struct error *ret_error)
{
	(void)data;
	return judge_rewrite(judge, into, ret_error);
}

Test(judging, a_file_that_comes_back_gets_all_that_was_in_memory)
{
	const struct state_steady_owner owner = {NULL, ignore_change, rewrite};
	char command[320];

	close_all();
	snprintf(command, sizeof(command), "rm -f '%s'* && echo rubbish > '%s'", file, file);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(state_steady_open(file, &owner, &state, &error), 0);
	open_all();
	send_as("a@harsh.example", 6);
	send_from("tenant-17", 4);
	cr_assert_eq(set("watched", &to_spare), 0);
	cr_assert_eq(control_set_pool(control, "spare", POOL_DISABLED, &error), 0);
	write_all();
	cr_assert_eq(unlink(file), 0);
	state_steady_tick(state, now.sec);
	cr_assert_str_empty(state_steady_trouble(state));
	write_all();
	kill_and_start();
	cr_assert_eq(send_as("a@harsh.example", 1).decision.reason, REASON_RESTRICTED);
	cr_assert_eq(counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
	cr_assert_str_eq(verdict_of("watched").pool_label, "spare");
	cr_assert_eq(pool_find(control_pools(control), "spare")->state, POOL_DISABLED);
}

Test(judging, a_file_that_could_not_be_read_at_the_start_is_taken_up_when_it_can)
{
	const struct state_steady_owner owner = {NULL, ignore_change, rewrite};
	const struct control_verdict drop = {.action = VERDICT_DROP};
	char command[512];

	send_as("a@harsh.example", 6);
	send_as("b@harsh.example", 6);
	send_as("bob@example.net", 1);
	send_as("eve@example.net", 1);
	cr_assert_eq(set("bob@example.net", &to_spare), 0);
	cr_assert_eq(set("eve@example.net", &to_spare), 0);
	cr_assert_eq(control_set_pool(control, "spare", POOL_DISABLED, &error), 0);
	close_all();
	datapath_free(&fake->datapath); /* as after a reboot */
	fake = fake_datapath_new();
	snprintf(command, sizeof(command), "mv '%s' '%s.kept' && echo rubbish > '%s'", file, file,
		 file);
	cr_assert_eq(system(command), 0);
	cr_assert_eq(state_steady_open(file, &owner, &state, &error), 0);
	open_all();
	send_as("Bob@example.net", 1);
	cr_assert_eq(set("Bob@example.net", &drop), 0);
	send_as("b@harsh.example", 1);
	cr_assert_eq(set("b@harsh.example", &drop), 0);
	snprintf(command, sizeof(command), "mv '%s.kept' '%s'", file, file);
	cr_assert_eq(system(command), 0);
	state_steady_tick(state, now.sec);
	cr_assert_str_empty(state_steady_trouble(state), "%s", state_steady_trouble(state));
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(send_as("a@harsh.example", 1).decision.reason, REASON_RESTRICTED);
		cr_expect_eq(send_as("bob@example.net", 1).decision.action, DECISION_DEFER);
		cr_expect_str_eq(send_as("eve@example.net", 1).pool, "spare");
		cr_expect_eq(send_as("b@harsh.example", 1).decision.reason, REASON_MANUAL);
		kill_and_start();
	}
	cr_assert_eq(judge_clear_verdict(judge, "b@harsh.example", &now, &error), 0);
	cr_expect_eq(send_as("b@harsh.example", 1).decision.reason, REASON_RESTRICTED);
	cr_expect_eq(pool_find(control_pools(control), "spare")->state, POOL_DISABLED);
}

/* ---- connections */

static void connect_as(const char *sender, uint64_t connections)
{
	const uint32_t id = id_of(sender);
	struct usage usage = {.connections = connections};

	fake->datapath.ops->put(&fake->datapath, MAP_USAGE, &id, &usage);
}

Test(judging, connections_over_the_limit_make_the_next_ones_high_risk)
{
	connect_as("watched", 2);
	judge_connections(judge, id_of("watched"), &now);
	cr_assert_eq(verdict_of("watched").reason, REASON_GOOD);
	connect_as("watched", 3);
	judge_connections(judge, id_of("watched"), &now);
	cr_assert_eq(verdict_of("watched").reason, REASON_OVER_LIMIT);
	cr_assert_eq(verdict_of("watched").pool, POOL_HIGH_RISK);
}

Test(judging, events_of_a_burst_count_each_connection_once)
{
	connect_as("watched", 2);
	for (int i = 0; i < 10; i++)
		judge_connections(judge, id_of("watched"), &now);
	cr_assert_eq(counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 2);
}

Test(judging, what_was_connected_before_the_start_is_history)
{
	connect_as("watched", 100);
	restart();
	connect_as("watched", 101);
	judge_connections(judge, id_of("watched"), &now);
	cr_assert_eq(counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 1);
}

Test(judging, lost_events_are_made_good_from_the_counts)
{
	connect_as("watched", 3);
	judge_tick(judge, &now);
	cr_assert_eq(counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 0);
	fake->stats.events_lost++;
	judge_tick(judge, &now);
	cr_assert_eq(counted("watched", CONFIG_CONNECTIONS_PER_MINUTE), 3);
}

Test(judging, who_has_no_limit_of_connections_takes_no_place)
{
	struct judge_stats stats;

	connect_as("tenant-17", 50);
	judge_connections(judge, id_of("tenant-17"), &now);
	judge_stats(judge, &stats);
	cr_assert_eq(stats.policy.senders, 0);
}

/* ---- bounces */

Test(judging, a_surge_of_bounces_is_told_with_its_likely_cause)
{
	for (int i = 0; i < SURGE_MIN; i++) {
		char recipient[32];

		snprintf(recipient, sizeof(recipient), "user%d@far.example", i);
		ask(&(struct judge_message){.facts = {.envelope_from = "", .bounce = true},
					    .bounce_to = "shop@near.example",
					    .unknown_recipient = recipient,
					    .origin = SURGE_SENT_HERE});
	}
	cr_assert_eq(count_news("bounce-surge"), 1);
	cr_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(news, json_array_size(news) - 1), "cause")),
			 "harvest");
}

Test(judging, a_bounce_of_what_was_decided_here_was_sent_here)
{
	for (int i = 0; i < SURGE_MIN; i++) {
		char id[32];

		snprintf(id, sizeof(id), "%d@near.example", i);
		ask(&(struct judge_message){.facts = {.message_id = id, .sender = "tenant-17"}});
		ask(&(struct judge_message){.facts = {.envelope_from = "", .bounce = true},
					    .bounce_to = "shop@near.example",
					    .original_id = id,
					    .origin = SURGE_NOT_SENT_HERE});
	}
	cr_assert_eq(json_integer_value(json_object_get(
			     json_array_get(news, json_array_size(news) - 1), "not_sent_here")),
		     0);
}

/* ---- another configuration */

Test(judging, another_configuration_keeps_counts_and_verdicts)
{
	struct judge_explanation explanation;
	char other[sizeof(configuration) + 128];

	send_from("tenant-17", 4);
	cr_assert_eq(set("watched", &to_spare), 0);
	send_as("bob@example.net", 1);
	cr_assert_eq(set("bob@example.net", &to_spare), 0);
	send_as("bob@example.net", 1);
	/* Another pool before "spare": the ids of the configuration move on. */
	snprintf(other, sizeof(other), "pool \"extra\" { addresses = { \"192.0.2.40\" } }\n%s",
		 configuration);
	follow(other);
	cr_assert_eq(counted("tenant-17", CONFIG_EXTERNAL_PER_HOUR), 4);
	cr_assert_str_eq(verdict_of("watched").pool_label, "spare");
	cr_assert_eq(judge_explain_sender(judge, "bob@example.net", &now, &explanation, &error), 0);
	cr_assert_str_eq(explanation.answer.pool, "spare");
	cr_assert_str_eq(send_as("bob@example.net", 1).pool, "spare");
	send_from("tenant-17", 6);
	cr_assert_str_eq(verdict_of("tenant-17").pool_label, "high-risk");
}
