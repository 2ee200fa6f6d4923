/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes postern_gen, which pauses the running programs while their maps are copied, and puts
 * another generation in force. Only one `up` at a time writes it (host/runtime.h). All but
 * quiesce_for_good() is for datapath/ only.
 *
 *   in force ─begin──► paused ─stop──► none in force ─force──► the new generation in force
 *      ▲                 │
 *      ├─cancel──────────┤
 *      └─`up` is killed; QUIESCE_SEC later
 *
 * Killed while no generation is in force, `up` leaves steered packets dropped until the next `up`:
 * some pins are replaced already, and no program may change a map that nobody opens again.
 */
#pragma once

#include <stdint.h>

struct error;

#define QUIESCE_SEC 2

struct quiesce {
	int fd; /* of postern_gen, borrowed */
	uint64_t in_force;
	uint64_t until_ns;
};

/* Every program that began before the pause has ended when it returns. */
int quiesce_begin(int generation_fd, struct quiesce *ret_quiesce, struct error *error);
/*
 * Pauses for QUIESCE_SEC from now. -ETIMEDOUT: the pause had expired, so the copy is out of date.
 */
int quiesce_extend(struct quiesce *quiesce, struct error *error);
/* No generation is in force from now on. -ETIMEDOUT: as above; quiesce_cancel() follows. */
int quiesce_stop(struct quiesce *quiesce, struct error *error);
void quiesce_cancel(struct quiesce *quiesce);
/*
 * For `down`: steered packets are dropped until the next `up`. When it returns, no program that
 * began before still runs.
 */
int quiesce_for_good(const char *pin_path, struct error *error);
int quiesce_force(int generation_fd, uint64_t generation, struct error *error);
