/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection to a database file, whatever its tables are. */
#include "state/database.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

/* The longest wait for another process, or for a checkpoint that blocks writers. */
#define BUSY_TIMEOUT_MS 5000

int database_fail(struct database *database, struct error *error)
{
	int r = -EIO;

	switch (sqlite3_errcode(database->db) & 0xff) {
	case SQLITE_NOMEM:
		r = -ENOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		r = -EBUSY;
		break;
	case SQLITE_FULL:
		r = -ENOSPC;
		break;
	case SQLITE_READONLY:
		r = -EROFS;
		break;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		r = -EACCES;
		break;
	}
	return error_set(error, r, "state file '%s': %s", database->file,
			 sqlite3_errmsg(database->db));
}

const char *database_column(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? text : "";
}

int database_execute(struct database *database, const char *sql, struct error *error)
{
	if (sqlite3_exec(database->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return database_fail(database, error);
	return 0;
}

int database_run(struct database *database, sqlite3_stmt *statement, struct error *error)
{
	int r = sqlite3_step(statement) == SQLITE_DONE ? 0 : database_fail(database, error);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return r;
}

int database_prepare(struct database *database, const char *const *sql, size_t count,
		     sqlite3_stmt ***ret_statements, struct error *error)
{
	sqlite3_stmt **statements = calloc(count, sizeof(*statements));

	if (!statements)
		return error_set(error, -ENOMEM, "out of memory");
	*ret_statements = statements;
	for (size_t i = 0; i < count; i++)
		if (sqlite3_prepare_v3(database->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &statements[i], NULL) != SQLITE_OK)
			return database_fail(database, error);
	return 0;
}

int database_connect(struct database *database, struct error *error)
{
	if (sqlite3_open_v2(database->file, &database->db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		return database_fail(database, error);
	sqlite3_busy_timeout(database->db, BUSY_TIMEOUT_MS);
	return 0;
}
