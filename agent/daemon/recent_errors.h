/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last errors, for status: RECENT_MAX different ones, each with how often and when last. What
 * differs is what happened, to which sender, towards which pool; the oldest gives way to a new one.
 * Pure: `now_ns` is an argument.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define RECENT_MAX	     32
#define RECENT_LOG_EVERY_SEC 60

struct recent_error {
	const char *what; /* a counter's name, or "agent" */
	const char *text; /* in words */
	/* Empty where they do not apply. */
	const char *sender;
	const char *pool;
	const char *source;	 /* of the last one */
	const char *destination; /* of the last one */
};

struct recent;

struct recent *recent_new(void); /* NULL: out of memory */
void recent_free(struct recent *recent);

/* All texts are copied, cut to fit. True: worth a line in the log (new, or not logged for a while). */
bool recent_add(struct recent *recent, const struct recent_error *error, uint64_t now_ns);

/* [{"what","text","sender","pool","source","destination","count","age_sec"}], the latest first. */
json_t *recent_json(const struct recent *recent, uint64_t now_ns);
