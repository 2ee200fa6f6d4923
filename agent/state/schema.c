/* SPDX-License-Identifier: BSD-2-Clause */
/* A database file: created, checked, migrated. */
#include "state/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state/database.h"

/* "Post": tells our files from other programs' (PRAGMA application_id). Schemas up to 4 have 0. */
#define APPLICATION_ID	     1349481332
#define STRINGIFY(text)	     STRINGIFY_TEXT(text)
#define STRINGIFY_TEXT(text) #text
#define SCHEMA_WITHOUT_ID    4

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
	"PRAGMA application_id = " STRINGIFY(
		APPLICATION_ID) ";"
				"CREATE TABLE identity (number INTEGER NOT NULL);"
				"INSERT INTO identity VALUES ((random() >> 1) | 2);",
	"CREATE TABLE calendar (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;",
};
#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

/* SQLite would wait for the other end of a pipe, and follow a link. `flags`: O_CREAT, or 0. */
static int check_file(const char *file, int flags, struct error *error)
{
	_cleanup_(close_fd_p) int fd =
		open(file, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | flags, 0640);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set(error, -errno, "state file '%s': %s", file, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "state file '%s': it is no regular file", file);
	return 0;
}

/* Creates the directory and an empty file with our modes, which SQLite's own files inherit. */
static int create_file(const char *file, struct error *error)
{
	_cleanup_(free_p) char *copy = strdup(file);
	const char *directory;

	if (!copy)
		return error_set(error, -ENOMEM, "out of memory");
	directory = dirname(copy);
	if (mkdir(directory, 0750) < 0 && errno != EEXIST)
		return error_set(error, -errno, "directory '%s' of the state file: %s", directory,
				 strerror(errno));
	return check_file(file, O_CREAT, error);
}

static int read_number(struct database *database, const char *sql, int64_t *ret_number,
		       struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(database->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	else
		r = database_fail(database, error);
	sqlite3_finalize(statement);
	return r;
}

/* Numbers that tell whose file it is. */
struct marks {
	int64_t version;
	int64_t application;
	int64_t tables; /* of any name */
	int64_t orders; /* 1: there is our oldest table */
};

static int read_marks(struct database *database, struct marks *ret_marks, struct error *error)
{
	int r = read_number(database, "PRAGMA user_version", &ret_marks->version, error);

	if (r == 0)
		r = read_number(database, "PRAGMA application_id", &ret_marks->application, error);
	if (r == 0)
		r = read_number(database, "SELECT count(*) FROM sqlite_master", &ret_marks->tables,
				error);
	if (r == 0)
		r = read_number(database,
				"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND"
				" name IN ('sender_verdict', 'pool_state', 'address_state')",
				&ret_marks->orders, error);
	return r;
}

static bool is_ours(const struct marks *marks)
{
	if (marks->application == APPLICATION_ID)
		return true;
	if (marks->application != 0)
		return false;
	if (marks->version == 0)
		return marks->tables == 0; /* a new file */
	return marks->version <= SCHEMA_WITHOUT_ID && marks->orders > 0;
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
	int64_t version = 0;
	int r = database_execute(database, "BEGIN IMMEDIATE", error);

	if (r < 0)
		return r;
	r = read_number(database, "PRAGMA user_version", &version, error);
	for (int64_t step = version; r == 0 && step < SCHEMA_VERSION; step++)
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

/* `oldest`: the oldest schema that is taken. */
static int check_marks(struct database *database, int oldest, struct error *error)
{
	struct marks marks = {0};
	int r = read_marks(database, &marks, error);

	if (r < 0)
		return r;
	if (!is_ours(&marks))
		return error_set(error, -EPROTO,
				 "state file '%s': it is the database of another program: name "
				 "another file (state), or remove this one",
				 database->file);
	if (marks.version >= oldest && marks.version <= SCHEMA_VERSION)
		return 0;
	return error_set(
		error, -EPROTO,
		"state file '%s': found schema version %lld, expected %d: a newer file needs a "
		"newer postern",
		database->file, (long long)marks.version, SCHEMA_VERSION);
}

/* Everything that only reads comes first, so that a foreign or damaged file stays as it is. */
static int open_checked(struct database *database, struct error *error)
{
	int r = database_connect(database, error);

	if (r < 0)
		return r;
	/* Otherwise closing would write a leftover log into the file. */
	sqlite3_db_config(database->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = check_marks(database, 0, error);
	if (r < 0)
		return r;
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
	int r = check_file(database->file, 0, error);

	if (r == 0)
		r = database_connect(database, error);
	if (r < 0)
		return r;
	sqlite3_db_config(database->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = database_execute(database, "PRAGMA locking_mode = EXCLUSIVE", error);
	if (r == 0)
		r = check_marks(database, SCHEMA_VERSION, error);
	return r == 0 ? check_pages(database, error) : r;
}

int schema_identity(struct database *database, uint64_t *ret_identity, struct error *error)
{
	int64_t number = 0;
	int r = read_number(database, "SELECT number FROM identity", &number, error);

	if (r == 0)
		*ret_identity = (uint64_t)number;
	return r;
}

int schema_open(struct database *database, struct error *error)
{
	int r = create_file(database->file, error);

	if (r == 0)
		r = open_checked(database, error);
	return r == 0 ? migrate(database, error) : r;
}
