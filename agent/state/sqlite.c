/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders and records in one SQLite file. Enums are stored as the words of base/names.h, so that the
 * file reads well and survives a renumbering.
 *
 * synchronous=NORMAL: a commit reaches the kernel, so kill -9 loses nothing, and no call waits for
 * the disk. Orders are put with FULL; the rest reaches the disk with the next checkpoint.
 */
#include "state/sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "state/checkpoints.h"
#include "state/database.h"
#include "state/schema.h"
#include "state/state.h"

enum statement {
	LOAD_POOLS,
	LOAD_ADDRESSES,
	LOAD_ORDERS,
	PUT_POOL,
	PUT_ADDRESS,
	PUT_ORDER,
	DELETE_ORDER,
	LOAD_LOG,
	APPEND,
	TRIM,
	LOAD_RECORDS, /* one for each kind, of these four statements */
	PUT_RECORD = LOAD_RECORDS + STATE_KINDS,
	DELETE_RECORD = PUT_RECORD + STATE_KINDS,
	CLEAR_RECORDS = DELETE_RECORD + STATE_KINDS,
	STATEMENTS = CLEAR_RECORDS + STATE_KINDS,
};
#define STATEMENTS_OF_RECORDS(kind, table)                                                         \
	[LOAD_RECORDS + (kind)] = "SELECT name, bytes FROM " table,                                \
			[PUT_RECORD + (kind)] = "REPLACE INTO " table " VALUES (?, ?)",            \
			[DELETE_RECORD + (kind)] = "DELETE FROM " table " WHERE name = ?",         \
			[CLEAR_RECORDS + (kind)] = "DELETE FROM " table

static const char *const statement_sql[STATEMENTS] = {
	[LOAD_POOLS] = "SELECT pool, state FROM pool_state",
	[LOAD_ADDRESSES] = "SELECT pool, address, state FROM address_state",
	[LOAD_ORDERS] = "SELECT sender, action, pool, until_sec, set_sec FROM sender_verdict",
	[PUT_POOL] = "REPLACE INTO pool_state VALUES (?, ?)",
	[PUT_ADDRESS] = "REPLACE INTO address_state VALUES (?, ?, ?)",
	[PUT_ORDER] = "REPLACE INTO sender_verdict VALUES (?, ?, ?, ?, ?)",
	[DELETE_ORDER] = "DELETE FROM sender_verdict WHERE sender = ? COLLATE NOCASE",
	[LOAD_LOG] = "SELECT bytes FROM count_log ORDER BY place",
	[APPEND] = "INSERT INTO count_log (bytes) VALUES (?)",
	[TRIM] = "DELETE FROM count_log WHERE place <= "
		 "(SELECT max(place) FROM (SELECT place FROM count_log WHERE place <= ?"
		 " ORDER BY place LIMIT ?))",
	STATEMENTS_OF_RECORDS(STATE_SECRETS, "secret"),
	STATEMENTS_OF_RECORDS(STATE_TENANTS, "tenant"),
	STATEMENTS_OF_RECORDS(STATE_STANDINGS, "standing"),
	STATEMENTS_OF_RECORDS(STATE_CALENDAR, "calendar"),
};

struct sqlite_state {
	struct state state;
	struct database database;
	struct checkpoints *checkpoints;
	sqlite3_stmt **statements;
	enum state_kind loading;
};

static struct sqlite_state *from_state(struct state *state)
{
	return (struct sqlite_state *)state;
}

static int bad_word(struct sqlite_state *sqlite, const char *word, struct error *error)
{
	return error_set(error, -EIO, "state file '%s': unknown word '%s'", sqlite->database.file,
			 word);
}

/* A borrowed statement, ready for its arguments. */
static sqlite3_stmt *statement_get(struct sqlite_state *sqlite, int which)
{
	sqlite3_stmt *statement = sqlite->statements[which];

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return statement;
}

static int visit_pool(struct sqlite_state *sqlite, sqlite3_stmt *row,
		      const struct state_visitor *visitor, struct error *error)
{
	const char *word = database_column(row, 1);
	enum pool_state state;

	if (pool_state_parse(word, &state) < 0)
		return bad_word(sqlite, word, error);
	return visitor->pool ? visitor->pool(visitor->data, database_column(row, 0), state) : 0;
}

static int visit_address(struct sqlite_state *sqlite, sqlite3_stmt *row,
			 const struct state_visitor *visitor, struct error *error)
{
	const char *word = database_column(row, 2);
	enum address_state state;

	if (address_state_parse(word, &state) < 0)
		return bad_word(sqlite, word, error);
	if (!visitor->address)
		return 0;
	return visitor->address(visitor->data, database_column(row, 0), database_column(row, 1),
				state);
}

static int visit_order(struct sqlite_state *sqlite, sqlite3_stmt *row,
		       const struct state_visitor *visitor, struct error *error)
{
	struct saved_order order = {
		.sender = database_column(row, 0),
		.pool = database_column(row, 2),
		.until_sec = sqlite3_column_int64(row, 3),
		.set_sec = sqlite3_column_int64(row, 4),
	};

	if (verdict_action_parse(database_column(row, 1), &order.action) < 0)
		return bad_word(sqlite, database_column(row, 1), error);
	return visitor->order ? visitor->order(visitor->data, &order) : 0;
}

static int visit_record(struct sqlite_state *sqlite, sqlite3_stmt *row,
			const struct state_visitor *visitor, struct error *error)
{
	const struct state_record record = {
		.kind = sqlite->loading,
		.name = database_column(row, 0),
		.bytes = sqlite3_column_blob(row, 1),
		.size = (size_t)sqlite3_column_bytes(row, 1),
	};

	(void)error;
	/* No record of ours is empty. */
	return record.bytes ? visitor->record(visitor->data, &record) : 0;
}

static int visit_log(struct sqlite_state *sqlite, sqlite3_stmt *row,
		     const struct state_visitor *visitor, struct error *error)
{
	const void *bytes = sqlite3_column_blob(row, 0);

	(void)sqlite, (void)error;
	return bytes ? visitor->log(visitor->data, bytes, (size_t)sqlite3_column_bytes(row, 0)) : 0;
}

typedef int (*visit_row)(struct sqlite_state *sqlite, sqlite3_stmt *row,
			 const struct state_visitor *visitor, struct error *error);

static int load_table(struct sqlite_state *sqlite, int statement, visit_row visit,
		      const struct state_visitor *visitor, struct error *error)
{
	sqlite3_stmt *row = statement_get(sqlite, statement);
	int r, step;

	for (r = 0; r == 0 && (step = sqlite3_step(row)) == SQLITE_ROW;)
		r = visit(sqlite, row, visitor, error);
	if (r == 0 && step != SQLITE_DONE)
		r = database_fail(&sqlite->database, error);
	sqlite3_reset(row);
	return r;
}

/* The words of small tables are checked even without a visitor for them. */
static int load(struct state *state, const struct state_visitor *visitor, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	int r = load_table(sqlite, LOAD_POOLS, visit_pool, visitor, error);

	if (r == 0)
		r = load_table(sqlite, LOAD_ADDRESSES, visit_address, visitor, error);
	if (r == 0)
		r = load_table(sqlite, LOAD_ORDERS, visit_order, visitor, error);
	for (unsigned kind = 0; r == 0 && visitor->record && kind < STATE_KINDS; kind++) {
		sqlite->loading = (enum state_kind)kind;
		if (visitor->kinds & 1U << kind)
			r = load_table(sqlite, LOAD_RECORDS + (int)kind, visit_record, visitor,
				       error);
	}
	if (r == 0 && visitor->log)
		r = load_table(sqlite, LOAD_LOG, visit_log, visitor, error);
	return r;
}

/* Durable when it returns. In a transaction SQLite leaves `synchronous` as it is. */
static int run_durable(struct sqlite_state *sqlite, sqlite3_stmt *statement, struct error *error)
{
	int r;

	sqlite3_exec(sqlite->database.db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	r = database_run(&sqlite->database, statement, error);
	sqlite3_exec(sqlite->database.db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	return r;
}

/* The text outlives the statement's run, so SQLite need not copy it. */
static void bind_text(sqlite3_stmt *statement, int position, const char *text)
{
	sqlite3_bind_text(statement, position, text, -1, SQLITE_STATIC);
}

static int put_pool(struct state *state, const char *pool, enum pool_state value,
		    struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, PUT_POOL);

	bind_text(statement, 1, pool);
	bind_text(statement, 2, pool_state_name(value));
	return run_durable(sqlite, statement, error);
}

static int put_address(struct state *state, const char *pool, const char *address,
		       enum address_state value, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, PUT_ADDRESS);

	bind_text(statement, 1, pool);
	bind_text(statement, 2, address);
	bind_text(statement, 3, address_state_name(value));
	return run_durable(sqlite, statement, error);
}

static int put_order(struct state *state, const struct saved_order *order, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, PUT_ORDER);

	bind_text(statement, 1, order->sender);
	bind_text(statement, 2, verdict_action_name(order->action));
	bind_text(statement, 3, order->pool);
	sqlite3_bind_int64(statement, 4, order->until_sec);
	sqlite3_bind_int64(statement, 5, order->set_sec);
	return run_durable(sqlite, statement, error);
}

static int delete_order(struct state *state, const char *sender, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, DELETE_ORDER);

	bind_text(statement, 1, sender);
	return run_durable(sqlite, statement, error);
}

/* ---- records */

static sqlite3_stmt *record_statement(struct sqlite_state *sqlite, int first,
				      const struct state_record *record)
{
	sqlite3_stmt *statement = statement_get(sqlite, first + (int)record->kind);

	bind_text(statement, 1, record->name);
	return statement;
}

static int put_record(struct state *state, const struct state_record *record, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = record_statement(sqlite, PUT_RECORD, record);

	sqlite3_bind_blob(statement, 2, record->bytes, (int)record->size, SQLITE_STATIC);
	return database_run(&sqlite->database, statement, error);
}

static int delete_record(struct state *state, const struct state_record *record,
			 struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);

	return database_run(&sqlite->database, record_statement(sqlite, DELETE_RECORD, record),
			    error);
}

static int clear_records(struct state *state, enum state_kind kind, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);

	return database_run(&sqlite->database, statement_get(sqlite, CLEAR_RECORDS + (int)kind),
			    error);
}

static int append(struct state *state, const void *bytes, size_t size, int64_t *ret_place,
		  struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, APPEND);
	int r;

	sqlite3_bind_blob(statement, 1, bytes, (int)size, SQLITE_STATIC);
	r = database_run(&sqlite->database, statement, error);
	if (r == 0)
		*ret_place = sqlite3_last_insert_rowid(sqlite->database.db);
	return r;
}

static int trim(struct state *state, int64_t last, unsigned max, unsigned *ret_count,
		struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, TRIM);
	int r;

	sqlite3_bind_int64(statement, 1, last);
	sqlite3_bind_int64(statement, 2, max);
	r = database_run(&sqlite->database, statement, error);
	if (r == 0)
		*ret_count = (unsigned)sqlite3_changes(sqlite->database.db);
	return r;
}

static int begin(struct state *state, struct error *error)
{
	return database_execute(&from_state(state)->database, "BEGIN IMMEDIATE", error);
}

static void rollback(struct state *state)
{
	sqlite3_exec(from_state(state)->database.db, "ROLLBACK", NULL, NULL, NULL);
}

static int commit(struct state *state, struct error *error)
{
	int r = database_execute(&from_state(state)->database, "COMMIT", error);

	if (r < 0)
		rollback(state);
	return r;
}

/* A checkpoint begins with the log on the disk. */
static int sync_file(struct state *state, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	int r = checkpoints_take_failure(sqlite->checkpoints, error);

	checkpoints_want(sqlite->checkpoints);
	return r;
}

/* After each commit, in place of SQLite's own checkpoints, for which the commit would wait. */
static int on_commit(void *data, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_state *sqlite = data;

	(void)db, (void)name;
	if (pages >= CHECKPOINT_PAGES)
		checkpoints_want(sqlite->checkpoints);
	return SQLITE_OK;
}

static void free_state(struct state *state)
{
	struct sqlite_state *sqlite = from_state(state);

	for (int i = 0; sqlite->statements && i < STATEMENTS; i++)
		sqlite3_finalize(sqlite->statements[i]);
	free(sqlite->statements);
	checkpoints_free(sqlite->checkpoints);
	sqlite3_close(sqlite->database.db);
	free(sqlite->database.file);
	free(sqlite);
}

static void free_state_p(struct sqlite_state **sqlite)
{
	if (*sqlite)
		free_state(&(*sqlite)->state);
}

static const struct state_ops ops = {
	.load = load,
	.put_pool = put_pool,
	.put_address = put_address,
	.put_order = put_order,
	.delete_order = delete_order,
	.put_record = put_record,
	.delete_record = delete_record,
	.clear_records = clear_records,
	.append = append,
	.trim = trim,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.sync = sync_file,
	.free = free_state,
};

static int open_by(int (*open)(struct database *database, struct error *error), const char *file,
		   struct sqlite_state **ret_sqlite, struct error *error)
{
	_cleanup_(free_state_p) struct sqlite_state *sqlite = calloc(1, sizeof(*sqlite));
	int r;

	if (!sqlite)
		return error_set(error, -ENOMEM, "out of memory");
	sqlite->state.ops = &ops;
	sqlite->state.durable = true;
	sqlite->database.file = strdup(file);
	if (!sqlite->database.file)
		return error_set(error, -ENOMEM, "out of memory");
	r = open(&sqlite->database, error);
	if (r == 0)
		r = schema_identity(&sqlite->database, &sqlite->state.identity, error);
	if (r == 0)
		r = database_prepare(&sqlite->database, statement_sql, STATEMENTS,
				     &sqlite->statements, error);
	if (r == 0)
		*ret_sqlite = TAKE_PTR(sqlite);
	return r;
}

int sqlite_open(const char *file, struct state **ret_state, struct error *error)
{
	_cleanup_(free_state_p) struct sqlite_state *sqlite = NULL;
	int r = open_by(schema_open, file, &sqlite, error);

	if (r == 0)
		r = checkpoints_new(file, &sqlite->checkpoints, error);
	if (r < 0)
		return r;
	sqlite3_wal_hook(sqlite->database.db, on_commit, sqlite);
	*ret_state = &TAKE_PTR(sqlite)->state;
	return 0;
}

int sqlite_open_reading(const char *file, struct state **ret_state, struct error *error)
{
	struct sqlite_state *sqlite;
	int r = open_by(schema_open_reading, file, &sqlite, error);

	if (r == 0)
		*ret_state = &sqlite->state;
	return r;
}
