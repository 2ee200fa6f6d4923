// SPDX-License-Identifier: BSD-2-Clause
/* A judge over maps in memory, its beginnings and its ends. */
#include "unit/judge_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steering/steering.h"
#include "state/state.h"
#include "unit/config_file.h"
#include "state_null.h"

struct court court;
static char directory[] = "/tmp/postern-court-XXXXXX";

const char court_configuration[] =
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

static void on_news(void *data, json_t *event)
{
	(void)data;
	json_array_append_new(court.news, event);
}

static void on_trouble(void *data, const struct error *trouble)
{
	(void)data, (void)trouble;
	court.troubles++;
}

void court_begin(void)
{
	const struct judge_hooks hooks = {NULL, on_news, on_trouble};
	const struct judge_time *now = &court.now;

	cr_assert_eq(steering_new(court.config, &court.fake->datapath, court.state, now->ns,
				  now->sec, &court.steering, &court.error),
		     0, "%s", court.error.text);
	cr_assert_eq(steering_sync(court.steering, now->ns, now->sec, &court.error), 0, "%s",
		     court.error.text);
	cr_assert_eq(judge_open(court.config, court.steering, court.state, &hooks, now,
				&court.judge, &court.error),
		     0, "%s", court.error.text);
}

static void open_state(void)
{
	int r = court.file[0] ? state_sqlite_open(court.file, &court.state, &court.error)
			      : state_null_open(&court.state);

	cr_assert_eq(r, 0, "%s", court.error.text);
}

void court_open(const char *configuration)
{
	config_file_setup();
	court.now = (struct judge_time){NOW_NS, NOON};
	court.config = config_file_load(configuration);
	court.fake = fake_datapath_new();
	court.news = json_array();
	open_state();
	court_begin();
}

void court_open_kept(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(court.file, sizeof(court.file), "%s/state.db", directory);
	court_open(court_configuration);
}

void court_end(void)
{
	judge_close(court.judge);
	steering_free(court.steering);
	state_free(court.state);
}

void court_close(void)
{
	char command[64];

	court_end();
	json_decref(court.news);
	datapath_free(&court.fake->datapath);
	config_free(court.config);
	config_file_teardown();
	if (!court.file[0])
		return;
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	cr_assert_eq(system(command), 0);
}

/* What is left behind is remembered, for none of it to be a leak. */
void court_kill_and_restart(void)
{
	static const void *killed[16];
	static size_t n_killed;

	cr_assert_null(killed[n_killed], "more room is needed");
	killed[n_killed++] = court.judge;
	killed[n_killed++] = court.steering;
	killed[n_killed++] = court.state;
	open_state();
	court_begin();
}

void court_restart(void)
{
	court_end();
	open_state();
	court_begin();
}

struct judge_answer court_ask(const struct judge_message *message)
{
	struct judge_answer answer;

	cr_assert_eq(judge_message(court.judge, message, &court.now, &answer, &court.error), 0,
		     "%s", court.error.text);
	return answer;
}

struct judge_answer court_send_from(const char *sender, uint32_t recipients)
{
	return court_ask(&(struct judge_message){
		.facts = {.sender = sender, .recipients_external = recipients}});
}

struct judge_answer court_send_as(const char *user, uint32_t recipients)
{
	return court_ask(&(struct judge_message){
		.facts = {.user = user, .recipients_external = recipients}});
}

uint32_t court_id_of(const char *name)
{
	return steering_sender_find(court.steering, name)->id;
}

struct verdict court_verdict_of(const char *name)
{
	const uint32_t id = court_id_of(name);
	struct verdict verdict;

	cr_assert_eq(
		court.fake->datapath.ops->get(&court.fake->datapath, MAP_VERDICT, &id, &verdict),
		0);
	return verdict;
}

size_t court_news(const char *what)
{
	size_t count = 0, i;
	json_t *event;

	json_array_foreach (court.news, i, event) {
		const char *name = json_string_value(json_object_get(event, "event"));

		count += strcmp(name, what) == 0;
	}
	return count;
}

uint32_t court_counted(const char *name, enum config_limit limit)
{
	struct policy_view view;

	return policy_view(judge_policy(court.judge), name, court.now.sec, &view) == 0
		       ? view.counts[limit]
		       : 0;
}

void court_write_all(void)
{
	while (judge_write(court.judge))
		;
}

int court_set(const char *sender, const struct manual_order *verdict)
{
	return judge_set_verdict(court.judge, sender, verdict, &court.now, &court.error);
}
