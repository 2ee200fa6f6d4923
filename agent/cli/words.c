/* SPDX-License-Identifier: BSD-2-Clause */
/* Durations, times and members of documents for the tables. */
#include "cli/words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/disarm.h"

const char *words_duration(int64_t sec, char buffer[WORDS_SIZE])
{
	static const struct {
		int64_t sec;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	if (sec < 0)
		sec = 0;
	while (units[i].sec > 1 && sec < 2 * units[i].sec)
		i++;
	snprintf(buffer, WORDS_SIZE, "%lld%c", (long long)(sec / units[i].sec), units[i].unit);
	return buffer;
}

const char *words_until(const char *until, int64_t now_sec, char buffer[WORDS_SIZE])
{
	char duration[WORDS_SIZE];
	struct tm tm = {0};
	int64_t left;

	buffer[0] = '\0';
	if (!until)
		return buffer;
	if (!strptime(until, "%Y-%m-%dT%H:%M:%SZ", &tm)) {
		snprintf(buffer, WORDS_SIZE, "%s", until);
		return buffer;
	}
	left = timegm(&tm) - now_sec;
	if (left <= 0)
		snprintf(buffer, WORDS_SIZE, "now");
	else
		snprintf(buffer, WORDS_SIZE, "in %.32s", words_duration(left, duration));
	return buffer;
}

/* Without memory nothing is printed: the terminal must not see the text. */
static void disarm_string(json_t *string)
{
	_cleanup_(free_p) char *copy = strdup(json_string_value(string));

	if (!copy || (disarm_text(copy) && json_string_set(string, copy) < 0))
		abort();
}

/* Moves the member to the harmless form of its name. */
static void disarm_name(json_t *object, const char *name, json_t *value)
{
	_cleanup_(free_p) char *copy = strdup(name);

	if (!copy)
		abort();
	if (!disarm_text(copy))
		return;
	if (json_object_set(object, copy, value) < 0)
		abort();
	json_object_del(object, name);
}

void words_disarm(json_t *document)
{
	const char *name;
	json_t *value;
	void *next;
	size_t i;

	json_object_foreach_safe(document, next, name, value)
	{
		words_disarm(value);
		disarm_name(document, name, value);
	}
	json_array_foreach (document, i, value) {
		words_disarm(value);
	}
	if (json_is_string(document))
		disarm_string(document);
}

const char *words_string(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

long long words_integer(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}
