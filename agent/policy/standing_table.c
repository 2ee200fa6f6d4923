/* SPDX-License-Identifier: BSD-2-Clause */
/* An array of places with a list of free ones, and a binary heap of their numbers by due_sec. */
#include "policy/standing_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/day.h"

struct standing_table {
	struct standing *places; /* places[0] is not used */
	uint32_t *heap;
	uint32_t max;
	uint32_t count; /* in the heap */
	uint32_t used;	/* places that were ever used */
	uint32_t first_free;
};

int standing_table_new(uint32_t max, struct standing_table **ret_standings)
{
	struct standing_table *standings = calloc(1, sizeof(*standings));

	if (!standings || max == 0) {
		free(standings);
		return max ? -ENOMEM : -EINVAL;
	}
	standings->max = max;
	standings->places = calloc((size_t)max + 1, sizeof(*standings->places));
	standings->heap = calloc(max, sizeof(*standings->heap));
	if (!standings->places || !standings->heap) {
		standing_table_free(standings);
		return -ENOMEM;
	}
	*ret_standings = standings;
	return 0;
}

void standing_table_free(struct standing_table *standings)
{
	if (!standings)
		return;
	free(standings->places);
	free(standings->heap);
	free(standings);
}

/* ---- the heap */

static int64_t due_at(const struct standing_table *standings, uint32_t index)
{
	return standings->places[standings->heap[index]].due_sec;
}

static void put(struct standing_table *standings, uint32_t index, uint32_t number)
{
	standings->heap[index] = number;
	standings->places[number].heap_index = index;
}

static void swap(struct standing_table *standings, uint32_t a, uint32_t b)
{
	uint32_t number = standings->heap[a];

	put(standings, a, standings->heap[b]);
	put(standings, b, number);
}

static void sift(struct standing_table *standings, uint32_t index)
{
	while (index && due_at(standings, index) < due_at(standings, (index - 1) / 2)) {
		swap(standings, index, (index - 1) / 2);
		index = (index - 1) / 2;
	}
	for (;;) {
		uint32_t least = index;

		for (uint32_t child = 2 * index + 1; child <= 2 * index + 2; child++)
			if (child < standings->count &&
			    due_at(standings, child) < due_at(standings, least))
				least = child;
		if (least == index)
			return;
		swap(standings, index, least);
		index = least;
	}
}

/* ---- places */

uint32_t standing_table_add(struct standing_table *standings, const char *name,
			    const struct siphash *key)
{
	uint32_t number = standings->first_free;
	struct standing *standing;

	if (number)
		standings->first_free = standings->places[number].next_free;
	else if (standings->used < standings->max)
		number = ++standings->used;
	else
		return 0;
	standing = &standings->places[number];
	*standing = (struct standing){
		.record.version = STANDING_VERSION,
		.key = *key,
		.reported = {VERDICT_STEER, POOL_NORMAL, REASON_GOOD, 0},
		.due_sec = STANDING_FOREVER,
	};
	snprintf(standing->record.name, sizeof(standing->record.name), "%s", name);
	put(standings, standings->count++, number);
	return number;
}

void standing_table_remove(struct standing_table *standings, uint32_t number)
{
	struct standing *standing = &standings->places[number];
	uint32_t index = standing->heap_index, last = --standings->count;

	if (index != last) {
		put(standings, index, standings->heap[last]);
		sift(standings, index);
	}
	standing->record.version = 0;
	standing->next_free = standings->first_free;
	standings->first_free = number;
}

struct standing *standing_table_get(const struct standing_table *standings, uint32_t number)
{
	return number ? &standings->places[number] : NULL;
}

uint32_t standing_table_count(const struct standing_table *standings)
{
	return standings->count;
}

uint32_t standing_table_next(const struct standing_table *standings, uint32_t number)
{
	while (++number <= standings->used)
		if (standings->places[number].record.version)
			return number;
	return 0;
}

/* ---- ends */

static int64_t earlier(int64_t due_sec, int64_t end_sec)
{
	return end_sec && end_sec < due_sec ? end_sec : due_sec;
}

void standing_table_update(struct standing_table *standings, struct standing *standing)
{
	const struct standing_record *record = &standing->record;
	int64_t due_sec = STANDING_FOREVER;

	due_sec = earlier(due_sec, record->restricted_until_sec);
	due_sec = earlier(due_sec, record->spam_until_sec);
	due_sec = earlier(due_sec, record->full_until_sec);
	if (record->released_day)
		due_sec = earlier(due_sec, ((int64_t)record->released_day + 1) * DAY_SEC);
	if (standing->manual)
		due_sec = earlier(due_sec, standing->manual_until_sec);
	standing->due_sec = due_sec;
	sift(standings, standing->heap_index);
}

struct standing *standing_table_due(const struct standing_table *standings, int64_t now_sec)
{
	if (!standings->count || due_at(standings, 0) > now_sec)
		return NULL;
	return standing_table_get(standings, standings->heap[0]);
}
