/* SPDX-License-Identifier: BSD-2-Clause */
/* Recent errors: which are the same, which is evicted, which one is logged. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "daemon/recent_errors.h"

static struct recent_errors *recent;

static void start(void)
{
	recent = recent_errors_new();
}

static void stop(void)
{
	recent_errors_free(recent);
}

TestSuite(daemon_recent_errors, .init = start, .fini = stop);

static bool add(const char *text, const char *sender, uint64_t sec)
{
	const struct recent_error error = {"agent", text, sender, "normal", "a:1", "b:25"};

	return recent_errors_add(recent, &error, sec * NS_PER_SEC);
}

/* "text sender count age; …" */
static const char *all_at(uint64_t sec)
{
	static char line[4096];
	json_t *list = recent_errors_json(recent, sec * NS_PER_SEC);
	size_t used = 0, i;
	json_t *entry;

	line[0] = '\0';
	json_array_foreach (list, i, entry)
		used += snprintf(line + used, sizeof(line) - used, "%s %s %lld %lld; ",
				 json_string_value(json_object_get(entry, "text")),
				 json_string_value(json_object_get(entry, "sender")),
				 json_integer_value(json_object_get(entry, "count")),
				 json_integer_value(json_object_get(entry, "age_sec")));
	json_decref(list);
	return line;
}

Test(daemon_recent_errors, the_same_error_is_counted_and_the_latest_comes_first)
{
	add("full", "a", 1);
	add("full", "b", 2);
	add("full", "a", 3);
	cr_assert_str_eq(all_at(10), "full a 2 7; full b 1 8; ");
}

Test(daemon_recent_errors, a_repeated_error_is_logged_once_a_minute)
{
	cr_assert(add("full", "a", 100));
	cr_assert_not(add("full", "a", 101));
	cr_assert_not(add("full", "a", 159));
	cr_assert(add("full", "a", 160));
	cr_assert_not(add("full", "a", 161));
	cr_assert(add("empty", "a", 161));
}

Test(daemon_recent_errors, the_oldest_is_evicted_when_there_are_too_many)
{
	char name[32];
	json_t *list;

	for (int i = 0; i <= RECENT_ERRORS_MAX; i++) {
		snprintf(name, sizeof(name), "sender-%d", i);
		add("full", name, 1);
	}
	list = recent_errors_json(recent, NS_PER_SEC);
	cr_assert_eq(json_array_size(list), RECENT_ERRORS_MAX);
	json_decref(list);
	cr_assert_null(strstr(all_at(1), "sender-0 "));
	cr_assert_not_null(strstr(all_at(1), "sender-1 "));
}

Test(daemon_recent_errors, a_clock_that_steps_back_gives_age_zero)
{
	add("full", "a", 100);
	cr_assert_str_eq(all_at(50), "full a 1 0; ");
}
