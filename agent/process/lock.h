/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One agent per runtime_dir: flock() on runtime_dir/agent.lock, which the kernel lets go of when its
 * holder ends, however that happens. The file stays; removing it would race with the next holder.
 */
#pragma once

struct error;

/* Held until the descriptor and its copies are closed. -EBUSY: an agent runs; -ENOENT: no directory. */
int lock_take(const char *runtime_dir, int *ret_fd, struct error *error);
