/* SPDX-License-Identifier: BSD-2-Clause */
/* Within state/: creates, checks and migrates a database file. */
#pragma once

#include <stdint.h>

struct database;
struct error;

/*
 * Opens `database->file`, creates it and its directory where they are missing, and migrates its
 * schema. After an error the caller closes `database->db`. -EPROTO: the schema is newer, or the
 * file is another program's; -EINVAL: no regular file; -EIO: damaged. Such a file stays as it is.
 */
int schema_open(struct database *database, struct error *error);
/* For reading alone: nothing is created or written. -EPROTO: another schema. */
int schema_open_reading(struct database *database, struct error *error);
/* The number of the file (struct state). -EIO: damaged. */
int schema_identity(struct database *database, uint64_t *ret_identity, struct error *error);
