/* SPDX-License-Identifier: BSD-2-Clause */
/* A state file in a directory of its own, and everything in it as text. */
#include "unit/state_fixture.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "state/sqlite.h"

char state_fixture_directory[] = "/tmp/postern-records-XXXXXX";
char state_fixture_file[128];
struct error state_fixture_error;

void state_fixture_open(void)
{
	cr_assert_not_null(mkdtemp(state_fixture_directory));
	snprintf(state_fixture_file, sizeof(state_fixture_file), "%s/state.db",
		 state_fixture_directory);
}

void state_fixture_close(void)
{
	char command[128];

	umount2(state_fixture_directory, MNT_DETACH);
	snprintf(command, sizeof(command), "rm -rf '%s'", state_fixture_directory);
	cr_assert_eq(system(command), 0);
}

struct state *state_fixture_open_state(void)
{
	struct state *state = NULL;

	cr_assert_eq(sqlite_open(state_fixture_file, &state, &state_fixture_error), 0, "%s",
		     state_fixture_error.text);
	return state;
}

struct state_record state_fixture_record_of(enum state_kind kind, const char *key,
					    const char *bytes)
{
	return (struct state_record){kind, key, bytes, strlen(bytes)};
}

void state_fixture_put(struct state *state, enum state_kind kind, const char *key,
		       const char *bytes)
{
	const struct state_record record = state_fixture_record_of(kind, key, bytes);

	cr_assert_eq(state->ops->put_record(state, &record, &state_fixture_error), 0, "%s",
		     state_fixture_error.text);
}

static int see_record(void *data, const struct state_record *record)
{
	fprintf(data, "%d %s=%.*s\n", record->kind, record->name, (int)record->size,
		(const char *)record->bytes);
	return 0;
}

static int see_pool(void *data, const char *pool, enum pool_state state)
{
	fprintf(data, "pool %s %d\n", pool, state);
	return 0;
}

static int see_order(void *data, const struct saved_order *verdict)
{
	fprintf(data, "verdict %s\n", verdict->sender);
	return 0;
}

static int see_log(void *data, const void *bytes, size_t size)
{
	fprintf(data, "log %.*s\n", (int)size, (const char *)bytes);
	return 0;
}

static char seen[4096];

const char *state_fixture_all_of(struct state *state, unsigned kinds)
{
	struct state_visitor visitor = {.pool = see_pool,
					.order = see_order,
					.record = see_record,
					.kinds = kinds,
					.log = see_log};

	visitor.data = fmemopen(seen, sizeof(seen), "w");
	cr_assert_eq(state->ops->load(state, &visitor, &state_fixture_error), 0, "%s",
		     state_fixture_error.text);
	fclose(visitor.data);
	return seen;
}

void state_fixture_execute(const char *sql)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(state_fixture_file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

int64_t state_fixture_append(struct state *state, const char *bytes)
{
	int64_t place = 0;

	cr_assert_eq(state->ops->append(state, bytes, strlen(bytes), &place, &state_fixture_error),
		     0, "%s", state_fixture_error.text);
	return place;
}
