/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A state as bytes, so that a process without rights can read the file for one that has them. The
 * reader of the bytes trusts none of them.
 *
 * It has the states of pools and addresses, orders, standings and the calendar; neither counts nor
 * secrets.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct error;
struct state;

/* Far more than a state with the most standings has. */
#define SNAPSHOT_BYTES_MAX (256u << 20)

/*
 * Writes as much of `state` as can be read, and then why the rest could not. -EIO: the stream took
 * no more. `state` NULL: none of it can be read, and `error` says why.
 */
int snapshot_write(struct state *state, const struct error *error, FILE *stream);

/*
 * Takes `bytes`, which free() frees, also on failure. The result answers load() only; it is not
 * current (state_is_current()) where a part could not be read, and *error says why. -EBADMSG: the
 * bytes are no snapshot; -ENOMEM.
 */
int snapshot_read(void *bytes, size_t size, struct state **ret_state, struct error *error);
