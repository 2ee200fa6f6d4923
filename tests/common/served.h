/* SPDX-License-Identifier: BSD-2-Clause */
/* Servers in child processes, and where they are reached. A child ends with the test, however that ends. */
#pragma once

#include <sys/types.h>

/*
 * Runs `serve` in a child and returns when it has written a byte to its descriptor; one that ends before
 * fails the test. `serve` need not return.
 */
pid_t served_start(void (*serve)(int ready));
/* Sends the signal (0: none) and awaits the end: the exit status, or 128 + the signal that ended it. */
int served_end(pid_t pid, int signal);

/* A connection to a unix socket. */
int served_dial(const char *path);

/* An address of loopback that only this process uses: whatever else runs, all its ports are free. */
const char *served_loopback(void);
