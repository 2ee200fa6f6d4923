/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets, non-blocking and CLOEXEC. Who may connect, and what is served, is the
 * callers'.
 */
#pragma once

#include <stdint.h>

struct address;
struct error;

#define LISTEN_PATH_SIZE 108 /* of a unix socket, NUL included (unix(7)) */

/*
 * A unix socket of mode 0660, in place of a socket file that no process serves. -ENAMETOOLONG;
 * -EADDRINUSE: a process serves it; -EEXIST: the file is no socket; others: bind(2).
 */
int listen_unix(const char *path, int *ret_fd, struct error *error);

/* -EADDRINUSE and what else bind(2) says. */
int listen_tcp(const struct address *address, uint16_t port, int *ret_fd, struct error *error);
