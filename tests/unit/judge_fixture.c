/* SPDX-License-Identifier: BSD-2-Clause */
/* A judge over maps in memory: start, kill, restart, reload. */
#include "unit/judge_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steering/steering.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "wire/event.h"
#include "unit/config_file.h"
#include "state_null.h"

struct judge_fixture judge_fixture;
static char directory[] = "/tmp/postern-judge_fixture-XXXXXX";

const char judge_fixture_configuration[] =
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

static void on_event(void *data, const struct wire_event *event)
{
	(void)data;
	json_array_append_new(judge_fixture.news, event_json(event));
}

static void on_trouble(void *data, const struct error *trouble)
{
	(void)data, (void)trouble;
	judge_fixture.troubles++;
}

void judge_fixture_begin(void)
{
	const struct judge_hooks hooks = {NULL, JUDGE_FIXTURE_BOOT, on_event, on_trouble};
	const struct now *now = &judge_fixture.now;

	cr_assert_eq(steering_new(judge_fixture.config, &judge_fixture.fake->datapath,
				  judge_fixture.state, &judge_fixture.steering,
				  &judge_fixture.error),
		     0, "%s", judge_fixture.error.text);
	cr_assert_eq(judge_open(judge_fixture.config, judge_fixture.steering, judge_fixture.state,
				&hooks, now, &judge_fixture.judge, &judge_fixture.error),
		     0, "%s", judge_fixture.error.text);
	cr_assert_eq(steering_sync(judge_fixture.steering, now, &judge_fixture.error), 0, "%s",
		     judge_fixture.error.text);
}

static void open_state(void)
{
	int r = judge_fixture.file[0] ? sqlite_open(judge_fixture.file, &judge_fixture.state,
						    &judge_fixture.error)
				      : state_null_open(&judge_fixture.state);

	cr_assert_eq(r, 0, "%s", judge_fixture.error.text);
}

void judge_fixture_open(const char *configuration)
{
	config_file_setup();
	judge_fixture.now = (struct now){.ns = NOW_NS, .sec = NOON};
	judge_fixture.config = config_file_load(configuration);
	judge_fixture.fake = fake_datapath_new();
	judge_fixture.news = json_array();
	open_state();
	judge_fixture_begin();
}

void judge_fixture_open_kept(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(judge_fixture.file, sizeof(judge_fixture.file), "%s/state.db", directory);
	judge_fixture_open(judge_fixture_configuration);
}

void judge_fixture_end(void)
{
	judge_close(judge_fixture.judge);
	steering_free(judge_fixture.steering);
	state_free(judge_fixture.state);
}

void judge_fixture_close(void)
{
	char command[64];

	judge_fixture_end();
	json_decref(judge_fixture.news);
	datapath_free(&judge_fixture.fake->datapath);
	config_free(judge_fixture.config);
	config_file_teardown();
	if (!judge_fixture.file[0])
		return;
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_assert_eq(system(command), 0);
}

/* Killed objects stay reachable, so that none is a leak. */
void judge_fixture_kill_and_restart(void)
{
	static const void *killed[16];
	static size_t n_killed;

	cr_assert_null(killed[n_killed], "more room is needed");
	killed[n_killed++] = judge_fixture.judge;
	killed[n_killed++] = judge_fixture.steering;
	killed[n_killed++] = judge_fixture.state;
	open_state();
	judge_fixture_begin();
}

void judge_fixture_restart(void)
{
	judge_fixture_end();
	open_state();
	judge_fixture_begin();
}

struct message_decision judge_fixture_ask(const struct message_facts *message)
{
	struct message_decision answer;

	cr_assert_eq(judge_message(judge_fixture.judge, message, &judge_fixture.now, &answer,
				   &judge_fixture.error),
		     0, "%s", judge_fixture.error.text);
	return answer;
}

struct message_decision judge_fixture_send_from(const char *sender, uint32_t recipients)
{
	return judge_fixture_ask(&(struct message_facts){
		.facts = {.sender = sender, .recipients_external = recipients}});
}

struct message_decision judge_fixture_send_as(const char *user, uint32_t recipients)
{
	return judge_fixture_ask(&(struct message_facts){
		.facts = {.user = user, .recipients_external = recipients}});
}

uint32_t judge_fixture_id_of(const char *name)
{
	return steering_sender_find(judge_fixture.steering, name)->id;
}

struct verdict judge_fixture_verdict_of(const char *name)
{
	const uint32_t id = judge_fixture_id_of(name);
	struct verdict verdict;

	cr_assert_eq(judge_fixture.fake->datapath.ops->get(&judge_fixture.fake->datapath,
							   MAP_VERDICT, &id, &verdict),
		     0);
	return verdict;
}

size_t judge_fixture_news(const char *what)
{
	size_t count = 0, i;
	json_t *event;

	json_array_foreach (judge_fixture.news, i, event) {
		const char *name = json_string_value(json_object_get(event, "event"));

		count += strcmp(name, what) == 0;
	}
	return count;
}

uint32_t judge_fixture_counted(const char *name, enum config_limit limit)
{
	struct policy_view view;

	return policy_view(judge_policy(judge_fixture.judge), name, judge_fixture.now.sec, &view) ==
			       0
		       ? view.counts[limit]
		       : 0;
}

void judge_fixture_write_all(void)
{
	while (judge_write(judge_fixture.judge))
		;
}

int judge_fixture_set(const char *sender, const struct manual_order *verdict)
{
	return judge_set_verdict(judge_fixture.judge, sender, verdict, &judge_fixture.now,
				 &judge_fixture.error);
}

const struct manual_order judge_fixture_to_spare = {.action = VERDICT_STEER, .pool = "spare"};

void judge_fixture_follow(const char *text)
{
	struct steering *old_control = judge_fixture.steering;
	struct config *old_config = judge_fixture.config;
	struct judge_next *next;

	judge_fixture.config = config_file_load(text);
	cr_assert_eq(steering_new(judge_fixture.config, &judge_fixture.fake->datapath,
				  judge_fixture.state, &judge_fixture.steering,
				  &judge_fixture.error),
		     0);
	cr_assert_eq(judge_prepare(judge_fixture.config, judge_fixture.steering, &next,
				   &judge_fixture.error),
		     0);
	judge_commit(judge_fixture.judge, next, &judge_fixture.now);
	cr_assert_eq(
		steering_sync(judge_fixture.steering, &judge_fixture.now, &judge_fixture.error), 0);
	steering_free(old_control);
	config_free(old_config);
}
