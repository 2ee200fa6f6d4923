/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last RECENT_ERRORS_MAX different errors, each with its count and its last time, for the
 * status. Two errors are the same if counter, text, sender and pool are. A new one evicts the
 * oldest.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define RECENT_ERRORS_MAX	    32
#define RECENT_ERRORS_LOG_EVERY_SEC 60

struct recent_error {
	const char *what; /* the name of a counter, or "agent" */
	const char *text;
	/* "" where it does not apply: */
	const char *sender;
	const char *pool;
	const char *source;	 /* of the last occurrence */
	const char *destination; /* likewise */
};

struct recent_errors;

struct recent_errors *recent_errors_new(void); /* NULL: out of memory */
void recent_errors_free(struct recent_errors *recent);

/*
 * Copies all texts and cuts them to fit. True: log it, as it is new or was last logged more than
 * RECENT_ERRORS_LOG_EVERY_SEC ago.
 */
bool recent_errors_add(struct recent_errors *recent, const struct recent_error *error,
		       uint64_t now_ns);

/* [{"what","text","sender","pool","source","destination","count","age_sec"}], the latest first. */
json_t *recent_errors_json(const struct recent_errors *recent, uint64_t now_ns);
