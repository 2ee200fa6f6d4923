/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last errors, for status: RECENT_ERRORS_MAX different ones, each with how often and when last.
 * What differs is what happened, to which sender, towards which pool; the oldest gives way to a new
 * one. Pure: `now_ns` is an argument.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define RECENT_ERRORS_MAX	    32
#define RECENT_ERRORS_LOG_EVERY_SEC 60

struct recent_error {
	const char *what; /* a counter's name, or "agent" */
	const char *text; /* in words */
	/* Empty where they do not apply. */
	const char *sender;
	const char *pool;
	const char *source;	 /* of the last one */
	const char *destination; /* of the last one */
};

struct recent_errors;

struct recent_errors *recent_errors_new(void); /* NULL: out of memory */
void recent_errors_free(struct recent_errors *recent);

/*
 * All texts are copied, cut to fit. True: worth a line in the log (new, or not logged for a while).
 */
bool recent_errors_add(struct recent_errors *recent, const struct recent_error *error,
		       uint64_t now_ns);

/* [{"what","text","sender","pool","source","destination","count","age_sec"}], the latest first. */
json_t *recent_errors_json(const struct recent_errors *recent, uint64_t now_ns);
