/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All that differs between the maps and a steering: found by reading alone, then written slice by
 * slice, so that the work between two answers of the agent is small, and the whole of it is by the
 * change and not by the number of senders.
 *
 *   plan_new()    compares; it writes nothing and may run in a thread, while the steering in use
 *                 goes on to write verdicts and states
 *   plan_step()   the next slice, within a turn: additions first, removals last, so that a sender
 *                 is never without a verdict
 *
 * Between the two, and between two slices, the owner may set standings and states and apply orders:
 * an entry of map verdict is made when it is written. Verdicts that another steering writes after
 * plan_new() become due by steering_inherit_connections().
 */
#pragma once

struct error;
struct now;
struct plan;
struct steering;

/*
 * Borrows the steering. -E2BIG: more senders, selectors or addresses than the maps take, also
 * where only old and new ones together are too many; -ENOMEM; or a map cannot be read.
 */
int plan_new(struct steering *steering, const struct now *now, struct plan **ret_plan,
	     struct error *error);
void plan_free(struct plan *plan);

/*
 * 1: more slices are left; 0: the maps follow the steering. The configuration is in force before
 * the first write: if this process is killed midway, the agent finds another configuration than its
 * own, loads the file and completes the maps. After a failure the same slice may be tried again.
 */
int plan_step(struct plan *plan, const struct now *now, struct error *error);
