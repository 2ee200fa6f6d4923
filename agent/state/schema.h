/* SPDX-License-Identifier: BSD-2-Clause */
/* Within state/: creates, checks and migrates a database file. */
#pragma once

struct database;
struct error;

/*
 * Opens `database->file`, creates it and its directory where they are missing, and migrates its
 * schema. After an error the caller closes `database->db`. -EPROTO: the schema is newer; -EIO:
 * damaged.
 */
int schema_open(struct database *database, struct error *error);
/* For reading alone: nothing is created or written. -EPROTO: another schema. */
int schema_open_reading(struct database *database, struct error *error);
