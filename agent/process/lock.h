/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One process of a kind per runtime_dir: flock() on runtime_dir/NAME.lock. The kernel releases it
 * when its holder ends, in whatever way. The file stays: removing it would race with the next
 * holder.
 */
#pragma once

#include <stdint.h>

struct error;

/*
 * `name`: "agent" or "milter". Closing the descriptor, and its copies, releases the lock. -EBUSY:
 * another process holds it; -ENOENT: no directory; -ELOOP: a symbolic link in the file's place;
 * -ENOMEM; an errno of open(2).
 */
int lock_take(const char *runtime_dir, const char *name, int *ret_fd, struct error *error);

/*
 * 0: a process holds the lock, since *ret_since_sec. -ENOENT: none ever did since runtime_dir was
 * made; -ESRCH: none does now; another errno of open(2) or flock(2): unknown.
 */
int lock_look(const char *runtime_dir, const char *name, int64_t *ret_since_sec);
