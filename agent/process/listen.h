/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening sockets, non-blocking and CLOEXEC. The caller accepts and serves the connections. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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

/*
 * The file of a unix socket that this process has bound. Somebody may remove it, or put another one
 * in its place: then no client reaches the socket any more.
 */
struct listen_file {
	char path[LISTEN_PATH_SIZE]; /* "": none */
	dev_t device;
	ino_t inode;
};
/* After listen_unix() or listen_private(). */
void listen_note(const char *path, struct listen_file *ret_file);
/* False also for none. */
bool listen_is_lost(const struct listen_file *file);
/* Removes the file, unless it is lost. */
void listen_remove(struct listen_file *file);

/* -EADDRINUSE: the port is taken; other errnos of bind(2). */
int listen_tcp(const struct address *address, uint16_t port, int *ret_fd, struct error *error);
