/* SPDX-License-Identifier: BSD-2-Clause */
/* Within netlink/ only: the sockets, and the translation of libnl's errors. */
#pragma once

struct error;
struct mnl_socket;
struct nl_sock;

struct netlink {
	struct nl_sock *socket;
	struct mnl_socket *dumps;
};

/* Sets "FORMAT: libnl's text" and returns the negative errno closest to libnl's code. */
int netlink_error(struct error *error, int nl_code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
