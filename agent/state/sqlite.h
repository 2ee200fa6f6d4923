/* SPDX-License-Identifier: BSD-2-Clause */
/* A state in one SQLite file. */
#pragma once

struct error;
struct state;

/*
 * Opens or creates `file` and its directory (0750). PRAGMA user_version is the schema's version: an older schema
 * is migrated, a newer one refused (-EPROTO). -EIO: not a database, or damaged; the file is left alone.
 */
int sqlite_open(const char *file, struct state **ret_state, struct error *error);

/*
 * For reading alone, of a file for whose log the disk has no space. To be closed again soon: nobody else can open
 * the file meanwhile. -EPROTO: another schema.
 */
int sqlite_open_reading(const char *file, struct state **ret_state, struct error *error);
