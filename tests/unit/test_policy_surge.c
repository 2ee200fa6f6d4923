/* SPDX-License-Identifier: BSD-2-Clause */
/* Surges of bounces: begin, likely cause, end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/surge.h"

#define NOW 1700000100 /* begins an interval */

static const uint8_t secret[SIPHASH_KEY_SIZE] = {9};

static struct surges *new_surges(uint32_t max)
{
	struct surges *surges = NULL;

	cr_assert_eq(surges_new(max, secret, &surges), 0);
	return surges;
}

/* Number of surges that begin with this many bounces of example.net; the state of the last one. */
static unsigned bounce(struct surges *surges, unsigned count, enum surge_origin origin,
		       int64_t now_sec, struct surge_state *ret_state)
{
	struct surge_bounce one = {.domain = "example.net", .origin = origin};
	unsigned begun = 0;

	while (count--)
		begun += surges_bounce(surges, &one, now_sec, ret_state);
	return begun;
}

static bool bounce_unknown(struct surges *surges, unsigned recipient, int64_t now_sec,
			   struct surge_state *ret_state)
{
	char name[32];
	struct surge_bounce one = {
		.domain = "example.net", .unknown_recipient = name, .origin = SURGE_SENT_HERE};

	snprintf(name, sizeof(name), "user%u@example.org", recipient);
	return surges_bounce(surges, &one, now_sec, ret_state);
}

static unsigned surging(struct surges *surges, int64_t now_sec)
{
	struct surges_stats stats;

	surges_stats(surges, now_sec, &stats);
	return stats.surging;
}

Test(policy_surge, a_table_without_room_is_refused)
{
	struct surges *surges = NULL;

	cr_expect_eq(surges_new(0, secret, &surges), -EINVAL);
}

Test(policy_surge, the_minimum_begins_one_and_it_is_said_once)
{
	struct surges *surges = new_surges(100);
	struct surge_state state;

	cr_expect_eq(bounce(surges, SURGE_MIN - 1, SURGE_ORIGIN_UNKNOWN, NOW, &state), 0);
	cr_expect_eq(surging(surges, NOW), 0);
	cr_expect_eq(bounce(surges, 1, SURGE_ORIGIN_UNKNOWN, NOW, &state), 1);
	cr_expect_str_eq(state.domain, "example.net");
	cr_expect_eq(state.bounces, SURGE_MIN);
	cr_expect_eq(state.baseline, 0);
	cr_expect_eq(state.cause, SURGE_UNKNOWN);
	cr_expect_eq(bounce(surges, 500, SURGE_ORIGIN_UNKNOWN, NOW, &state), 0);
	cr_expect_eq(surging(surges, NOW), 1);
	/* The surge lasts through the next interval, and ends after a quiet one. */
	cr_expect_eq(bounce(surges, 500, SURGE_ORIGIN_UNKNOWN, NOW + 300, &state), 0);
	cr_expect_eq(surging(surges, NOW + 599), 1);
	cr_expect_eq(surging(surges, NOW + 900), 0);
	cr_expect_eq(bounce(surges, 500, SURGE_ORIGIN_UNKNOWN, NOW + 900, &state), 1);
	surges_free(surges);
}

Test(policy_surge, who_has_many_bounces_every_day_is_held_against_that)
{
	struct surges *surges = new_surges(100);
	struct surge_state state = {0};
	int64_t now = NOW;

	/* A big sender: fifty bounces an interval are a surge at first, and usual later. */
	for (unsigned i = 0; i < 2 * 288; i++, now += 300)
		bounce(surges, 50, SURGE_SENT_HERE, now, &state);
	cr_expect_eq(surging(surges, now), 0);
	cr_expect_eq(bounce(surges, 190, SURGE_SENT_HERE, now, &state), 0);
	cr_expect_eq(bounce(surges, 10, SURGE_SENT_HERE, now, &state), 1);
	cr_expect_float_eq(state.baseline, 50, 1);
	surges_free(surges);
}

Test(policy_surge, one_flood_does_not_hide_the_next)
{
	struct surges *surges = new_surges(100);
	struct surge_state state;

	cr_expect_eq(bounce(surges, 100000, SURGE_SENT_HERE, NOW, &state), 1);
	cr_expect_eq(bounce(surges, SURGE_MIN, SURGE_SENT_HERE, NOW + 900, &state), 1);
	surges_free(surges);
}

Test(policy_surge, quiet_days_lower_the_baseline_again)
{
	struct surges *surges = new_surges(100);
	struct surge_state state = {0};
	int64_t now = NOW;

	for (unsigned i = 0; i < 2 * 288; i++, now += 300)
		bounce(surges, 50, SURGE_SENT_HERE, now, &state);
	now += 86400;
	cr_expect_eq(bounce(surges, SURGE_MIN, SURGE_SENT_HERE, now, &state), 1);
	surges_free(surges);
}

Test(policy_surge, different_unknown_recipients_are_a_harvest)
{
	struct surges *surges = new_surges(100);
	struct surge_state state;
	bool begun = false;

	for (unsigned i = 0; i < SURGE_MIN; i++)
		begun = bounce_unknown(surges, i, NOW, &state);
	cr_expect(begun);
	cr_expect_eq(state.cause, SURGE_HARVEST);
	cr_expect_float_eq((double)state.unknown_recipients, (double)SURGE_MIN, 2);
	surges_free(surges);
}

Test(policy_surge, one_unknown_recipient_again_and_again_is_no_harvest)
{
	struct surges *surges = new_surges(100);
	struct surge_state state;

	for (unsigned i = 0; i < SURGE_MIN; i++)
		bounce_unknown(surges, i % 3, NOW, &state);
	cr_expect_eq(state.cause, SURGE_UNKNOWN);
	cr_expect_float_eq((double)state.unknown_recipients, 3.0, 1);
	surges_free(surges);
}

/* A quarter of the bounces is usual, so that a surge begins at about the full number. */
Test(policy_surge, the_estimate_is_good_up_to_some_thousands)
{
	static const unsigned counts[] = {50, 200, 1000, 3000};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct surges *surges = new_surges(8);
		struct surge_state state;
		int64_t now = NOW;
		unsigned sent = 0;

		for (unsigned j = 0; j < 400; j++, now += SURGE_INTERVAL_SEC)
			bounce(surges, counts[i] / 4, SURGE_SENT_HERE, now, &state);
		while (!bounce_unknown(surges, sent++, now, &state))
			cr_assert_lt(sent, 2 * counts[i]);
		cr_expect_float_eq((double)sent, (double)counts[i], counts[i] / 10.0, "%u", sent);
		cr_expect_float_eq((double)state.unknown_recipients, (double)sent, sent / 20.0,
				   "%u for %u", state.unknown_recipients, sent);
		surges_free(surges);
	}
}

Test(policy_surge, bounces_of_mail_never_sent_here_are_spoofing_or_a_rogue_server)
{
	struct surges *surges = new_surges(100);
	struct surge_state state = {0};

	cr_expect_eq(bounce(surges, SURGE_MIN, SURGE_NOT_SENT_HERE, NOW, &state), 1);
	cr_expect_eq(state.cause, SURGE_SPOOFING);
	cr_expect_eq(state.not_sent_here, SURGE_MIN);
	surges_free(surges);

	surges = new_surges(100);
	surges_unknown_connections(surges, 50, NOW - 200);
	cr_expect_eq(bounce(surges, SURGE_MIN, SURGE_NOT_SENT_HERE, NOW, &state), 1);
	cr_expect_eq(state.cause, SURGE_ROGUE_SERVER);
	surges_free(surges);
}

Test(policy_surge, a_few_foreign_ones_among_many_are_not_spoofing)
{
	struct surges *surges = new_surges(100);
	struct surge_state state = {0};

	bounce(surges, 8, SURGE_NOT_SENT_HERE, NOW, &state);
	cr_expect_eq(bounce(surges, 12, SURGE_SENT_HERE, NOW, &state), 1);
	cr_expect_eq(state.cause, SURGE_UNKNOWN);
	surges_free(surges);
}

Test(policy_surge, spam_of_its_own_senders_before_it_is_a_spam_attack)
{
	struct surges *surges = new_surges(100);
	struct surge_state state = {0};

	for (unsigned i = 0; i < 30; i++)
		surges_spam(surges, "EXAMPLE.net", NOW - 100);
	cr_expect_eq(bounce(surges, SURGE_MIN, SURGE_SENT_HERE, NOW + 10, &state), 1);
	cr_expect_eq(state.cause, SURGE_SPAM_ATTACK);
	surges_free(surges);
}

Test(policy_surge, connections_of_nobody_are_a_rogue_server_until_they_are_usual)
{
	struct surges *surges = new_surges(100);
	struct surge_state state = {0};
	int64_t now = NOW;

	surges_unknown_connections(surges, 50, NOW);
	bounce(surges, SURGE_MIN, SURGE_SENT_HERE, NOW, &state);
	cr_expect_eq(state.cause, SURGE_ROGUE_SERVER);
	for (unsigned i = 0; i < 2 * 288; i++, now += 300)
		surges_unknown_connections(surges, 50, now);
	bounce(surges, SURGE_MIN, SURGE_SENT_HERE, now, &state);
	cr_expect_eq(state.cause, SURGE_UNKNOWN);
	surges_free(surges);
}

Test(policy_surge, the_table_is_bounded_and_who_was_seen_last_stays)
{
	struct surges *surges = new_surges(64);
	struct surge_bounce one = {.domain = NULL};
	struct surge_state state;
	struct surges_stats stats;
	char name[32];

	for (unsigned i = 0; i < 1000; i++) {
		one.domain = name;
		snprintf(name, sizeof(name), "d%u.example", i);
		surges_bounce(surges, &one, NOW + i * 300, &state);
		bounce(surges, 1, SURGE_ORIGIN_UNKNOWN, NOW + i * 300, &state);
	}
	surges_stats(surges, NOW + 300000, &stats);
	cr_expect_leq(stats.domains, 64);
	cr_expect_eq(stats.domains + stats.evicted, 1001);
	for (unsigned i = 0; i < SURGE_MIN; i++)
		bounce(surges, 1, SURGE_ORIGIN_UNKNOWN, NOW + 1000 * 300, &state);
	cr_expect_eq(state.baseline > 0, true, "example.net was forgotten");
	surges_free(surges);
}

Test(policy_surge, a_clock_that_goes_back_holds_nothing_for_ever)
{
	struct surges *surges = new_surges(8);
	struct surge_state state;
	struct surges_stats stats;

	bounce(surges, 100, SURGE_ORIGIN_UNKNOWN, NOW, &state);
	cr_expect_eq(surging(surges, NOW - 300), 1);
	surges_stats(surges, NOW - 86400, &stats);
	cr_expect_eq(stats.surging, 1, "the interval was a surge");
	cr_expect_eq(surging(surges, NOW - 86400 + 300), 0);
	surges_free(surges);
}

Test(policy_surge, what_is_no_domain_counts_nothing)
{
	struct surges *surges = new_surges(8);
	struct surge_state state;
	struct surges_stats stats;
	char name[SURGE_DOMAIN_SIZE + 1] = {0};

	for (unsigned i = 0; i < SURGE_DOMAIN_SIZE; i++)
		name[i] = 'a';
	cr_expect_not(surges_bounce(surges, &(struct surge_bounce){.domain = NULL}, NOW, &state));
	cr_expect_not(surges_bounce(surges, &(struct surge_bounce){.domain = ""}, NOW, &state));
	cr_expect_not(surges_bounce(surges, &(struct surge_bounce){.domain = name}, NOW, &state));
	surges_spam(surges, "", NOW);
	surges_stats(surges, NOW, &stats);
	cr_expect_eq(stats.domains, 0);
	cr_expect_str_eq(surge_cause_name(SURGE_ROGUE_SERVER), "rogue-server");
	cr_expect_str_eq(surge_cause_name(99), "invalid");
	surges_free(surges);
}
