/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of senders: keys, counts, cost of a million, eviction, export. */
#include "policy/sender_counts.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define NOW 1700000000

static const uint8_t secret[SIPHASH_KEY_SIZE] = {0, 1, 2,  3,  4,  5,  6,  7,
						 8, 9, 10, 11, 12, 13, 14, 15};

static struct siphash key_of(uint32_t number)
{
	return siphash(secret, &number, sizeof(number));
}

static struct sender *add(struct sender_counts *senders, uint32_t number, int64_t now_sec)
{
	struct siphash key = key_of(number);

	return sender_counts_add(senders, &key, now_sec);
}

static struct sender *find(const struct sender_counts *senders, uint32_t number)
{
	struct siphash key = key_of(number);

	return sender_counts_find(senders, &key);
}

static struct sender_counts *new_senders(uint32_t max)
{
	struct sender_counts *senders = NULL;

	cr_assert_eq(sender_counts_new(max, &senders), 0);
	return senders;
}

Test(policy_sender_counts, the_hash_is_siphash_as_openssl_computes_it)
{
	static const struct {
		size_t size;
		uint64_t words[2];
	} cases[] = {
		{0, {0xe6a825ba047f81a3ULL, 0x930255c71472f66dULL}},
		{1, {0x44af996bd8c187daULL, 0x45fc229b11597634ULL}},
		{7, {0x53c1dbd8beebf1a1ULL, 0x3982f01fa64ab8c0ULL}},
		{8, {0x61f55862baa9623bULL, 0xb49714f364e2830fULL}},
		{15, {0x11a8b03399e99354ULL, 0xd9c3cf970fec087eULL}},
		{16, {0xbb54b067caa4e26eULL, 0x77052385bf1533fdULL}},
		{63, {0x4a83502f77d15051ULL, 0x7cbd3f979a063e50ULL}},
	};
	uint8_t bytes[64];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct siphash hash = siphash(secret, bytes, cases[i].size);

		cr_expect_arr_eq(hash.words, cases[i].words, sizeof(hash.words));
	}
}

Test(policy_sender_counts, a_table_without_room_is_refused)
{
	struct sender_counts *senders = NULL;

	cr_expect_eq(sender_counts_new(0, &senders), -EINVAL);
	cr_expect_null(senders);
}

Test(policy_sender_counts, each_is_found_again_with_its_own_counts)
{
	struct sender_counts *senders = new_senders(1000);

	for (uint32_t i = 0; i < 1000; i++) {
		struct sender *sender = add(senders, i, NOW);

		for (unsigned window = 0; window < SENDER_WINDOWS; window++)
			sender_count(sender, window, 10 * i + window);
	}
	cr_expect_eq(sender_counts_count(senders), 1000);
	for (uint32_t i = 0; i < 1000; i++)
		for (unsigned window = 0; window < SENDER_WINDOWS; window++)
			cr_expect_eq(sender_sum(find(senders, i), window), 10 * i + window);
	cr_expect_null(find(senders, 1000));
	sender_forget(find(senders, 7), CONFIG_RECIPIENTS_PER_DAY);
	cr_expect_eq(sender_sum(find(senders, 7), CONFIG_RECIPIENTS_PER_DAY), 0);
	cr_expect_eq(sender_sum(find(senders, 7), CONFIG_INTERNAL_PER_HOUR), 71);
	cr_expect_eq(sender_sum(find(senders, 7), CONFIG_MESSAGES_PER_MINUTE), 73);
	sender_counts_free(senders);
}

Test(policy_sender_counts, the_windows_of_one_sender_age_each_at_its_own_pace)
{
	struct sender_counts *senders = new_senders(1);
	struct sender *sender = add(senders, 1, NOW);
	static const int64_t lengths[SENDER_WINDOWS] = {3600, 3600, 86400, 60, 60, 86400};
	static const int64_t buckets[SENDER_WINDOWS] = {300, 300, 3600, 10, 10, 14400};

	for (unsigned window = 0; window < SENDER_WINDOWS; window++) {
		int64_t then = sender->record.base_sec;

		sender_count(sender, window, 5);
		cr_expect_eq(sender_below_at(sender, window, 6), then);
		cr_expect_gt(sender_below_at(sender, window, 5), then + lengths[window]);
		sender_advance(sender, then + lengths[window]);
		cr_expect_eq(sender_sum(sender, window), 5);
		sender_advance(sender, then + lengths[window] + buckets[window]);
		cr_expect_eq(sender_sum(sender, window), 0);
	}
	sender_counts_free(senders);
}

Test(policy_sender_counts, a_full_table_gives_the_place_of_one_seen_long_ago)
{
	struct sender_counts *senders = new_senders(1000);
	bool there[1500];
	uint32_t gone = 1500;

	for (uint32_t i = 0; i < 1000; i++)
		add(senders, i, NOW + i);
	for (uint32_t i = 1000; i < 1500; i++)
		cr_assert_not_null(add(senders, i, NOW + i));
	cr_expect_eq(sender_counts_count(senders), 1000);
	cr_expect_eq(sender_counts_evicted(senders), 500);
	/* The last one seen is never the oldest of SENDER_COUNTS_SAMPLE places. */
	for (uint32_t i = 1485; i < 1500; i++)
		cr_expect_not_null(find(senders, i));
	for (uint32_t i = 0; i < 1500; i++)
		there[i] = find(senders, i) != NULL;
	cr_assert_not_null(add(senders, 5000, NOW));
	for (uint32_t i = 0; i < 1500; i++)
		if (there[i] && !find(senders, i))
			gone = i;
	cr_expect_lt(gone, 1485);
	cr_expect_eq(sender_counts_count(senders), 1000);
	cr_expect_eq(sender_counts_evicted(senders), 501);
	sender_counts_free(senders);
}

Test(policy_sender_counts, one_with_a_standing_is_never_evicted)
{
	struct sender_counts *senders = new_senders(100);

	for (uint32_t i = 0; i < 100; i++)
		add(senders, i, NOW)->standing = i < 99;
	for (uint32_t i = 100; i < 1000; i++)
		cr_assert_not_null(add(senders, i, NOW + i));
	for (uint32_t i = 0; i < 99; i++)
		cr_expect_not_null(find(senders, i));
	find(senders, 999)->standing = 1;
	cr_expect_null(add(senders, 1000, NOW + 1000), "no place is left");
	sender_counts_free(senders);
}

Test(policy_sender_counts, a_flood_of_names_evicts_nobody_near_a_limit_and_logins_last)
{
	struct sender_counts *senders = new_senders(1024);

	for (uint32_t i = 0; i < 100; i++)
		add(senders, i, NOW)->record.passed = 1; /* it has been warned */
	for (uint32_t i = 100; i < 200; i++)
		add(senders, i, NOW)->record.passed = SENDER_LOGIN;
	for (uint32_t i = 1000; i < 7000; i++)
		cr_assert_not_null(add(senders, i, NOW + 60));
	for (uint32_t i = 0; i < 200; i++)
		cr_expect_not_null(find(senders, i), "%u", i);
	sender_counts_free(senders);
}

Test(policy_sender_counts, logins_go_where_no_other_is_left)
{
	struct sender_counts *senders = new_senders(64);

	for (uint32_t i = 0; i < 64; i++)
		add(senders, i, NOW)->record.passed = i == 9 ? 1 : SENDER_LOGIN;
	for (uint32_t i = 64; i < 200; i++)
		add(senders, i, NOW + 60)->record.passed = SENDER_LOGIN;
	cr_expect_not_null(find(senders, 9));
	/* A day later its count is none that a limit could know. */
	for (uint32_t i = 200; i < 400; i++)
		add(senders, i, NOW + SENDER_STALE_SEC + 3600);
	cr_expect_null(find(senders, 9));
	sender_counts_free(senders);
}

Test(policy_sender_counts, a_new_owner_inherits_nothing)
{
	struct sender_counts *senders = new_senders(1);
	struct sender *sender = add(senders, 1, NOW);

	for (unsigned window = 0; window < SENDER_WINDOWS; window++)
		sender_count(sender, window, 100);
	sender->record.spam_marks = 0xff;
	sender->record.passed = 0xff;
	sender = add(senders, 2, NOW + SENDER_STALE_SEC + 3600); /* it is near no limit any more */
	for (unsigned window = 0; window < SENDER_WINDOWS; window++)
		cr_expect_eq(sender_sum(sender, window), 0);
	cr_expect_eq(sender->record.spam_marks, 0);
	cr_expect_eq(sender->record.passed, 0);
	cr_expect_null(find(senders, 1));
	sender_counts_free(senders);
}

Test(policy_sender_counts, each_that_changed_is_on_the_list_once_also_after_an_eviction)
{
	struct sender_counts *senders = new_senders(3);
	unsigned count = 0;

	cr_expect_null(sender_counts_first_dirty(senders));
	for (uint32_t i = 0; i < 3; i++)
		sender_counts_mark_dirty(senders, add(senders, i, NOW + i));
	sender_counts_mark_dirty(senders, find(senders, 0));
	sender_counts_mark_dirty(senders, add(senders, 3, NOW + 3)); /* in the place of 0 */
	for (; sender_counts_first_dirty(senders); count++)
		sender_counts_clean_first(senders);
	cr_expect_eq(count, 3);
	sender_counts_mark_dirty(senders, find(senders, 2));
	cr_expect_eq(sender_counts_first_dirty(senders), find(senders, 2));
	sender_counts_clean_first(senders);
	cr_expect_null(sender_counts_first_dirty(senders));
	sender_counts_free(senders);
}

static size_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long size, resident;

	cr_assert_not_null(file);
	cr_assert_eq(fscanf(file, "%lu %lu", &size, &resident), 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* Quadratic work on these would take hours; Criterion's time-out is the judge. */
Test(policy_sender_counts, a_million_with_all_windows_live_cost_at_most_200_bytes_each,
     .timeout = 60)
{
	const uint32_t count = 1000000;
	size_t before __attribute__((unused)) = resident_bytes();
	struct sender_counts *senders = new_senders(count);

	for (uint32_t i = 0; i < count; i++) {
		struct sender *sender = add(senders, i, NOW);

		for (unsigned window = 0; window < SENDER_WINDOWS; window++)
			sender_count(sender, window, 1);
		sender_counts_mark_dirty(senders, sender);
	}
#ifndef __SANITIZE_ADDRESS__ /* its shadow memory is resident too */
	cr_expect_leq((resident_bytes() - before) / count, 200, "%zu bytes a sender",
		      (resident_bytes() - before) / count);
#endif
	for (uint32_t i = 0; i < count; i++)
		sender_advance(find(senders, i), NOW + 600);
	cr_expect_eq(sender_counts_count(senders), count);
	cr_expect_eq(sender_counts_evicted(senders), 0);
	sender_counts_free(senders);
}
