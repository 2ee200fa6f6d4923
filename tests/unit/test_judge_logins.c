/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of logins: the latest of each envelope sender, expiry, eviction. */
#include "judge/logins.h"

#include <criterion/criterion.h>

#define NOW 1700000000

static struct siphash key(uint64_t number)
{
	return (struct siphash){{number, 1}};
}

Test(judge_logins, an_envelope_sender_has_its_latest_logins)
{
	struct siphash found[LOGINS_EACH];
	struct logins *logins;

	cr_assert_eq(logins_new(&logins), 0);
	cr_expect_eq(logins_of(logins, key(5), NOW, found), 0);
	logins_note(logins, key(5), key(100), NOW);
	logins_note(logins, key(5), key(100), NOW);
	cr_expect_eq(logins_of(logins, key(5), NOW, found), 1);
	logins_note(logins, key(5), key(101), NOW);
	cr_expect_eq(logins_of(logins, key(5), NOW, found), 2);
	cr_expect_eq(found[0].words[0], 101);
	cr_expect_eq(found[1].words[0], 100);
	logins_note(logins, key(5), key(100), NOW);
	logins_note(logins, key(5), key(102), NOW);
	cr_expect_eq(logins_of(logins, key(5), NOW, found), 2);
	cr_expect_eq(found[0].words[0], 102);
	cr_expect_eq(found[1].words[0], 100);
	logins_free(logins);
}

Test(judge_logins, they_expire)
{
	struct siphash found[LOGINS_EACH];
	struct logins *logins;

	cr_assert_eq(logins_new(&logins), 0);
	logins_note(logins, key(5), key(100), NOW);
	cr_expect_eq(logins_of(logins, key(5), NOW + LOGINS_SEC - 1, found), 1);
	cr_expect_eq(logins_of(logins, key(5), NOW + LOGINS_SEC, found), 0);
	logins_free(logins);
}

Test(judge_logins, a_full_set_evicts_the_one_seen_longest_ago)
{
	const uint64_t sets = LOGINS_PLACES / LOGINS_WAYS;
	struct siphash found[LOGINS_EACH];
	struct logins *logins;

	cr_assert_eq(logins_new(&logins), 0);
	for (uint64_t i = 0; i < LOGINS_WAYS; i++)
		logins_note(logins, key(5 + i * sets), key(100 + i), NOW + (int64_t)i);
	cr_expect_eq(logins_evicted(logins), 0);
	logins_note(logins, key(5), key(100), NOW + 50);
	logins_note(logins, key(5 + LOGINS_WAYS * sets), key(200), NOW + 60);
	cr_expect_eq(logins_evicted(logins), 1);
	cr_expect_eq(logins_of(logins, key(5), NOW + 60, found), 1);
	cr_expect_eq(logins_of(logins, key(5 + sets), NOW + 60, found), 0);
	cr_expect_eq(logins_of(logins, key(5 + 2 * sets), NOW + 60, found), 1);
	logins_free(logins);
}
