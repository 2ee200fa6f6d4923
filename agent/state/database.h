/* SPDX-License-Identifier: BSD-2-Clause */
/* Within state/: a connection to a database file, and SQLite's errors as ours. */
#pragma once

#include <sqlite3.h>
#include <stddef.h>

struct error;

struct database {
	sqlite3 *db;
	char *file;
};

/* Opens `database->file`, which must exist. Whoever gets an error closes `database->db`. */
int database_connect(struct database *database, struct error *error);
/*
 * Returns the errno that stands for SQLite's last error and describes it: -ENOMEM, -EBUSY, -ENOSPC, -EROFS,
 * -EACCES; -EIO for any other.
 */
int database_fail(struct database *database, struct error *error);
int database_execute(struct database *database, const char *sql, struct error *error);
/* Statements that stay; those that are there after a failure are the caller's, too. */
int database_prepare(struct database *database, const char *const *sql, size_t count,
		     sqlite3_stmt ***ret_statements, struct error *error);
/* Runs a statement that returns no rows and whose arguments are bound. */
int database_run(struct database *database, sqlite3_stmt *statement, struct error *error);
/* Never NULL: an edited file or a lack of memory may give NULL in a column that is NOT NULL. */
const char *database_column(sqlite3_stmt *statement, int column);
