/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within state/: the database file itself. What is in its tables is sqlite.c's, their making and
 * the file's soundness schema.c's, getting it onto the disk checkpoints.c's.
 */
#pragma once

#include <sqlite3.h>

#include "state/state.h"

struct checkpoints;
struct error;

struct sqlite_state {
	struct state state;
	sqlite3 *db;
	struct checkpoints *checkpoints;
	sqlite3_stmt **statements;
	enum state_kind loading;
	char *file;
};

/* The errno that stands for what SQLite last said, with its text. */
int sqlite_fail(struct sqlite_state *sqlite, struct error *error);
/* Columns are NOT NULL, yet a file edited by hand or a full memory may give NULL: then "". */
const char *sqlite_column(sqlite3_stmt *statement, int column);
int sqlite_execute(struct sqlite_state *sqlite, const char *sql, struct error *error);

/* Only a connection to `sqlite->file`, in `sqlite->db`. */
int sqlite_connect(struct sqlite_state *sqlite, struct error *error);
/*
 * Opens `sqlite->file`, which may not be there yet, and brings its schema up to date. Whoever gets an
 * error closes `sqlite->db`.
 */
int sqlite_open(struct sqlite_state *sqlite, struct error *error);
/* The same, to read from it alone. -EPROTO: its schema is another. */
int sqlite_open_reading(struct sqlite_state *sqlite, struct error *error);
