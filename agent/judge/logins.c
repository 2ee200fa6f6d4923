/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of sets: each has LOGINS_WAYS places. */
#include "judge/logins.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct place {
	struct siphash envelope;
	struct siphash logins[LOGINS_EACH]; /* the latest first; both words 0: none */
	int64_t seen_sec;		    /* 0: the place is free */
};

struct logins {
	struct place places[LOGINS_PLACES];
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

static bool is_current(const struct place *place, int64_t now_sec)
{
	return place->seen_sec != 0 && now_sec - place->seen_sec < LOGINS_SEC;
}

/* Its place, or the one to use for it. */
static struct place *take_place(struct logins *logins, const struct siphash *envelope,
				int64_t now_sec)
{
	struct place *set = &logins->places[first_of_set(envelope)];
	struct place *oldest = set;

	for (unsigned i = 0; i < LOGINS_WAYS; i++) {
		if (set[i].seen_sec != 0 && is_same(&set[i].envelope, envelope))
			return &set[i];
		if (set[i].seen_sec < oldest->seen_sec)
			oldest = &set[i];
	}
	logins->evicted += is_current(oldest, now_sec);
	*oldest = (struct place){.envelope = *envelope};
	return oldest;
}

void logins_note(struct logins *logins, struct siphash envelope, struct siphash login,
		 int64_t now_sec)
{
	struct place *place = take_place(logins, &envelope, now_sec);
	unsigned i = 0;

	place->seen_sec = now_sec;
	while (i < LOGINS_EACH - 1 && !is_same(&place->logins[i], &login))
		i++;
	for (; i > 0; i--)
		place->logins[i] = place->logins[i - 1];
	place->logins[0] = login;
}

unsigned logins_of(const struct logins *logins, struct siphash envelope, int64_t now_sec,
		   struct siphash ret_logins[LOGINS_EACH])
{
	const struct place *set = &logins->places[first_of_set(&envelope)];
	unsigned count = 0;

	for (unsigned i = 0; i < LOGINS_WAYS; i++) {
		if (!is_same(&set[i].envelope, &envelope) || !is_current(&set[i], now_sec))
			continue;
		while (count < LOGINS_EACH && !is_none(&set[i].logins[count])) {
			ret_logins[count] = set[i].logins[count];
			count++;
		}
		break;
	}
	return count;
}

uint64_t logins_evicted(const struct logins *logins)
{
	return logins->evicted;
}
