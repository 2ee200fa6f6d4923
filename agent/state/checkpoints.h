/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within state/: from the write-ahead log into the database file, by a thread and a connection of their
 * own. A checkpoint waits for the disk (fsync), up to a tenth of a second and more; writing to the log
 * does not, and goes on meanwhile.
 *
 * The log can begin anew when all of it was copied and nobody has written since. Under writing without a
 * pause that would never be so: once it has CHECKPOINT_PAGES_MAX pages, writers are held up for the rest.
 */
#pragma once

#include <stddef.h>

#define CHECKPOINT_PAGES     1000 /* of 4 KiB */
#define CHECKPOINT_PAGES_MAX 65536

struct checkpoints;
struct error;

/* Nothing is opened before the first call of checkpoints_want(). -ENOMEM; -EAGAIN: no thread to be had. */
int checkpoints_new(const char *file, struct checkpoints **ret_checkpoints, struct error *error);
/* Waits for the one that runs. */
void checkpoints_free(struct checkpoints *checkpoints);

/* One that begins after this call. Returns at once. */
void checkpoints_want(struct checkpoints *checkpoints);
/* The failure of one since the last call, 0: none. -EIO, -ENOSPC and so on, as database_fail(). */
int checkpoints_take_failure(struct checkpoints *checkpoints, struct error *error);
