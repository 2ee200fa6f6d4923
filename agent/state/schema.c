/* SPDX-License-Identifier: BSD-2-Clause */
/* A database file: made, checked, migrated. */
#include "state/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Who waits for another process, or for a checkpoint that holds writers up. */
#define BUSY_TIMEOUT_MS 5000

/* Step n brings a file of schema n to schema n + 1. Steps are only ever added. */
static const char *const migrations[] = {
	"CREATE TABLE pool_state (pool TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE address_state (pool TEXT NOT NULL, address TEXT NOT NULL, state TEXT NOT "
	"NULL,"
	" PRIMARY KEY (pool, address)) WITHOUT ROWID;"
	"CREATE TABLE sender_verdict (sender TEXT PRIMARY KEY, action TEXT NOT NULL,"
	" pool TEXT NOT NULL, reason TEXT NOT NULL, until_sec INTEGER NOT NULL,"
	" set_sec INTEGER NOT NULL) WITHOUT ROWID;",
	"CREATE TABLE secret (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE tenant (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE standing (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE count_log (place INTEGER PRIMARY KEY, bytes BLOB NOT NULL);",
	/* A sender has one verdict, however its name is written: the last that was set. */
	"DELETE FROM sender_verdict WHERE EXISTS (SELECT 1 FROM sender_verdict AS later"
	" WHERE later.sender = sender_verdict.sender COLLATE NOCASE AND"
	" (later.set_sec, later.sender) > (sender_verdict.set_sec, sender_verdict.sender));"
	"CREATE UNIQUE INDEX sender_verdict_name ON sender_verdict (sender COLLATE NOCASE);",
};
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

int sqlite_fail(struct sqlite_state *sqlite, struct error *error)
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

const char *sqlite_column(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

int sqlite_execute(struct sqlite_state *sqlite, const char *sql, struct error *error)
{
	if (sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(sqlite, error);
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
		code = sqlite_fail(sqlite, error);
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
		code = sqlite_fail(sqlite, error);
	else if (strcmp(sqlite_column(statement, 0), "ok") != 0)
		code = error_set(error, -EIO, "state file '%s': damaged: %s", sqlite->file,
				 sqlite_column(statement, 0));
	sqlite3_finalize(statement);
	return code;
}

/* All steps or none; another process that migrates at the same time is waited for. */
static int migrate(struct sqlite_state *sqlite, struct error *error)
{
	char pragma[64];
	int version = 0;
	int code = sqlite_execute(sqlite, "BEGIN IMMEDIATE", error);

	if (code < 0)
		return code;
	code = read_schema_version(sqlite, &version, error);
	for (int step = version; code == 0 && step < SCHEMA_VERSION; step++)
		code = sqlite_execute(sqlite, migrations[step], error);
	if (code == 0 && version < SCHEMA_VERSION) {
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", SCHEMA_VERSION);
		code = sqlite_execute(sqlite, pragma, error);
	}
	if (code == 0)
		code = sqlite_execute(sqlite, "COMMIT", error);
	if (code < 0)
		sqlite3_exec(sqlite->db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

int sqlite_connect(struct sqlite_state *sqlite, struct error *error)
{
	if (sqlite3_open_v2(sqlite->file, &sqlite->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return sqlite_fail(sqlite, error);
	sqlite3_busy_timeout(sqlite->db, BUSY_TIMEOUT_MS);
	return 0;
}

static int unknown_schema(const struct sqlite_state *sqlite, int version, struct error *error)
{
	return error_set(error, -EPROTO,
			 "state file '%s': its schema is version %d, this program knows %d",
			 sqlite->file, version, SCHEMA_VERSION);
}

/* Everything that only reads comes first: a file that is not ours or damaged stays as it is. */
static int open_checked(struct sqlite_state *sqlite, struct error *error)
{
	int version = 0;
	int code = sqlite_connect(sqlite, error);

	if (code < 0)
		return code;
	/* Else closing would write a left-over WAL into the file. */
	sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	code = read_schema_version(sqlite, &version, error);
	if (code < 0)
		return code;
	if (version < 0 || version > SCHEMA_VERSION)
		return unknown_schema(sqlite, version, error);
	code = check_pages(sqlite, error);
	if (code < 0)
		return code;
	sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return sqlite_execute(sqlite, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
			      error);
}

/* Who has the file alone keeps the index of its log in memory, not in a file beside it. */
int sqlite_open_reading(struct sqlite_state *sqlite, struct error *error)
{
	int version = 0;
	int code = sqlite_connect(sqlite, error);

	if (code < 0)
		return code;
	sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	code = sqlite_execute(sqlite, "PRAGMA locking_mode = EXCLUSIVE", error);
	if (code == 0)
		code = read_schema_version(sqlite, &version, error);
	if (code == 0 && version != SCHEMA_VERSION)
		code = unknown_schema(sqlite, version, error);
	return code == 0 ? check_pages(sqlite, error) : code;
}

int sqlite_open(struct sqlite_state *sqlite, struct error *error)
{
	int code = create_file(sqlite->file, error);

	if (code == 0)
		code = open_checked(sqlite, error);
	return code == 0 ? migrate(sqlite, error) : code;
}
