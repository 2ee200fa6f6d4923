/* SPDX-License-Identifier: BSD-2-Clause */
/* Sliding windows: how long they remember, and clocks that step. */
#include "policy/window.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#define START	   1700000000 /* no boundary of any shape: 1700000000 % 3600 = 800 */
#define EVENTS_MAX 20000

struct persist {
	const struct window_shape *shape;
	uint32_t base_sec;
	uint32_t counters[WINDOW_DAY_BUCKETS + 1]; /* space for each shape */
};

static struct persist kept_at(const struct window_shape *shape, int64_t now_sec)
{
	struct persist kept = {.shape = shape};

	kept.base_sec = window_base(0, now_sec);
	return kept;
}

static uint32_t sum_at(struct persist *kept, int64_t now_sec)
{
	uint32_t base_sec = window_base(kept->base_sec, now_sec);

	window_advance(kept->shape, kept->counters, kept->base_sec, base_sec);
	kept->base_sec = base_sec;
	return window_sum(kept->shape, kept->counters);
}

static void add_at(struct persist *kept, int64_t now_sec, uint32_t n)
{
	sum_at(kept, now_sec);
	window_add(kept->shape, kept->counters, n);
}

static const struct window_shape *const *shapes(size_t *ret_count)
{
	static const struct window_shape *const all[] = {
		&window_minute, &window_hour, &window_day, &window_day_coarse, &window_day_wide,
	};

	*ret_count = sizeof(all) / sizeof(all[0]);
	return all;
}

static uint32_t length_sec(const struct window_shape *shape)
{
	return shape->bucket_sec * shape->buckets;
}

Test(policy_window, the_lengths_are_a_minute_an_hour_and_a_day)
{
	cr_expect_eq(length_sec(&window_minute), 60);
	cr_expect_eq(length_sec(&window_hour), 3600);
	cr_expect_eq(length_sec(&window_day), 86400);
	cr_expect_eq(length_sec(&window_day_coarse), 86400);
	cr_expect_eq(length_sec(&window_day_wide), 86400);
}

Test(policy_window, a_count_is_kept_for_its_length_and_at_most_one_sub_bucket_longer)
{
	size_t count;
	const struct window_shape *const *all = shapes(&count);

	for (size_t i = 0; i < count; i++) {
		const uint32_t bucket = all[i]->bucket_sec, length = length_sec(all[i]);

		for (uint32_t phase = 0; phase < bucket; phase += bucket / 10) {
			int64_t start = (int64_t)START / bucket * bucket + phase;
			struct persist kept = kept_at(all[i], start);

			add_at(&kept, start, 7);
			cr_expect_eq(sum_at(&kept, start + length), 7);
			cr_expect_eq(sum_at(&kept, start + length + bucket), 0);
		}
	}
}

Test(policy_window, it_rolls_over_exactly_at_the_boundary)
{
	int64_t boundary = (int64_t)START / 300 * 300;
	struct persist kept = kept_at(&window_hour, boundary - 1);

	add_at(&kept, boundary - 1, 3);
	add_at(&kept, boundary, 4);
	cr_expect_eq(sum_at(&kept, boundary + 3600 - 1), 7);
	cr_expect_eq(sum_at(&kept, boundary + 3600), 4);
	cr_expect_eq(sum_at(&kept, boundary + 3600 + 299), 4);
	cr_expect_eq(sum_at(&kept, boundary + 3600 + 300), 0);
}

Test(policy_window, a_leap_forward_forgets_and_midnight_does_nothing)
{
	int64_t midnight = 1700006400;
	struct persist kept = kept_at(&window_day, midnight - 1);

	add_at(&kept, midnight - 1, 5);
	cr_expect_eq(sum_at(&kept, midnight), 5);
	cr_expect_eq(sum_at(&kept, midnight + 365 * 86400), 0);
}

Test(policy_window, a_small_step_back_is_held_and_never_ages_anything)
{
	int64_t boundary = (int64_t)START / 10 * 10;
	struct persist kept = kept_at(&window_minute, boundary);

	add_at(&kept, boundary, 5);
	/* A clock that trembles on the boundary crosses it a hundred times within the minute. */
	for (unsigned i = 0; i < 100; i++)
		cr_expect_eq(sum_at(&kept, boundary + (i % 2 ? 10 : 9)), 5);
	cr_expect_eq(sum_at(&kept, boundary - WINDOW_HOLD_SEC + 10), 5);
	cr_expect_eq(kept.base_sec, boundary + 10);
	cr_expect_eq(sum_at(&kept, boundary + 69), 5);
	cr_expect_eq(sum_at(&kept, boundary + 70), 0);
}

Test(policy_window, a_big_step_back_keeps_the_count_for_one_length_from_then)
{
	int64_t back = START - 10L * 365 * 86400;
	struct persist kept = kept_at(&window_hour, START);

	add_at(&kept, START, 5);
	cr_expect_eq(sum_at(&kept, back), 5);
	cr_expect_eq(sum_at(&kept, back + 3600), 5);
	cr_expect_eq(sum_at(&kept, back + 3600 + 2 * 300), 0, "frozen");
}

Test(policy_window, a_step_back_of_one_second_over_the_hold_is_followed)
{
	cr_expect_eq(window_base(START, START - WINDOW_HOLD_SEC), START);
	cr_expect_eq(window_base(START, START - WINDOW_HOLD_SEC - 1), START - WINDOW_HOLD_SEC - 1);
	cr_expect_eq(window_base(START, -5), 0);
	cr_expect_eq(window_base(START, INT64_MAX), UINT32_MAX);
}

Test(policy_window, a_full_counter_stays_full)
{
	struct persist narrow = kept_at(&window_hour, START),
		       wide = kept_at(&window_day_wide, START);

	add_at(&narrow, START, 65534);
	add_at(&narrow, START, 1);
	cr_expect_eq(sum_at(&narrow, START), 65535);
	add_at(&narrow, START, UINT32_MAX);
	cr_expect_eq(sum_at(&narrow, START), 65535);
	add_at(&narrow, START + 300, 65535);
	cr_expect_eq(sum_at(&narrow, START + 300), 2 * 65535);
	add_at(&wide, START, 70000);
	cr_expect_eq(sum_at(&wide, START), 70000);
	add_at(&wide, START, UINT32_MAX);
	add_at(&wide, START + 3600, 5);
	cr_expect_eq(sum_at(&wide, START + 3600), UINT32_MAX);
}

Test(policy_window, the_moment_of_room_is_the_moment_the_sum_is_below_the_limit)
{
	struct persist kept = kept_at(&window_hour, START);
	int64_t at;

	add_at(&kept, START, 3);
	add_at(&kept, START + 600, 4);
	at = window_below_at(kept.shape, kept.counters, kept.base_sec, 5);
	cr_expect_geq(sum_at(&kept, at - 1), 5);
	cr_expect_lt(sum_at(&kept, at), 5);
	cr_expect_eq(window_below_at(kept.shape, kept.counters, kept.base_sec, 5), at);
	at = window_below_at(kept.shape, kept.counters, kept.base_sec, 1);
	cr_expect_geq(sum_at(&kept, at - 1), 1);
	cr_expect_eq(sum_at(&kept, at), 0);
}

/* ---- against a naive counter that remembers every event */

struct naive {
	int64_t times[EVENTS_MAX];
	uint32_t counts[EVENTS_MAX];
	size_t first, count;
};

/* The sum after `since_sec`, which is asked for the last length and one sub-bucket only. */
static uint32_t naive_sum(const struct naive *naive, int64_t since_sec)
{
	uint32_t sum = 0;

	for (size_t i = naive->count; i-- > 0 && naive->times[i] > since_sec;)
		sum += naive->counts[i];
	return sum;
}

struct property {
	unsigned shape;
	unsigned seed;
	uint32_t limit;
	bool steps_back; /* the reported clock steps back at times; true time never does */
};

ParameterizedTestParameters(policy_window,
			    random_traffic_never_passes_the_limit_and_room_is_not_late)
{
	static struct property cases[40];

	for (unsigned i = 0; i < 40; i++)
		cases[i] = (struct property){i % 5, i, 1 + i * 37 % 500, i % 2};
	return cr_make_param_array(struct property, cases, 40);
}

ParameterizedTest(struct property *property, policy_window,
		  random_traffic_never_passes_the_limit_and_room_is_not_late)
{
	size_t n_shapes;
	const struct window_shape *shape = shapes(&n_shapes)[property->shape];
	const uint32_t bucket = shape->bucket_sec, length = length_sec(shape);
	struct naive *naive = calloc(1, sizeof(*naive));
	struct persist kept = kept_at(shape, START);
	int64_t now = START, shown_off = 0;

	srand(property->seed);
	while (naive->count < EVENTS_MAX / 4) {
		uint32_t n = 1 + (uint32_t)rand() % (property->limit / 3 + 1);
		uint32_t sum;

		now += rand() % (rand() % 20 ? bucket / 4 : length / 2);
		if (property->steps_back && rand() % 50 == 0)
			shown_off -= rand() % (rand() % 2 ? WINDOW_HOLD_SEC : 3 * length);
		sum = sum_at(&kept, now + shown_off);
		if (!property->steps_back)
			cr_assert_leq(sum, naive_sum(naive, now - length - bucket),
				      "kept for more than one sub-bucket too long");
		if (sum + n > property->limit)
			continue;
		window_add(shape, kept.counters, n);
		naive->times[naive->count] = now;
		naive->counts[naive->count++] = n;
		cr_assert_leq(naive_sum(naive, now - length), property->limit);
	}
	free(naive);
}
