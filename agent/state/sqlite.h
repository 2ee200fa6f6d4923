/* SPDX-License-Identifier: BSD-2-Clause */
/* A state in one SQLite file. */
#pragma once

struct error;
struct state;

/*
 * Opens or creates `file` and its directory (0750). PRAGMA user_version is the version of the
 * schema: an older one is migrated, a newer one refused (-EPROTO). -EIO: not a database, or
 * damaged; the file stays as it is.
 */
int sqlite_open(const char *file, struct state **ret_state, struct error *error);

/*
 * For reading alone, where the disk has no space for the log. Close it soon: nobody else can open
 * the file meanwhile. -EPROTO: another schema.
 */
int sqlite_open_reading(const char *file, struct state **ret_state, struct error *error);
