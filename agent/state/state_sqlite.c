// SPDX-License-Identifier: BSD-2-Clause
/*
 * What people set by hand, in one SQLite file. Enums are stored as the words of base/names.h, so that
 * the file reads well and survives a renumbering; what it means for the maps is control's.
 */
#include "state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"

#define BUSY_TIMEOUT_MS 2000

/* Step n brings a file of schema n to schema n + 1. Steps are only ever added. */
static const char *const migrations[] = {
	"CREATE TABLE pool_state (pool TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE address_state (pool TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT "
	"NULL,"
	" PRIMARY KEY (pool, address)) WITHOUT ROWID;"
	"CREATE TABLE sender_verdict (sender TEXT PRIMARY KEY, action TEXT NOT NULL,"
	" pool TEXT NOT NULL, reason TEXT NOT NULL, until_sec INTEGER NOT NULL,"
	" set_sec INTEGER NOT NULL) WITHOUT ROWID;",
};
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

enum statement {
	LOAD_POOLS,
	LOAD_ADDRESSES,
	LOAD_VERDICTS,
	PUT_POOL,
	PUT_ADDRESS,
	PUT_VERDICT,
	DELETE_VERDICT,
	STATEMENTS,
};
static const char *const statement_sql[STATEMENTS] = {
	[LOAD_POOLS] = "SELECT pool, state FROM pool_state",
	[LOAD_ADDRESSES] = "SELECT pool, address, state FROM address_state",
	[LOAD_VERDICTS] =
		"SELECT sender, action, pool, reason, until_sec, set_sec FROM sender_verdict",
	[PUT_POOL] = "REPLACE INTO pool_state VALUES (?, ?)",
	[PUT_ADDRESS] = "REPLACE INTO address_state VALUES (?, ?, ?)",
	[PUT_VERDICT] = "REPLACE INTO sender_verdict VALUES (?, ?, ?, ?, ?, ?)",
	[DELETE_VERDICT] = "DELETE FROM sender_verdict WHERE sender = ?",
};

struct sqlite_state {
	struct state state;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	char *file;
};

static struct sqlite_state *from_state(struct state *state)
{
	return (struct sqlite_state *)state;
}

/* The errno that stands for what SQLite last said, with its text. */
static int fail(struct sqlite_state *sqlite, struct error *error)
{
	int code = -EIO;

	switch (sqlite3_errcode(sqlite->db) & 0xff) {
	case SQLITE_NOMEM:
		code = -ENOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		code = -EBUSY;
		break;
	case SQLITE_FULL:
		code = -ENOSPC;
		break;
	case SQLITE_READONLY:
		code = -EROFS;
		break;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		code = -EACCES;
		break;
	}
	return error_set(error, code, "state file '%s': %s", sqlite->file,
			 sqlite3_errmsg(sqlite->db));
}

static int bad_word(struct sqlite_state *sqlite, const char *word, struct error *error)
{
	return error_set(error, -EIO, "state file '%s': unknown word '%s'", sqlite->file, word);
}

/* A borrowed statement, ready for its arguments. */
static sqlite3_stmt *statement_get(struct sqlite_state *sqlite, enum statement which)
{
	sqlite3_stmt *statement = sqlite->statements[which];

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return statement;
}

/* Columns are NOT NULL, yet a file edited by hand or a full memory may give NULL. */
static const char *column_text(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

static bool reason_parse(const char *name, enum reason *ret_reason)
{
	for (enum reason reason = REASON_GOOD; reason <= REASON_HANDLE; reason++) {
		if (strcmp(reason_name(reason), name) == 0) {
			*ret_reason = reason;
			return true;
		}
	}
	return false;
}

static int visit_pool(struct sqlite_state *sqlite, sqlite3_stmt *row,
		      const struct state_visitor *visitor, struct error *error)
{
	const char *word = column_text(row, 1);
	enum pool_state state;

	if (pool_state_parse(word, &state) < 0)
		return bad_word(sqlite, word, error);
	return visitor->pool ? visitor->pool(visitor->data, column_text(row, 0), state) : 0;
}

static int visit_address(struct sqlite_state *sqlite, sqlite3_stmt *row,
			 const struct state_visitor *visitor, struct error *error)
{
	const char *word = column_text(row, 2);
	enum address_state state;

	if (address_state_parse(word, &state) < 0)
		return bad_word(sqlite, word, error);
	if (!visitor->address)
		return 0;
	return visitor->address(visitor->data, column_text(row, 0), column_text(row, 1), state);
}

static int visit_verdict(struct sqlite_state *sqlite, sqlite3_stmt *row,
			 const struct state_visitor *visitor, struct error *error)
{
	struct state_verdict verdict = {
		.sender = column_text(row, 0),
		.pool = column_text(row, 2),
		.until_sec = sqlite3_column_int64(row, 4),
		.set_sec = sqlite3_column_int64(row, 5),
	};

	if (verdict_action_parse(column_text(row, 1), &verdict.action) < 0)
		return bad_word(sqlite, column_text(row, 1), error);
	if (!reason_parse(column_text(row, 3), &verdict.reason))
		return bad_word(sqlite, column_text(row, 3), error);
	return visitor->verdict ? visitor->verdict(visitor->data, &verdict) : 0;
}

static int load(struct state *state, const struct state_visitor *visitor, struct error *error)
{
	static const struct {
		enum statement statement;
		int (*visit)(struct sqlite_state *sqlite, sqlite3_stmt *row,
			     const struct state_visitor *visitor, struct error *error);
	} tables[] = {
		{LOAD_POOLS, visit_pool},
		{LOAD_ADDRESSES, visit_address},
		{LOAD_VERDICTS, visit_verdict},
	};
	struct sqlite_state *sqlite = from_state(state);

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		sqlite3_stmt *row = statement_get(sqlite, tables[i].statement);
		int code, step;

		for (code = 0; code == 0 && (step = sqlite3_step(row)) == SQLITE_ROW;)
			code = tables[i].visit(sqlite, row, visitor, error);
		if (code == 0 && step != SQLITE_DONE)
			code = fail(sqlite, error);
		sqlite3_reset(row);
		if (code != 0)
			return code;
	}
	return 0;
}

/* Runs a statement whose arguments are bound; durable when it returns. */
static int run(struct sqlite_state *sqlite, sqlite3_stmt *statement, struct error *error)
{
	int code = sqlite3_step(statement) == SQLITE_DONE ? 0 : fail(sqlite, error);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code;
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
	return run(sqlite, statement, error);
}

static int put_address(struct state *state, const char *pool, const char *address,
		       enum address_state value, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, PUT_ADDRESS);

	bind_text(statement, 1, pool);
	bind_text(statement, 2, address);
	bind_text(statement, 3, address_state_name(value));
	return run(sqlite, statement, error);
}

static int put_verdict(struct state *state, const struct state_verdict *verdict,
		       struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, PUT_VERDICT);

	bind_text(statement, 1, verdict->sender);
	bind_text(statement, 2, verdict_action_name(verdict->action));
	bind_text(statement, 3, verdict->pool);
	bind_text(statement, 4, reason_name(verdict->reason));
	sqlite3_bind_int64(statement, 5, verdict->until_sec);
	sqlite3_bind_int64(statement, 6, verdict->set_sec);
	return run(sqlite, statement, error);
}

static int delete_verdict(struct state *state, const char *sender, struct error *error)
{
	struct sqlite_state *sqlite = from_state(state);
	sqlite3_stmt *statement = statement_get(sqlite, DELETE_VERDICT);

	bind_text(statement, 1, sender);
	return run(sqlite, statement, error);
}

static void free_state(struct state *state)
{
	struct sqlite_state *sqlite = from_state(state);

	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(sqlite->statements[i]);
	sqlite3_close(sqlite->db);
	free(sqlite->file);
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
	.put_verdict = put_verdict,
	.delete_verdict = delete_verdict,
	.free = free_state,
};

static int execute(struct sqlite_state *sqlite, const char *sql, struct error *error)
{
	if (sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(sqlite, error);
	return 0;
}

/* Makes the directory and an empty file with our modes, which SQLite's own files then take over. */
static int create_file(const char *file, struct error *error)
{
	_cleanup_(free_p) char *copy = strdup(file);
	_cleanup_(close_fd_p) int fd = -1;
	const char *directory;

	if (!copy)
		return error_set(error, -ENOMEM, "out of memory");
	directory = dirname(copy);
	if (mkdir(directory, 0750) < 0 && errno != EEXIST)
		return error_set(error, -errno, "directory '%s' of the state file: %s", directory,
				 strerror(errno));
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		return error_set(error, -errno, "state file '%s': %s", file, strerror(errno));
	return 0;
}

static int read_schema_version(struct sqlite_state *sqlite, int *ret_version, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int code = 0;

	if (sqlite3_prepare_v2(sqlite->db, "PRAGMA user_version", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		*ret_version = sqlite3_column_int(statement, 0);
	else
		code = fail(sqlite, error);
	sqlite3_finalize(statement);
	return code;
}

static int check_pages(struct sqlite_state *sqlite, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int code = 0;

	if (sqlite3_prepare_v2(sqlite->db, "PRAGMA quick_check(1)", -1, &statement, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		code = fail(sqlite, error);
	else if (strcmp(column_text(statement, 0), "ok") != 0)
		code = error_set(error, -EIO, "state file '%s': damaged: %s", sqlite->file,
				 column_text(statement, 0));
	sqlite3_finalize(statement);
	return code;
}

/* All steps or none; another process that migrates at the same time is waited for. */
static int migrate(struct sqlite_state *sqlite, struct error *error)
{
	char pragma[64];
	int version = 0;
	int code = execute(sqlite, "BEGIN IMMEDIATE", error);

	if (code < 0)
		return code;
	code = read_schema_version(sqlite, &version, error);
	for (int step = version; code == 0 && step < SCHEMA_VERSION; step++)
		code = execute(sqlite, migrations[step], error);
	if (code == 0 && version < SCHEMA_VERSION) {
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", SCHEMA_VERSION);
		code = execute(sqlite, pragma, error);
	}
	if (code == 0)
		code = execute(sqlite, "COMMIT", error);
	if (code < 0)
		sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

static int prepare_statements(struct sqlite_state *sqlite, struct error *error)
{
	for (int i = 0; i < STATEMENTS; i++) {
		if (sqlite3_prepare_v3(sqlite->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &sqlite->statements[i], NULL) != SQLITE_OK)
			return fail(sqlite, error);
	}
	return 0;
}

/* Everything that only reads comes first: a file that is not ours or damaged stays as it is. */
static int open_checked(struct sqlite_state *sqlite, struct error *error)
{
	int version = 0;
	int code;

	if (sqlite3_open_v2(sqlite->file, &sqlite->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return fail(sqlite, error);
	sqlite3_busy_timeout(sqlite->db, BUSY_TIMEOUT_MS);
	/* Else closing would write a left-over WAL into the file. */
	sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	code = read_schema_version(sqlite, &version, error);
	if (code < 0)
		return code;
	if (version < 0 || version > SCHEMA_VERSION)
		return error_set(error, -EPROTO,
				 "state file '%s': its schema is version %d, this program knows %d",
				 sqlite->file, version, SCHEMA_VERSION);
	code = check_pages(sqlite, error);
	if (code < 0)
		return code;
	sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return execute(sqlite, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", error);
}

int state_sqlite_open(const char *file, struct state **ret_state, struct error *error)
{
	_cleanup_(free_state_p) struct sqlite_state *sqlite = calloc(1, sizeof(*sqlite));
	int code;

	if (!sqlite)
		return error_set(error, -ENOMEM, "out of memory");
	sqlite->state.ops = &ops;
	sqlite->state.durable = true;
	sqlite->file = strdup(file);
	if (!sqlite->file)
		return error_set(error, -ENOMEM, "out of memory");
	code = create_file(file, error);
	if (code == 0)
		code = open_checked(sqlite, error);
	if (code == 0)
		code = migrate(sqlite, error);
	if (code == 0)
		code = prepare_statements(sqlite, error);
	if (code == 0)
		*ret_state = &TAKE_PTR(sqlite)->state;
	return code;
}
