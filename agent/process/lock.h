/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process of a kind per runtime_dir: flock() on runtime_dir/NAME.lock, which the kernel lets go
 * of when its holder ends, however that happens. The file stays; removing it would race with the
 * next holder.
 */
#pragma once

#include <stdint.h>

struct error;

/*
 * `name`: "agent" or "milter". Held until the descriptor and its copies are closed. -EBUSY: one
 * runs; -ENOENT: no directory.
 */
int lock_take(const char *runtime_dir, const char *name, int *ret_fd, struct error *error);

/*
 * Whether it is held: 0, with the time at which its holder took it. -ENOENT: never since
 * runtime_dir was made; -ESRCH: not now; else why that cannot be found out.
 */
int lock_look(const char *runtime_dir, const char *name, int64_t *ret_since_sec);
