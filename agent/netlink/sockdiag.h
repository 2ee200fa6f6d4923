/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists and ends the host's TCP connections (sock_diag(7), by libmnl), in the network namespace of
 * the caller. Includes connections in TIME-WAIT; sockets without a remote end are left out.
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
	uid_t uid;	 /* the owner; 0 also in TIME-WAIT */
	uint64_t cgroup; /* cgroup v2 id; 0: unknown */
	uint32_t id[3];	 /* the kernel's: interface and cookie */
};

/* True for a connection to list or to end. */
typedef bool (*sockdiag_filter)(const void *data, const struct sockdiag_socket *socket);

/*
 * The connections that `filter` accepts; the caller frees them; NULL: none. -EOPNOTSUPP: this
 * kernel cannot list them (CONFIG_INET_TCP_DIAG); -ENOMEM; others: netlink's.
 */
int sockdiag_list(sockdiag_filter filter, const void *data, struct sockdiag_socket **ret_sockets,
		  size_t *ret_count, struct error *error);

/*
 * Ends the connections that `filter` accepts: their owners get ECONNABORTED, the remote ends a
 * reset. Needs CAP_NET_ADMIN. *ret_count counts the ended ones. Errors as for sockdiag_list(), and
 * -EPERM; -EOPNOTSUPP also if this kernel cannot end foreign sockets (CONFIG_INET_DIAG_DESTROY).
 */
int sockdiag_destroy(sockdiag_filter filter, const void *data, size_t *ret_count,
		     struct error *error);
