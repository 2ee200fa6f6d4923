/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within state/: checkpoints copy the write-ahead log into the database file, by a thread and a
 * connection of their own. A checkpoint waits for the disk (fsync), up to a tenth of a second and
 * more. Writing to the log does not wait, and goes on meanwhile.
 *
 * The log can restart when all of it is copied and nobody has written since. Continuous writing
 * would prevent that: at CHECKPOINT_PAGES_MAX pages, writers wait for the rest.
 */
#pragma once

#include <stddef.h>

#define CHECKPOINT_PAGES     1000 /* of 4 KiB */
#define CHECKPOINT_PAGES_MAX 65536

struct checkpoints;
struct error;

/* Nothing is opened before the first checkpoints_want(). -ENOMEM; -EAGAIN: no thread. */
int checkpoints_new(const char *file, struct checkpoints **ret_checkpoints, struct error *error);
/* Waits for a running checkpoint. */
void checkpoints_free(struct checkpoints *checkpoints);

/* Requests a checkpoint that begins after this call. Returns at once. */
void checkpoints_want(struct checkpoints *checkpoints);
/* A failure since the last call; 0: none. Errors as of database_fail(). */
int checkpoints_take_failure(struct checkpoints *checkpoints, struct error *error);
