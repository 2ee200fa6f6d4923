/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state for `up`. A child of the agent's user opens the file, which that user can exchange at
 * any moment, and which a library parses; root reads the child's answer only.
 */
#pragma once

struct config;
struct error;
struct state;

#define UP_STATE_WAIT_MS 10000

/*
 * A state for reading. It is not current where a part could not be read, and *error says why.
 * -ETIMEDOUT: the child did not answer; -EBADMSG: it ended too early; -ENOMEM; an errno of fork(2)
 * or pipe(2).
 */
int up_state_read(const struct config *config, struct state **ret_state, struct error *error);
