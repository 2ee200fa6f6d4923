/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets, non-blocking and CLOEXEC. The caller accepts and serves the connections. */
#pragma once

#include <stdint.h>

struct address;
struct error;

#define LISTEN_PATH_SIZE 108 /* of a unix socket, NUL included (unix(7)) */

/*
 * A unix socket of mode 0660, in place of a socket file that no process serves. -ENAMETOOLONG;
 * -EADDRINUSE: a process serves it; -EEXIST: the file is not a socket; an errno of bind(2).
 */
int listen_unix(const char *path, int *ret_fd, struct error *error);

/* The same of mode 0600: for its user and root. */
int listen_private(const char *path, int *ret_fd, struct error *error);

/* -EADDRINUSE: the port is taken; other errnos of bind(2). */
int listen_tcp(const struct address *address, uint16_t port, int *ret_fd, struct error *error);
