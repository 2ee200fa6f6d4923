/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of logins: the latest of each envelope sender, expiry, eviction. */
#include "policy/logins.h"

#include <criterion/criterion.h>
#include <errno.h>

#define NOW 1700000000

static struct siphash key(uint64_t number)
{
	return (struct siphash){{number, 1}};
}

Test(policy_logins, an_envelope_sender_has_its_latest_logins)
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

Test(policy_logins, they_expire)
{
	struct siphash found[LOGINS_EACH];
	struct logins *logins;

	cr_assert_eq(logins_new(&logins), 0);
	logins_note(logins, key(5), key(100), NOW);
	cr_expect_eq(logins_of(logins, key(5), NOW + LOGINS_SEC - 1, found), 1);
	cr_expect_eq(logins_of(logins, key(5), NOW + LOGINS_SEC, found), 0);
	logins_free(logins);
}

Test(policy_logins, a_full_set_evicts_the_one_seen_longest_ago)
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

/* ---- records */

static unsigned export(struct logins *from, struct logins *to, int64_t now_sec)
{
	const struct logins_record *record;
	unsigned count = 0;

	for (; (record = logins_next(from)); logins_exported(from), count++)
		if (to)
			cr_expect_eq(logins_import(to, record, now_sec), 0);
	return count;
}

Test(policy_logins, records_bring_all_of_it_back)
{
	struct siphash found[LOGINS_EACH];
	struct logins *logins, *other;

	cr_assert_eq(logins_new(&logins), 0);
	cr_assert_eq(logins_new(&other), 0);
	for (uint64_t i = 0; i < 1000; i++)
		logins_note(logins, key(i), key(1000 + i), NOW);
	logins_note(logins, key(5), key(7), NOW + 1);
	cr_expect_eq(export(logins, other, NOW + 2), 1000);
	cr_expect_eq(logins_count(other), 1000);
	for (uint64_t i = 0; i < 1000; i++)
		cr_expect_eq(logins_of(other, key(i), NOW + 2, found), i == 5 ? 2 : 1);
	cr_expect_eq(logins_of(other, key(5), NOW + 2, found), 2);
	cr_expect_eq(found[0].words[0], 7);
	cr_expect_eq(export(other, NULL, NOW), 0, "nothing has changed");
	logins_export_all(other);
	cr_expect_eq(export(other, NULL, NOW), 1000);
	logins_free(logins);
	logins_free(other);
}

Test(policy_logins, the_time_alone_is_stored_once_an_hour)
{
	struct logins *logins;

	cr_assert_eq(logins_new(&logins), 0);
	logins_note(logins, key(5), key(7), NOW);
	cr_expect_eq(export(logins, NULL, NOW), 1);
	for (int64_t sec = 1; sec < LOGINS_EXPORT_SEC; sec += 60)
		logins_note(logins, key(5), key(7), NOW + sec);
	cr_expect_eq(export(logins, NULL, NOW), 0);
	logins_note(logins, key(5), key(7), NOW + LOGINS_EXPORT_SEC);
	cr_expect_eq(export(logins, NULL, NOW), 1);
	logins_free(logins);
}

Test(policy_logins, a_record_that_is_old_or_of_another_version_is_not_taken)
{
	struct logins_record record = {
		.envelope = key(5), .logins = {key(7)}, .seen_sec = NOW, .version = LOGINS_VERSION};
	struct siphash found[LOGINS_EACH];
	struct logins *logins;

	cr_assert_eq(logins_new(&logins), 0);
	cr_expect_eq(logins_import(logins, &record, NOW + LOGINS_SEC), 0);
	cr_expect_eq(logins_count(logins), 0);
	/* From the future: the clock went back. */
	cr_expect_eq(logins_import(logins, &record, NOW - 86400), 0);
	cr_expect_eq(logins_of(logins, key(5), NOW - 86400 + LOGINS_SEC, found), 0);
	record.version++;
	cr_expect_eq(logins_import(logins, &record, NOW), -EINVAL);
	logins_free(logins);
}
