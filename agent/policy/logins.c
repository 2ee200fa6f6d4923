/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of sets: each has LOGINS_WAYS places. */
#include "policy/logins.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct place {
	struct logins_record record; /* seen_sec 0: the place is free */
	int64_t exported_sec;
	uint32_t next_changed; /* on the list of places to export: its number, from 1 */
	bool changed;
};

struct logins {
	struct place places[LOGINS_PLACES];
	uint32_t changed; /* the first of the list; 0: none */
	uint32_t count;	  /* places that are used */
	uint64_t evicted;
};

int logins_new(struct logins **ret_logins)
{
	struct logins *logins = calloc(1, sizeof(*logins));

	if (!logins)
		return -ENOMEM;
	*ret_logins = logins;
	return 0;
}

void logins_free(struct logins *logins)
{
	free(logins);
}

static bool is_same(const struct siphash *a, const struct siphash *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

static bool is_none(const struct siphash *login)
{
	return login->words[0] == 0 && login->words[1] == 0;
}

static size_t first_of_set(const struct siphash *envelope)
{
	return envelope->words[0] % (LOGINS_PLACES / LOGINS_WAYS) * LOGINS_WAYS;
}

static bool is_current(const struct logins_record *record, int64_t now_sec)
{
	return record->seen_sec != 0 && now_sec - record->seen_sec < LOGINS_SEC;
}

/* NULL: it has none. */
static struct place *find_place(struct place *set, const struct siphash *envelope)
{
	for (unsigned i = 0; i < LOGINS_WAYS; i++)
		if (set[i].record.seen_sec != 0 && is_same(&set[i].record.envelope, envelope))
			return &set[i];
	return NULL;
}

/* Its place, or the one to use for it. */
static struct place *take_place(struct logins *logins, const struct siphash *envelope,
				int64_t now_sec)
{
	struct place *set = &logins->places[first_of_set(envelope)];
	struct place *oldest = find_place(set, envelope);

	if (oldest)
		return oldest;
	oldest = set;
	for (unsigned i = 1; i < LOGINS_WAYS; i++)
		if (set[i].record.seen_sec < oldest->record.seen_sec)
			oldest = &set[i];
	logins->evicted += is_current(&oldest->record, now_sec);
	logins->count += oldest->record.seen_sec == 0;
	oldest->record = (struct logins_record){.envelope = *envelope, .version = LOGINS_VERSION};
	oldest->exported_sec = 0;
	return oldest;
}

static void mark_changed(struct logins *logins, struct place *place)
{
	if (place->changed)
		return;
	place->changed = true;
	place->next_changed = logins->changed;
	logins->changed = (uint32_t)(place - logins->places) + 1;
}

/* The order of the logins alone would be a change with each message of two that take turns. */
static bool is_worth_export(const struct place *place, bool is_new, int64_t now_sec)
{
	return is_new || now_sec - place->exported_sec >= LOGINS_EXPORT_SEC ||
	       now_sec < place->exported_sec;
}

void logins_note(struct logins *logins, struct siphash envelope, struct siphash login,
		 int64_t now_sec)
{
	struct place *place = take_place(logins, &envelope, now_sec);
	struct logins_record *record = &place->record;
	unsigned i = 0;
	bool is_new;

	record->seen_sec = now_sec;
	while (i < LOGINS_EACH - 1 && !is_same(&record->logins[i], &login))
		i++;
	is_new = !is_same(&record->logins[i], &login);
	for (; i > 0; i--)
		record->logins[i] = record->logins[i - 1];
	record->logins[0] = login;
	if (is_worth_export(place, is_new, now_sec))
		mark_changed(logins, place);
}

unsigned logins_of(const struct logins *logins, struct siphash envelope, int64_t now_sec,
		   struct siphash ret_logins[LOGINS_EACH])
{
	/* find_place() changes nothing. */
	struct place *set = (struct place *)&logins->places[first_of_set(&envelope)];
	const struct place *place = find_place(set, &envelope);
	unsigned count = 0;

	if (!place || !is_current(&place->record, now_sec))
		return 0;
	while (count < LOGINS_EACH && !is_none(&place->record.logins[count])) {
		ret_logins[count] = place->record.logins[count];
		count++;
	}
	return count;
}

uint64_t logins_evicted(const struct logins *logins)
{
	return logins->evicted;
}

uint32_t logins_count(const struct logins *logins)
{
	return logins->count;
}

/* ---- records that outlive the process */

const struct logins_record *logins_next(const struct logins *logins)
{
	return logins->changed ? &logins->places[logins->changed - 1].record : NULL;
}

void logins_exported(struct logins *logins)
{
	struct place *first = &logins->places[logins->changed - 1];

	logins->changed = first->next_changed;
	first->changed = false;
	first->exported_sec = first->record.seen_sec;
}

void logins_export_all(struct logins *logins)
{
	for (size_t i = 0; i < LOGINS_PLACES; i++)
		if (logins->places[i].record.seen_sec != 0)
			mark_changed(logins, &logins->places[i]);
}

int logins_import(struct logins *logins, const struct logins_record *record, int64_t now_sec)
{
	struct place *place;

	if (record->version != LOGINS_VERSION)
		return -EINVAL;
	if (!is_current(record, now_sec))
		return 0;
	place = take_place(logins, &record->envelope, now_sec);
	place->record = *record;
	/* The clock may have gone back. */
	if (place->record.seen_sec > now_sec)
		place->record.seen_sec = now_sec;
	place->exported_sec = place->record.seen_sec;
	return 0;
}
