/* SPDX-License-Identifier: BSD-2-Clause */
/* Times, texts, numbers. */
#include "wire/values.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"

const char *value_time_text(int64_t sec, char buffer[VALUE_TIME_SIZE])
{
	struct tm tm;
	time_t time = (time_t)sec;

	if (sec == 0 || !gmtime_r(&time, &tm))
		return NULL;
	strftime(buffer, VALUE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buffer;
}

json_t *value_time(int64_t sec)
{
	char text[VALUE_TIME_SIZE];

	return value_text(value_time_text(sec, text));
}

json_t *value_text(const char *text)
{
	json_t *string = text ? json_string(text) : json_null();
	_cleanup_(free_p) char *copy = NULL;

	if (string || !(copy = strdup(text)))
		return string;
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	return json_string(copy);
}

json_t *value_number(uint64_t number)
{
	return json_integer((json_int_t)number);
}

int value_give(json_t *document, json_t **ret, struct error *error)
{
	if (!document)
		return error_set(error, -ENOMEM, "out of memory");
	*ret = document;
	return 0;
}
