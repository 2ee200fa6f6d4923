/* SPDX-License-Identifier: BSD-2-Clause */
/* A table sorted by the last occurrence; small enough for a linear search. */
#include "daemon/recent_errors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "postern/abi.h"
#include "wire/status.h"

struct entry {
	char what[32];
	char text[512];
	char sender[POSTERN_SENDER_LABEL];
	char pool[POSTERN_POOL_LABEL];
	char source[ENDPOINT_TEXT_SIZE];
	char destination[ENDPOINT_TEXT_SIZE];
	uint64_t count;
	uint64_t last_ns;
	uint64_t logged_ns;
};

struct recent_errors {
	struct entry entries[RECENT_ERRORS_MAX]; /* the latest first */
	size_t count;
};

struct recent_errors *recent_errors_new(void)
{
	return calloc(1, sizeof(struct recent_errors));
}

void recent_errors_free(struct recent_errors *recent)
{
	free(recent);
}

static void copy_texts(struct entry *entry, const struct recent_error *error)
{
	snprintf(entry->what, sizeof(entry->what), "%s", error->what);
	snprintf(entry->text, sizeof(entry->text), "%s", error->text);
	snprintf(entry->sender, sizeof(entry->sender), "%s", error->sender);
	snprintf(entry->pool, sizeof(entry->pool), "%s", error->pool);
	snprintf(entry->source, sizeof(entry->source), "%s", error->source);
	snprintf(entry->destination, sizeof(entry->destination), "%s", error->destination);
}

static bool is_same(const struct entry *a, const struct entry *b)
{
	return strcmp(a->what, b->what) == 0 && strcmp(a->text, b->text) == 0 &&
	       strcmp(a->sender, b->sender) == 0 && strcmp(a->pool, b->pool) == 0;
}

bool recent_errors_add(struct recent_errors *recent, const struct recent_error *error,
		       uint64_t now_ns)
{
	struct entry entry = {.count = 1, .last_ns = now_ns, .logged_ns = now_ns};
	bool log = true;
	size_t i = 0;

	copy_texts(&entry, error);
	while (i < recent->count && !is_same(&recent->entries[i], &entry))
		i++;
	if (i < recent->count) {
		const struct entry *old = &recent->entries[i];

		entry.count += old->count;
		log = now_ns - old->logged_ns >= RECENT_ERRORS_LOG_EVERY_SEC * NS_PER_SEC;
		if (!log)
			entry.logged_ns = old->logged_ns;
	} else if (recent->count < RECENT_ERRORS_MAX) {
		recent->count++;
	} else {
		i = RECENT_ERRORS_MAX - 1;
	}
	memmove(&recent->entries[1], &recent->entries[0], i * sizeof(entry));
	recent->entries[0] = entry;
	return log;
}

json_t *recent_errors_json(const struct recent_errors *recent, uint64_t now_ns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < recent->count; i++) {
		const struct entry *entry = &recent->entries[i];
		uint64_t age_ns = now_ns > entry->last_ns ? now_ns - entry->last_ns : 0;

		json_array_append_new(list, wire_recent_json(&(struct wire_recent){
						    .what = entry->what,
						    .text = entry->text,
						    .sender = entry->sender,
						    .pool = entry->pool,
						    .source = entry->source,
						    .destination = entry->destination,
						    .count = (json_int_t)entry->count,
						    .age_sec = (json_int_t)(age_ns / NS_PER_SEC)}));
	}
	return list;
}
