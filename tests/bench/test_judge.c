/* SPDX-License-Identifier: BSD-2-Clause */
/* The time from a fact to its verdict in the map, and until a million senders are restored. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "common/patience.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "datapath/datapath.h"
#include "netns/http.h"
#include "netns/postern.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "unit/config_file.h"
#include "unit/fake_datapath.h"

#define SENDERS 1000

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static char *configuration(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs("policy \"few\" { senders = { \"bench-*\" } recipients_external_per_hour = 10 }\n",
	      out);
	for (int i = 0; i < SENDERS; i++)
		fprintf(out, "sender \"bench-%d\" { mark = { %d } }\n", i, 1000 + i);
	fclose(out);
	return text;
}

/* label -> id, from the maps */
struct search {
	uint32_t ids[SENDERS];
};

static int note_id(void *data, const void *key, const void *value)
{
	const struct verdict *verdict = value;
	struct search *search = data;
	int number;

	if (sscanf(verdict->label, "bench-%d", &number) == 1)
		search->ids[number] = *(const uint32_t *)key;
	return 0;
}

TestSuite(bench_judge_verdict, .init = world_init, .fini = world_done, .timeout = 120);

/* From before the request until after its answer: the verdict is written in between. */
Test(bench_judge_verdict, is_in_the_map_within_a_millisecond_of_the_fact)
{
	_cleanup_(free_p) char *more = configuration();
	static double times[SENDERS];
	static struct search search;
	struct datapath *datapath = NULL;
	_cleanup_(close_fd_p) int api = -1;
	struct error error;

	postern_begin(&(struct setup){.more = more});
	cr_assert_eq(datapath_open(world.pin_path, &datapath, &error), 0, "%s", error.text);
	datapath->ops->walk(datapath, MAP_VERDICT, note_id, &search);
	api = http_connect();
	for (int i = 0; i < SENDERS; i++) {
		struct verdict verdict;
		double start = now_us();

		json_decref(http_message(
			api, "{\"sender\":\"bench-%d\",\"recipients_external\":10}", i));
		times[i] = now_us() - start;
		cr_assert_eq(datapath->ops->get(datapath, MAP_VERDICT, &search.ids[i], &verdict),
			     0);
		cr_assert_eq(verdict.reason, REASON_OVER_LIMIT, "sender %d", i);
	}
	datapath_free(datapath);
	qsort(times, SENDERS, sizeof(times[0]), compare);
	fprintf(stderr,
		"verdict in the map after POST /v1/messages: median %.0f us, 99%% %.0f us, longest "
		"%.0f us (asked for: median 1000 us)\n",
		times[SENDERS / 2], times[SENDERS * 99 / 100], times[SENDERS - 1]);
	cr_assert_lt(times[SENDERS / 2], 1000.0 * test_patience());
}

/* ---- a million */

#define MILLION 1000000
#define NOON	1699963200

TestSuite(bench_judge_million, .init = config_file_setup, .fini = config_file_teardown,
	  .timeout = 600);

static long resident_kb(void)
{
	_cleanup_(fclose_p) FILE *stream = fopen("/proc/self/statm", "r");
	long total = 0, resident = 0;

	cr_assert_eq(fscanf(stream, "%ld %ld", &total, &resident), 2);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct judge *open_judge(const struct config *config, struct steering *steering,
				struct state *state, const struct now *now)
{
	const struct judge_hooks hooks = {.data = NULL};
	struct judge *judge = NULL;
	struct error error;

	cr_assert_eq(judge_open(config, steering, state, &hooks, now, &judge, &error), 0, "%s",
		     error.text);
	return judge;
}

static void send_from_all(struct judge *judge, const struct now *now)
{
	struct message_facts message = {.facts = {.recipients_external = 1}};
	struct message_decision answer;
	struct error error;
	char user[32];

	message.facts.user = user;
	for (int i = 0; i < MILLION; i++) {
		snprintf(user, sizeof(user), "user-%d@example.net", i);
		judge_message(judge, &message, now, &answer, &error);
	}
}

Test(bench_judge_million, senders_are_written_and_restored)
{
	static const struct now now = {.ns = 1, .sec = NOON};
	struct config *config = config_file_load(TWO_POOLS "senders_tracked_max = 1000000\n"
							   "decisions_max = 1024\n");
	struct fake_datapath *fake = fake_datapath_new();
	struct steering *steering = NULL;
	struct state *state = NULL;
	struct judge_stats stats;
	struct judge *judge;
	struct error error;
	char file[80];
	long before;
	double start, decided, written, longest = 0;

	snprintf(file, sizeof(file), "%s.db", config_file);
	cr_assert_eq(sqlite_open(file, &state, &error), 0, "%s", error.text);
	cr_assert_eq(steering_new(config, &fake->datapath, state, &steering, &error), 0);
	before = resident_kb();
	judge = open_judge(config, steering, state, &now);
	start = now_us();
	send_from_all(judge, &now);
	decided = now_us() - start;
	fprintf(stderr, "a million senders: %.0f bytes each, decided in %.1f us each\n",
		(double)(resident_kb() - before) * 1024 / MILLION, decided / MILLION);
	start = now_us();
	for (bool more = true; more;) {
		double slice = now_us();

		more = judge_write(judge);
		slice = now_us() - slice;
		if (slice > longest)
			longest = slice;
	}
	written = now_us() - start;
	fprintf(stderr, "written in %.1f s, longest slice %.0f ms\n", written / 1e6, longest / 1e3);
	judge_close(judge);
	state_free(state);
	start = now_us();
	cr_assert_eq(sqlite_open(file, &state, &error), 0, "%s", error.text);
	judge = open_judge(config, steering, state, &now);
	fprintf(stderr, "restored in %.1f s (asked for: 10 s)\n", (now_us() - start) / 1e6);
	cr_assert_lt(now_us() - start, 10e6 * test_patience());
	judge_stats(judge, &stats);
	cr_assert_eq(stats.policy.senders, MILLION);
	judge_close(judge);
	steering_free(steering);
	state_free(state);
	datapath_free(&fake->datapath);
	config_free(config);
	unlink(file);
}
