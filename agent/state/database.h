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

/* Opens `database->file`, which must exist. After an error the caller closes `database->db`. */
int database_connect(struct database *database, struct error *error);
/*
 * SQLite's last error with its text, as an errno: -ENOMEM, -EBUSY, -ENOSPC, -EROFS, -EACCES; -EIO:
 * any other.
 */
int database_fail(struct database *database, struct error *error);
int database_execute(struct database *database, const char *sql, struct error *error);
/*
 * Statements that live as long as the connection. After an error the caller frees those that are
 * there.
 */
int database_prepare(struct database *database, const char *const *sql, size_t count,
		     sqlite3_stmt ***ret_statements, struct error *error);
/* Runs a statement that returns no rows and whose arguments are bound. */
int database_run(struct database *database, sqlite3_stmt *statement, struct error *error);
/* Never NULL, although an edited file or a lack of memory can give NULL in a NOT NULL column. */
const char *database_column(sqlite3_stmt *statement, int column);
