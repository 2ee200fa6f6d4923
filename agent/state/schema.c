/* SPDX-License-Identifier: BSD-2-Clause */
/* A database file: created, checked, migrated. */
#include "state/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state/database.h"

/* Step n migrates schema n to schema n + 1. Steps are only ever added. */
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
	/* One order for each sender, in upper or lower case: the last one. */
	"DELETE FROM sender_verdict WHERE EXISTS (SELECT 1 FROM sender_verdict AS later"
	" WHERE later.sender = sender_verdict.sender COLLATE NOCASE AND"
	" (later.set_sec, later.sender) > (sender_verdict.set_sec, sender_verdict.sender));"
	"CREATE UNIQUE INDEX sender_verdict_name ON sender_verdict (sender COLLATE NOCASE);",
	/* It was "manual" in every row. */
	"ALTER TABLE sender_verdict DROP COLUMN reason;",
};
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

/* Creates the directory and an empty file with our modes, which SQLite's own files inherit. */
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

static int read_schema_version(struct database *database, int *ret_version, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(database->db, "PRAGMA user_version", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		*ret_version = sqlite3_column_int(statement, 0);
	else
		r = database_fail(database, error);
	sqlite3_finalize(statement);
	return r;
}

static int check_pages(struct database *database, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(database->db, "PRAGMA quick_check(1)", -1, &statement, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		r = database_fail(database, error);
	else if (strcmp(database_column(statement, 0), "ok") != 0)
		r = error_set(error, -EIO, "state file '%s': damaged: %s", database->file,
			      database_column(statement, 0));
	sqlite3_finalize(statement);
	return r;
}

/* All steps or none. Waits for another process that migrates at the same time. */
static int migrate(struct database *database, struct error *error)
{
	char pragma[64];
	int version = 0;
	int r = database_execute(database, "BEGIN IMMEDIATE", error);

	if (r < 0)
		return r;
	r = read_schema_version(database, &version, error);
	for (int step = version; r == 0 && step < SCHEMA_VERSION; step++)
		r = database_execute(database, migrations[step], error);
	if (r == 0 && version < SCHEMA_VERSION) {
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", SCHEMA_VERSION);
		r = database_execute(database, pragma, error);
	}
	if (r == 0)
		r = database_execute(database, "COMMIT", error);
	if (r < 0)
		sqlite3_exec(database->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int unknown_schema(const struct database *database, int version, struct error *error)
{
	return error_set(
		error, -EPROTO,
		"state file '%s': found schema version %d, expected %d: a newer file needs a "
		"newer postern",
		database->file, version, SCHEMA_VERSION);
}

/* Everything that only reads comes first, so that a foreign or damaged file stays as it is. */
static int open_checked(struct database *database, struct error *error)
{
	int version = 0;
	int r = database_connect(database, error);

	if (r < 0)
		return r;
	/* Otherwise closing would write a leftover log into the file. */
	sqlite3_db_config(database->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = read_schema_version(database, &version, error);
	if (r < 0)
		return r;
	if (version < 0 || version > SCHEMA_VERSION)
		return unknown_schema(database, version, error);
	r = check_pages(database, error);
	if (r < 0)
		return r;
	sqlite3_db_config(database->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return database_execute(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
				error);
}

/* An exclusive owner has the index of the log in memory, not in a file beside it. */
int schema_open_reading(struct database *database, struct error *error)
{
	int version = 0;
	int r = database_connect(database, error);

	if (r < 0)
		return r;
	sqlite3_db_config(database->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = database_execute(database, "PRAGMA locking_mode = EXCLUSIVE", error);
	if (r == 0)
		r = read_schema_version(database, &version, error);
	if (r == 0 && version != SCHEMA_VERSION)
		r = unknown_schema(database, version, error);
	return r == 0 ? check_pages(database, error) : r;
}

int schema_open(struct database *database, struct error *error)
{
	int r = create_file(database->file, error);

	if (r == 0)
		r = open_checked(database, error);
	return r == 0 ? migrate(database, error) : r;
}
