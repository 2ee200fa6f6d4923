/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's TCP connections as the kernel lists them (sock_diag(7), by libmnl), and ending some.
 * Works in the network namespace of the caller. Listeners and sockets that are only bound have no
 * remote end and are not among them; connections in TIME-WAIT are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"

struct error;

struct sockdiag_socket {
	struct address source; /* IPv4 on an IPv6 socket is IPv4-mapped, as all IPv4 here */
	struct address destination;
	uint16_t source_port; /* host order */
	uint16_t destination_port;
	uint8_t state;	 /* TCP_ESTABLISHED and so on, of netinet/tcp.h */
	uint8_t family;	 /* the socket's: AF_INET or AF_INET6 */
	uint32_t mark;	 /* 0 without CAP_NET_ADMIN */
	uid_t uid;	 /* of whom it belongs to; 0 in TIME-WAIT, as for root */
	uint64_t cgroup; /* cgroup v2 id; 0: not known */
	uint32_t id[3];	 /* the kernel's own: interface and cookie */
};

/* Whether a connection is meant. */
typedef bool (*sockdiag_filter)(const void *data, const struct sockdiag_socket *socket);

/*
 * Those that `filter` chooses, freed by free(); NULL where there are none. -EOPNOTSUPP: this kernel has
 * no such list (CONFIG_INET_TCP_DIAG); -ENOMEM; -EIO and what else netlink answers.
 */
int sockdiag_list(sockdiag_filter filter, const void *data, struct sockdiag_socket **ret_sockets,
		  size_t *ret_count, struct error *error);

/*
 * Ends those that `filter` chooses: their owners get ECONNABORTED, the other end a reset. Needs
 * CAP_NET_ADMIN. *ret_count: how many; what was gone already does not count. As sockdiag_list(), and
 * -EPERM; -EOPNOTSUPP also: this kernel cannot end a socket of somebody else (CONFIG_INET_DIAG_DESTROY).
 */
int sockdiag_destroy(sockdiag_filter filter, const void *data, size_t *ret_count,
		     struct error *error);
