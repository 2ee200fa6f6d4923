/* SPDX-License-Identifier: BSD-2-Clause */
/* Within netlink/ only: the socket, and how libnl's errors become ours. */
#pragma once

struct error;
struct nl_sock;

struct netlink {
	struct nl_sock *socket;
};

/* libnl has codes of its own, negative as well; returns the negative errno closest to it. */
int netlink_errno(int nl_code);

/* Sets "DOING: libnl's words" and returns netlink_errno(nl_code). */
int netlink_error(struct error *error, int nl_code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
