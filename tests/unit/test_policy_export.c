/* SPDX-License-Identifier: BSD-2-Clause */
/* Restarts: changed records are exported, imported, and lead to the same decisions. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_fixture.h"
#include "policy/policy_internal.h"

TestSuite(policy_export, .init = config_file_setup, .fini = config_file_teardown);

#define KEPT_MAX 1000
#define TENANT	 "tenant \"t\" { domains = \"example.net\" recipients_per_day = 20 }\n"
#define LIMITED                                                                                    \
	"policy \"default\" { recipients_external_per_hour = 10 spam_of_last = \"2 of 9\" "        \
	"on_limit = \"restrict\" }\n"

/* The records of a state. */
struct persist {
	struct sender_record senders[KEPT_MAX];
	size_t n_senders;
	struct tenant_record tenant;
	size_t n_tenants;
	size_t space; /* the disk is full after this many */
};

/* Until nothing is left, or the disk is full. */
static int export(struct policy_fixture *fixture, struct persist *kept)
{
	const struct sender_record *sender;
	const struct tenant_record *tenant;
	const char *name;

	kept->n_senders = kept->n_tenants = 0;
	while ((sender = policy_next_sender(fixture->policy))) {
		if (kept->n_senders == kept->space)
			return -ENOSPC;
		kept->senders[kept->n_senders++] = *sender;
		policy_sender_exported(fixture->policy);
	}
	while ((tenant = policy_next_tenant(fixture->policy, &name))) {
		cr_expect_str_eq(name, "t");
		kept->tenant = *tenant;
		kept->n_tenants++;
		policy_tenant_exported(fixture->policy);
	}
	return 0;
}

static struct persist *new_kept(void)
{
	struct persist *kept = calloc(1, sizeof(*kept));

	kept->space = KEPT_MAX;
	return kept;
}

static void send_as(struct policy_fixture *fixture, unsigned number, int64_t now_sec)
{
	char name[32];
	struct facts facts = {.user = name, .recipients_external = 1};

	snprintf(name, sizeof(name), "user-%u", number);
	policy_fixture_decide(fixture, &facts, now_sec);
}

/* Another process with the same configuration. */
static struct policy_fixture *restart(struct policy_fixture *fixture, const char *text,
				      const struct persist *kept, int64_t now_sec)
{
	struct standing_record record = fixture->record;
	bool stands = fixture->n_standings && !fixture->standing.ended;

	policy_fixture_free(fixture);
	fixture = policy_fixture_new(text);
	if (stands)
		cr_assert_eq(policy_import_standing(fixture->policy, &record, now_sec), 0);
	for (size_t i = 0; i < kept->n_senders; i++)
		cr_assert_eq(policy_import_sender(fixture->policy, &kept->senders[i]), 0);
	if (kept->n_tenants)
		cr_assert_eq(policy_import_tenant(fixture->policy, "t", &kept->tenant), 0);
	cr_expect_eq(fixture->n_events + fixture->n_standings, 0);
	return fixture;
}

Test(policy_export, only_what_changed_is_exported)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED TENANT);
	struct persist *kept = new_kept();

	for (unsigned i = 0; i < 100; i++)
		send_as(fixture, i, NOON);
	policy_fixture_send(fixture, 1, NOON);
	cr_expect_eq(export(fixture, kept), 0);
	cr_expect_eq(kept->n_senders, 101);
	cr_expect_eq(kept->n_tenants, 1);
	cr_expect_eq(export(fixture, kept), 0);
	cr_expect_eq(kept->n_senders + kept->n_tenants, 0);
	send_as(fixture, 7, NOON + 1);
	send_as(fixture, 7, NOON + 2);
	send_as(fixture, 8, NOON + 2);
	cr_expect_eq(export(fixture, kept), 0);
	cr_expect_eq(kept->n_senders, 2);
	cr_expect_eq(kept->n_tenants, 0);
	free(kept);
	policy_fixture_free(fixture);
}

Test(policy_export, everything_comes_again_when_what_was_kept_is_gone)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED TENANT);
	struct persist *kept = new_kept();

	for (unsigned i = 0; i < 100; i++)
		send_as(fixture, i, NOON);
	policy_fixture_send(fixture, 1, NOON);
	export(fixture, kept);
	send_as(fixture, 7, NOON);
	policy_export_all(fixture->policy);
	cr_expect_eq(export(fixture, kept), 0);
	cr_expect_eq(kept->n_senders, 101);
	cr_expect_eq(kept->n_tenants, 1);
	free(kept);
	policy_fixture_free(fixture);
}

Test(policy_export, what_could_not_be_kept_comes_again)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct persist *kept = new_kept();

	for (unsigned i = 0; i < 100; i++)
		send_as(fixture, i, NOON);
	kept->space = 40;
	cr_expect_eq(export(fixture, kept), -ENOSPC);
	kept->space = KEPT_MAX;
	cr_expect_eq(export(fixture, kept), 0);
	cr_expect_eq(kept->n_senders, 60);
	free(kept);
	policy_fixture_free(fixture);
}

Test(policy_export, counts_of_every_window_survive_a_restart)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED TENANT);
	struct facts connections = {
		.kind = FACTS_CONNECTION, .sender = "bob@example.net", .connections = 4};
	struct facts facts = {.user = "bob@example.net",
			      .spam = true,
			      .recipients_external = 8,
			      .recipients_internal = 5};
	struct persist *kept = new_kept();
	struct policy_view before, after;
	struct decision decision;

	policy_fixture_decide(fixture, &connections, NOON);
	policy_fixture_decide(fixture, &facts, NOON);
	policy_fixture_report(fixture, "bob@example.net", NOON);
	cr_assert_eq(policy_view(fixture->policy, "bob@example.net", NOON, &before), 0);
	cr_expect_eq(before.counts[CONFIG_EXTERNAL_PER_HOUR], 8);
	cr_expect_eq(before.counts[CONFIG_CONNECTIONS_PER_MINUTE], 4);
	cr_expect_eq(before.reports, 1);
	cr_expect_eq(before.spam_marks, 1);
	cr_expect_eq(before.limits[CONFIG_EXTERNAL_PER_HOUR], 10);
	export(fixture, kept);
	fixture = restart(fixture, LIMITED TENANT, kept, NOON);
	cr_assert_eq(policy_view(fixture->policy, "bob@example.net", NOON, &after), 0);
	cr_expect_arr_eq(before.counts, after.counts, sizeof(before.counts));
	cr_expect_eq(after.reports, 1);
	cr_expect_eq(after.spam_marks, 1);
	decision = policy_fixture_send(fixture, 2, NOON);
	cr_expect_eq(decision.reason, REASON_GOOD);
	cr_expect_eq(decision.steps[decision.n_steps - 2].count, 13, "of the tenant");
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON + 3500).action, DECISION_REJECT);
	cr_expect_eq(policy_fixture_count(fixture, POLICY_WARNING), 0,
		     "it was said before the restart");
	free(kept);
	policy_fixture_free(fixture);
}

Test(policy_export, counts_go_on_ageing_while_nobody_looks)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED);
	struct persist *kept = new_kept();

	policy_fixture_send(fixture, 10, NOON);
	export(fixture, kept);
	fixture = restart(fixture, LIMITED, kept, NOON + 3900);
	cr_expect_eq(policy_fixture_send(fixture, 10, NOON + 3900).reason, REASON_GOOD);
	free(kept);
	policy_fixture_free(fixture);
}

Test(policy_export, a_clock_that_went_back_in_between_gives_no_room_and_freezes_none)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED);
	struct persist *kept = new_kept();
	const int64_t back = NOON - 3000L * DAY;

	policy_fixture_send(fixture, 10, NOON);
	export(fixture, kept);
	fixture = restart(fixture, LIMITED, kept, back);
	cr_expect_eq(policy_fixture_send(fixture, 1, back).action, DECISION_REJECT);
	policy_fixture_release(fixture, "bob@example.net", back);
	cr_expect_eq(policy_fixture_send(fixture, 1, back + 3600).reason, REASON_OVER_LIMIT);
	cr_expect_eq(policy_fixture_send(fixture, 1, back + 3600 + 600).reason, REASON_GOOD);
	free(kept);
	policy_fixture_free(fixture);
}

Test(policy_export, a_restriction_and_the_day_of_its_release_survive_a_restart)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED);
	struct persist *kept = new_kept();

	policy_fixture_send(fixture, 11, NOON);
	fixture = restart(fixture, LIMITED, kept, NOON); /* killed before any export */
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON).reason, REASON_RESTRICTED);
	cr_expect_eq(policy_fixture_release(fixture, "bob@example.net", NOON), 0);
	fixture = restart(fixture, LIMITED, kept, NOON);
	cr_expect_eq(policy_fixture_send(fixture, 11, NOON).pool, POOL_HIGH_RISK);
	policy_fixture_tick(fixture, MIDNIGHT + DAY);
	cr_expect(fixture->standing.ended);
	free(kept);
	policy_fixture_free(fixture);
}

Test(policy_export, a_record_that_says_nothing_takes_no_place)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct standing_record record = {.name = "bob@example.net", .version = STANDING_VERSION};
	struct policy_stats stats;

	cr_assert_eq(policy_import_standing(fixture->policy, &record, NOON), 0);
	policy_stats(fixture->policy, &stats);
	cr_expect_eq(stats.standings, 0);
	policy_fixture_free(fixture);
}

Test(policy_export, an_imported_order_is_in_force_and_no_change)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	const struct policy_manual manual = {VERDICT_STEER, POOL_HIGH_RISK, NOON + 60};

	cr_assert_eq(policy_import_manual(fixture->policy, "bob@example.net", &manual, NOON), 0);
	cr_expect_eq(policy_import_manual(fixture->policy, "", &manual, NOON), -EINVAL);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON).reason, REASON_MANUAL);
	cr_expect_eq(fixture->n_standings, 0);
	policy_fixture_tick(fixture, NOON + 60);
	cr_expect_eq(fixture->n_standings, 1);
	cr_expect_eq(fixture->standing.before.reason, REASON_MANUAL);
	cr_expect(fixture->standing.ended);
	policy_fixture_free(fixture);
}

Test(policy_export, a_standing_from_the_future_ends_as_if_it_had_begun_now)
{
	struct policy_fixture *fixture = policy_fixture_new("");
	struct standing_record record = {.name = "bob@example.net",
					 .version = STANDING_VERSION,
					 .restricted_until_sec = MIDNIGHT + 900L * DAY};

	cr_assert_eq(policy_import_standing(fixture->policy, &record, NOON), 0);
	cr_expect_eq(policy_fixture_send(fixture, 1, NOON).until_sec, MIDNIGHT + DAY);
	policy_fixture_free(fixture);
}

Test(policy_export, a_standing_whose_time_came_in_between_ends_at_the_first_tick)
{
	struct policy_fixture *fixture =
		policy_fixture_new("policy \"default\" { recipients_external_per_hour = 10 }");
	struct persist *kept = new_kept();

	policy_fixture_send(fixture, 10, NOON);
	cr_assert_eq(fixture->standing.verdict.reason, REASON_OVER_LIMIT);
	fixture = restart(fixture, "", kept, NOON + 86400);
	policy_fixture_tick(fixture, NOON + 86400);
	cr_expect_eq(fixture->n_standings, 1);
	cr_expect(fixture->standing.ended);
	free(kept);
	policy_fixture_free(fixture);
}

static size_t count_standings(const struct policy_fixture *fixture)
{
	struct policy_standing standing;
	size_t count = 0;

	for (uint32_t i = 0; (i = policy_next_standing(fixture->policy, i, NOON, &standing));) {
		cr_expect_eq(standing.verdict.reason, REASON_RESTRICTED);
		count++;
	}
	return count;
}

Test(policy_export, all_standings_can_be_walked)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED);

	policy_fixture_send(fixture, 11, NOON);
	cr_expect_eq(count_standings(fixture), 1);
	policy_fixture_release(fixture, "bob@example.net", NOON);
	policy_fixture_tick(fixture, MIDNIGHT + DAY);
	cr_expect_eq(count_standings(fixture), 0, "it has ended");
	for (unsigned i = 0; i < 20 * 11; i++)
		send_as(fixture, i % 20, NOON);
	cr_expect_eq(count_standings(fixture), 20);
	policy_fixture_free(fixture);
}

Test(policy_export, a_record_of_version_1_keeps_its_counts_and_marks)
{
	/* Then `version` and `passed` had 16 bits each, in this order. */
	const struct {
		uint16_t version, passed;
	} old = {1, 1U << 15 | PASSED_WARNING(CONFIG_EXTERNAL_PER_HOUR)};
	struct policy_fixture *fixture = policy_fixture_new("");
	struct sender_record record;
	struct policy_view view;

	policy_fixture_send(fixture, 7, NOON);
	record = *policy_next_sender(fixture->policy);
	memcpy((char *)&record + offsetof(struct sender_record, base_sec) + sizeof(record.base_sec),
	       &old, sizeof(old));
	policy_fixture_free(fixture);
	fixture = policy_fixture_new("");
	cr_assert_eq(policy_import_sender(fixture->policy, &record), 0);
	cr_assert_eq(policy_view(fixture->policy, "bob@example.net", NOON, &view), 0);
	cr_expect_eq(view.counts[CONFIG_EXTERNAL_PER_HOUR], 7);
	policy_export_all(fixture->policy);
	record = *policy_next_sender(fixture->policy);
	cr_expect_eq(record.passed, SENDER_LOGIN | PASSED_WARNING(CONFIG_EXTERNAL_PER_HOUR));
	cr_expect_eq(record.automatic, 0);
	policy_fixture_free(fixture);
}

Test(policy_export, what_is_damaged_or_of_another_version_is_refused)
{
	struct policy_fixture *fixture = policy_fixture_new(TENANT);
	struct sender_record sender = {.version = SENDER_VERSION + 1};
	struct tenant_record tenant = {.version = TENANT_VERSION + 1};
	struct standing_record standing = {.name = "a", .version = STANDING_VERSION + 1};

	cr_expect_eq(policy_import_sender(fixture->policy, &sender), -EINVAL);
	cr_expect_eq(policy_import_tenant(fixture->policy, "t", &tenant), -EINVAL);
	tenant.version = TENANT_VERSION;
	cr_expect_eq(policy_import_tenant(fixture->policy, "x", &tenant), -ENOENT);
	cr_expect_eq(policy_import_standing(fixture->policy, &standing, NOON), -EINVAL);
	standing.version = STANDING_VERSION;
	cr_expect_eq(policy_import_standing(fixture->policy, &standing, NOON), 0);
	standing.full_until_sec = NOON + 1;
	cr_expect_eq(policy_import_standing(fixture->policy, &standing, NOON), -EINVAL,
		     "no action");
	memset(standing.name, 'a', sizeof(standing.name));
	standing.full_until_sec = 0;
	cr_expect_eq(policy_import_standing(fixture->policy, &standing, NOON), -EINVAL, "no end");
	standing.name[0] = '\0';
	cr_expect_eq(policy_import_standing(fixture->policy, &standing, NOON), -EINVAL, "no name");
	policy_fixture_free(fixture);
}

/* ---- bytes of records, which other versions have written */

/* Non-zero bytes as OFFSET:HEX, one after the other. */
static const char *bytes_of(const void *record, size_t size)
{
	static char text[2048];
	const uint8_t *bytes = record;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%zu:%02x ", i,
						 bytes[i]);
	return text;
}

static void fill_all_windows(struct policy_fixture *fixture)
{
	struct facts connections = {
		.kind = FACTS_CONNECTION, .sender = "bob@example.net", .connections = 4};
	struct facts message = {.user = "bob@example.net",
				.spam = true,
				.recipients_external = 8,
				.recipients_internal = 5};

	policy_fixture_decide(fixture, &connections, NOON);
	policy_fixture_decide(fixture, &message, NOON);
	policy_fixture_report(fixture, "bob@example.net", NOON);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
Test(policy_export, the_bytes_of_records_stay_as_they_are)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED TENANT);
	const struct sender_record *sender;
	const struct tenant_record *tenant;
	const char *name;

	fill_all_windows(fixture);
	sender = policy_next_sender(fixture->policy);
	cr_assert_not_null(sender);
	cr_expect_str_eq(bytes_of(sender, sizeof(*sender)),
			 "0:8f 1:f9 2:fd 3:49 4:f5 5:eb 6:3b 7:1f 8:21 9:a6 10:39 11:d5 12:f8 "
			 "13:57 14:09 15:91 "
			 "16:01 24:40 25:61 26:53 27:65 28:22 29:80 "
			 "32:08 58:05 84:0d 134:01 148:04 162:01 ");
	tenant = policy_next_tenant(fixture->policy, &name);
	cr_assert_not_null(tenant);
	cr_expect_str_eq(bytes_of(tenant, sizeof(*tenant)),
			 "0:01 4:40 5:61 6:53 7:65 12:08 112:0d ");
	policy_fixture_free(fixture);
}

Test(policy_export, the_bytes_of_a_standing_stay_as_they_are)
{
	struct policy_fixture *fixture = policy_fixture_new(LIMITED);

	policy_fixture_send(fixture, 11, NOON);
	cr_expect_str_eq(
		bytes_of(&fixture->record, sizeof(fixture->record)),
		"0:62 1:6f 2:62 3:40 4:65 5:78 6:61 7:6d 8:70 9:6c 10:65 11:2e 12:6e 13:65 14:74 "
		"256:ff 257:ff 258:ff 259:ff 260:ff 261:ff 262:ff 263:7f 288:01 ");
	policy_fixture_free(fixture);
}
#endif
