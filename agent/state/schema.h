/* SPDX-License-Identifier: BSD-2-Clause */
/* Within state/: a database file is made, checked and brought to the newest schema. */
#pragma once

struct database;
struct error;

/*
 * Opens `database->file` and its directory, which are made where they do not exist, and brings the schema up to
 * date. Whoever gets an error closes `database->db`. -EPROTO: the schema is newer; -EIO: damaged.
 */
int schema_open(struct database *database, struct error *error);
/* The same, for reading alone: nothing is made or written. -EPROTO: the schema is another one. */
int schema_open_reading(struct database *database, struct error *error);
