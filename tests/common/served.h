/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers in child processes, and their addresses. A child ends with its test, however the test
 * ends.
 */
#pragma once

#include <sys/types.h>

/*
 * Runs `serve` in a child and returns once it has written a byte to its descriptor. Fails the test
 * if the child ends before. `serve` need not return.
 */
pid_t served_start(void (*serve)(int ready));
/*
 * Sends the signal (0: none) and awaits the end. Returns the exit status, or 128 + the signal that
 * ended it.
 */
int served_end(pid_t pid, int signal);

/* A connection to a unix socket. */
int served_dial(const char *path);

/* An address of loopback for this process alone: all its ports are free. */
const char *served_loopback(void);
