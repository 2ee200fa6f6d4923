/* SPDX-License-Identifier: BSD-2-Clause */
/* A state as bytes: whole, in part, and forged. */
#include "state/snapshot.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "unit/scratch.h"

static struct error error;
static char seen[512];

TestSuite(state_snapshot, .init = scratch_open, .fini = scratch_close);

static void note(const char *format, const char *a, const char *b, long long value)
{
	size_t used = strlen(seen);

	snprintf(seen + used, sizeof(seen) - used, format, a, b, value);
}

static int see_pool(void *data, const char *pool, enum pool_state state)
{
	(void)data;
	note("pool %s%s %lld\n", pool, "", state);
	return 0;
}

static int see_address(void *data, const char *pool, const char *address, enum address_state state)
{
	(void)data;
	note("address %s %s %lld\n", pool, address, state);
	return 0;
}

static int see_order(void *data, const struct saved_order *order)
{
	(void)data;
	note("order %s %s %lld\n", order->sender, order->pool, order->until_sec);
	return 0;
}

static int see_record(void *data, const struct state_record *record)
{
	(void)data;
	note("record %s %.3s %lld\n", record->name, record->bytes, (long long)record->size);
	return 0;
}

static const struct state_visitor all = {.pool = see_pool,
					 .address = see_address,
					 .order = see_order,
					 .record = see_record,
					 .kinds = 1U << STATE_STANDINGS};

static struct state *fill(void)
{
	const struct saved_order order = {
		.sender = "tenant", .action = VERDICT_STEER, .pool = "relay", .until_sec = 5};
	const struct state_record record = {STATE_STANDINGS, "tenant", "abc", 3};
	struct state *state;

	cr_assert_eq(sqlite_open(scratch_path("state.db"), &state, &error), 0, "%s", error.text);
	cr_assert_eq(state->ops->put_pool(state, "relay", POOL_DISABLED, &error), 0);
	cr_assert_eq(state->ops->put_address(state, "relay", "192.0.2.1", ADDRESS_DRAINING, &error),
		     0);
	cr_assert_eq(state->ops->put_order(state, &order, &error), 0);
	cr_assert_eq(state->ops->put_record(state, &record, &error), 0);
	return state;
}

static char *bytes_of(struct state *state, size_t *ret_size)
{
	char *bytes = NULL;
	FILE *stream = open_memstream(&bytes, ret_size);

	cr_assert_eq(snapshot_write(state, &error, stream), 0);
	fclose(stream);
	return bytes;
}

Test(state_snapshot, has_all_that_up_needs)
{
	struct state *state = fill(), *copy;
	uint64_t identity = state->identity;
	size_t size;
	char *bytes = bytes_of(state, &size);

	state_free(state);
	error.text[0] = '\0';
	cr_assert_eq(snapshot_read(bytes, size, &copy, &error), 0, "%s", error.text);
	cr_assert(state_is_current(copy));
	cr_assert_eq(copy->identity, identity);
	cr_assert_str_eq(error.text, "");
	cr_assert_eq(copy->ops->load(copy, &all, &error), 0);
	cr_assert_str_eq(seen, "pool relay 2\naddress relay 192.0.2.1 2\norder tenant relay 5\n"
			       "record tenant abc 3\n");
	state_free(copy);
}

Test(state_snapshot, of_no_state_is_empty_and_says_why)
{
	struct state *copy;
	size_t size;
	char *bytes;

	error_set(&error, 0, "the disk is gone");
	bytes = bytes_of(NULL, &size);
	error.text[0] = '\0';
	cr_assert_eq(snapshot_read(bytes, size, &copy, &error), 0);
	cr_assert_not(state_is_current(copy));
	cr_assert_str_eq(error.text, "the disk is gone");
	cr_assert_eq(copy->ops->load(copy, &all, &error), 0);
	cr_assert_str_eq(seen, "");
	state_free(copy);
}

Test(state_snapshot, cut_anywhere_is_refused)
{
	struct state *state = fill(), *copy;
	_cleanup_(free_p) char *bytes = NULL;
	size_t size;

	bytes = bytes_of(state, &size);
	state_free(state);
	for (size_t cut = 0; cut < size; cut++) {
		char *part = malloc(cut + 1);

		memcpy(part, bytes, cut);
		cr_assert_eq(snapshot_read(part, cut, &copy, &error), -EBADMSG, "cut at %zu", cut);
	}
}

/* Its writer may be anybody: no byte leads outside, and no value is one that no version writes. */
Test(state_snapshot, with_any_byte_changed_is_read_or_refused_within_its_bounds)
{
	struct state *state = fill(), *copy;
	_cleanup_(free_p) char *bytes = NULL;
	size_t size;

	bytes = bytes_of(state, &size);
	state_free(state);
	for (size_t i = 0; i < size * 4; i++) {
		char *changed = malloc(size);

		memcpy(changed, bytes, size);
		changed[i / 4] = (char)(changed[i / 4] ^ (i % 4 ? 0x11 << i % 4 : 0xff));
		seen[0] = '\0';
		if (snapshot_read(changed, size, &copy, &error) < 0)
			continue;
		cr_assert_eq(copy->ops->load(copy, &all, &error), 0);
		state_free(copy);
	}
}
