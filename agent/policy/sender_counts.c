/* SPDX-License-Identifier: BSD-2-Clause */
/* A chained hash table in two arrays; places are numbered from 1. */
#include "policy/sender_counts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/day.h"

struct sender_counts {
	struct sender *places; /* places[0] is not used */
	uint32_t *heads;
	uint32_t mask; /* number of heads, a power of two, - 1 */
	uint32_t max;
	uint32_t count; /* all places up to this one are used */
	uint32_t hand;	/* where the next search for a victim begins */
	uint32_t dirty;
	uint64_t evicted;
};

static const struct {
	const struct window_shape *shape;
	unsigned first; /* index of its first counter */
} windows[SENDER_WINDOWS] = {
	[CONFIG_EXTERNAL_PER_HOUR] = {&window_hour, 0},
	[CONFIG_INTERNAL_PER_HOUR] = {&window_hour, 13},
	[CONFIG_RECIPIENTS_PER_DAY] = {&window_day, 26},
	[CONFIG_MESSAGES_PER_MINUTE] = {&window_minute, 51},
	[CONFIG_CONNECTIONS_PER_MINUTE] = {&window_minute, 58},
	[SENDER_REPORTS_PER_DAY] = {&window_day_coarse, 65},
};
_Static_assert(65 + WINDOW_COARSE_BUCKETS + 1 == SENDER_COUNTERS, "windows side by side");

int sender_record_renew(struct sender_record *record)
{
	const uint32_t old_login = 1U << 15;
	uint32_t passed = record->automatic; /* where version 1 has it */

	if (record->version == SENDER_VERSION)
		return 0;
	if (record->version != 1 || record->passed)
		return -EINVAL;
	record->version = SENDER_VERSION;
	record->passed = passed & SENDER_LIMITS_PASSED;
	if (passed & old_login)
		record->passed |= SENDER_LOGIN;
	record->automatic = 0;
	return 0;
}

int sender_counts_new(uint32_t max, struct sender_counts **ret_senders)
{
	struct sender_counts *senders = calloc(1, sizeof(*senders));
	size_t heads = 1;

	if (!senders || max == 0) {
		free(senders);
		return max ? -ENOMEM : -EINVAL;
	}
	while (heads < max)
		heads *= 2;
	senders->max = max;
	senders->mask = (uint32_t)(heads - 1);
	senders->places = calloc((size_t)max + 1, sizeof(*senders->places));
	senders->heads = calloc(heads, sizeof(*senders->heads));
	if (!senders->places || !senders->heads) {
		sender_counts_free(senders);
		return -ENOMEM;
	}
	*ret_senders = senders;
	return 0;
}

void sender_counts_free(struct sender_counts *senders)
{
	if (!senders)
		return;
	free(senders->places);
	free(senders->heads);
	free(senders);
}

uint32_t sender_counts_count(const struct sender_counts *senders)
{
	return senders->count;
}

uint64_t sender_counts_evicted(const struct sender_counts *senders)
{
	return senders->evicted;
}

static bool has_key(const struct sender *sender, const uint64_t key[2])
{
	return sender->record.key[0] == key[0] && sender->record.key[1] == key[1];
}

struct sender *sender_counts_find(const struct sender_counts *senders, const struct siphash *key)
{
	uint32_t place = senders->heads[key->words[0] & senders->mask];

	while (place && !has_key(&senders->places[place], key->words))
		place = senders->places[place].next;
	return place ? &senders->places[place] : NULL;
}

/* 0: never evicted; 1: only where no other is found; 2: any other. */
static unsigned evictable(const struct sender *sender, int64_t now_sec)
{
	bool stale = now_sec - (int64_t)sender->record.base_sec > SENDER_STALE_SEC;

	if (sender->standing)
		return 0;
	if (stale)
		return 2;
	if (sender->record.passed & SENDER_LIMITS_PASSED)
		return 0;
	return sender->record.passed & SENDER_LOGIN ? 1 : 2;
}

static bool is_better(const struct sender *sender, unsigned rank, const struct sender *oldest,
		      unsigned rank_of_oldest)
{
	return !oldest || rank > rank_of_oldest ||
	       (rank == rank_of_oldest && sender->record.base_sec < oldest->record.base_sec);
}

/* NULL: none may be evicted. */
static struct sender *choose_oldest(struct sender_counts *senders, int64_t now_sec)
{
	struct sender *oldest = NULL;
	unsigned rank_of_oldest = 0;

	for (uint32_t seen = 0, tried = 0;
	     seen < SENDER_COUNTS_SAMPLE && tried < senders->max && tried < SENDER_COUNTS_SEARCH;
	     tried++) {
		struct sender *sender;
		unsigned rank;

		senders->hand = senders->hand % senders->max + 1;
		sender = &senders->places[senders->hand];
		rank = evictable(sender, now_sec);
		if (rank == 0)
			continue;
		if (is_better(sender, rank, oldest, rank_of_oldest)) {
			oldest = sender;
			rank_of_oldest = rank;
		}
		seen += rank > 1;
	}
	return oldest;
}

static void unlink_place(struct sender_counts *senders, const struct sender *sender)
{
	uint32_t place = (uint32_t)(sender - senders->places);
	uint32_t *link = &senders->heads[sender->record.key[0] & senders->mask];

	while (*link != place)
		link = &senders->places[*link].next;
	*link = sender->next;
}

static struct sender *take_place(struct sender_counts *senders, int64_t now_sec)
{
	struct sender *sender;

	if (senders->count < senders->max)
		return &senders->places[++senders->count];
	sender = choose_oldest(senders, now_sec);
	if (!sender)
		return NULL;
	senders->evicted++;
	unlink_place(senders, sender);
	return sender;
}

struct sender *sender_counts_add(struct sender_counts *senders, const struct siphash *key,
				 int64_t now_sec)
{
	struct sender *sender = take_place(senders, now_sec);
	uint32_t *head = &senders->heads[key->words[0] & senders->mask];

	if (!sender)
		return NULL;
	/* A dirty place stays on the dirty list: its new owner becomes dirty soon. */
	sender->record = (struct sender_record){
		.key = {key->words[0], key->words[1]},
		.base_sec = window_base(0, now_sec),
		.version = SENDER_VERSION,
	};
	sender->next = *head;
	*head = (uint32_t)(sender - senders->places);
	return sender;
}

void sender_advance(struct sender *sender, int64_t now_sec)
{
	struct sender_record *record = &sender->record;
	uint32_t base_sec = window_base(record->base_sec, now_sec);

	if (base_sec == record->base_sec)
		return;
	for (unsigned i = 0; i < SENDER_WINDOWS; i++)
		window_advance(windows[i].shape, &record->counters[windows[i].first],
			       record->base_sec, base_sec);
	if (day_of(base_sec) > day_of(record->base_sec))
		record->automatic = 0;
	record->base_sec = base_sec;
}

uint32_t sender_sum(const struct sender *sender, unsigned window)
{
	return window_sum(windows[window].shape, &sender->record.counters[windows[window].first]);
}

void sender_count(struct sender *sender, unsigned window, uint32_t n)
{
	window_add(windows[window].shape, &sender->record.counters[windows[window].first], n);
}

void sender_forget(struct sender *sender, unsigned window)
{
	memset(&sender->record.counters[windows[window].first], 0,
	       (windows[window].shape->buckets + 1) * sizeof(uint16_t));
}

void sender_count_automatic(struct sender *sender, uint32_t n)
{
	uint32_t space = UINT16_MAX - sender->record.automatic;

	sender->record.automatic += n < space ? n : space;
}

int64_t sender_below_at(const struct sender *sender, unsigned window, uint32_t limit)
{
	return window_below_at(windows[window].shape,
			       &sender->record.counters[windows[window].first],
			       sender->record.base_sec, limit);
}

void sender_counts_mark_dirty(struct sender_counts *senders, struct sender *sender)
{
	if (sender->dirty)
		return;
	sender->dirty = 1;
	sender->next_dirty = senders->dirty;
	senders->dirty = (uint32_t)(sender - senders->places);
}

void sender_counts_mark_all(struct sender_counts *senders)
{
	for (uint32_t place = 1; place <= senders->count; place++)
		sender_counts_mark_dirty(senders, &senders->places[place]);
}

struct sender *sender_counts_first_dirty(const struct sender_counts *senders)
{
	return senders->dirty ? &senders->places[senders->dirty] : NULL;
}

void sender_counts_clean_first(struct sender_counts *senders)
{
	struct sender *first = &senders->places[senders->dirty];

	senders->dirty = first->next_dirty;
	first->dirty = 0;
}
