/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: postern_gen, by which the running programs are held still while their maps are
 * copied, and others are put in force. Only one `up` at a time writes it (process/lock.h).
 *
 *   in force ─still_begin──► still ─still_stop──► none in force ─still_force──► the others in force
 *       ▲                      │
 *       └──still_cancel, or ───┘
 *          killed: STILL_SEC later
 *
 * Killed while none is in force, what goes to or comes from a steered port is dropped until the next `up`: the
 * pins are being exchanged, and no program may change maps that nobody will find again.
 */
#pragma once

#include <stdint.h>

struct error;

#define STILL_SEC 2

struct still {
	int fd; /* of postern_gen, borrowed */
	uint64_t in_force;
	uint64_t until_ns;
};

/* When it returns, no program is running any more that had begun before. */
int still_begin(int generation_fd, struct still *ret_still, struct error *error);
/* For STILL_SEC from now. -ETIMEDOUT: it had lapsed; what was copied is not what there is. */
int still_extend(struct still *still, struct error *error);
/* None in force from now on. -ETIMEDOUT: as above, and cancelled. */
int still_stop(struct still *still, struct error *error);
void still_cancel(struct still *still);
int still_force(int generation_fd, uint64_t number, struct error *error);
