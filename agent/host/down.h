/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern down`: undoes exactly what `up` did, by its journal. Flows end; mail waits in its queues.
 *
 *   handles -> hooks -> qdiscs -> pool addresses -> pins -> modes, directories and mount -> journal
 *
 * Works where some of it is gone already, and where the journal is lost but pins are there. Where
 * nothing is up it says so and returns 0.
 */
#pragma once

struct config;
struct error;

/* Goes on after a failure, so that as much as can be is undone; the first one is returned. */
int down_run(const struct config *config, struct error *error);
