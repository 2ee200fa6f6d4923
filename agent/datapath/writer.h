/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/: one process at a time writes the agent's maps. The lock is flock() on the
 * directory of the pins: it lives as long as the pins, only root and the agent's user can open it,
 * and the kernel releases it when its holder ends.
 */
#pragma once

struct error;

/* A descriptor for the lock; -1 in *ret_fd where there is no directory yet. An errno of open(2). */
int writer_open(const char *pin_path, int *ret_fd, struct error *error);
/* -EBUSY: another process holds the lock for longer than wait_ms. An errno of flock(2). */
int writer_lock(int fd, unsigned wait_ms);
void writer_unlock(int fd);
