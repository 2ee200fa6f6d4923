/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern down`: undoes exactly the changes that `up` listed in its journal. Flows end; mail waits
 * in its queues.
 *
 *   handles -> hooks -> qdiscs -> pool addresses -> pins -> modes, directories and mount -> journal
 *
 * It also works where some changes are undone already, and where the journal is lost but the pins
 * are there.
 */
#pragma once

struct config;
struct error;

/*
 * Continues after a failure and returns the first one. Where nothing is up it logs that and returns
 * 0. -EPERM: not privileged; -EINVAL: the journal has a line that this version does not know;
 * undo.h's and pins_remove()'s errors.
 */
int down_run(const struct config *config, struct error *error);
