/* SPDX-License-Identifier: BSD-2-Clause */
/* One dump per family, then one request per socket that ends. */
#include "netlink/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "netlink/request.h"

/* All states with a remote end. */
#define CONNECTED_STATES (~(1U << TCP_LISTEN | 1U << TCP_CLOSE) & ((1U << (TCP_CLOSING + 1)) - 1))

static void socket_close_p(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

static int connect_diag(struct mnl_socket **ret_socket, struct error *error)
{
	_cleanup_(socket_close_p) struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return error_set(error, -errno, "sockets of the host: %s", strerror(errno));
	*ret_socket = TAKE_PTR(socket);
	return 0;
}

static struct inet_diag_req_v2 *put_request(char *buffer, uint16_t type, uint16_t flags,
					    uint32_t sequence, uint8_t family)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request;

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = sequence;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	return request;
}

/* ---- listing */

struct listing {
	sockdiag_filter filter;
	const void *data;
	struct sockdiag_socket *sockets;
	size_t count;
	size_t capacity;
};

static struct address to_address(uint8_t family, const __be32 words[4])
{
	struct address address = {{0}};

	if (family == AF_INET) {
		address.bytes[10] = address.bytes[11] = 0xff;
		memcpy(address.bytes + 12, words, 4);
	} else {
		memcpy(address.bytes, words, sizeof(address.bytes));
	}
	return address;
}

static int read_attribute(const struct nlattr *attribute, void *data)
{
	struct sockdiag_socket *socket = data;

	switch (mnl_attr_get_type(attribute)) {
	case INET_DIAG_MARK:
		if (mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
			socket->mark = mnl_attr_get_u32(attribute);
		break;
	case INET_DIAG_CGROUP_ID:
		if (mnl_attr_validate(attribute, MNL_TYPE_U64) == 0)
			socket->cgroup = mnl_attr_get_u64(attribute);
		break;
	}
	return MNL_CB_OK;
}

static void read_socket(const struct nlmsghdr *header, struct sockdiag_socket *ret_socket)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	const struct inet_diag_sockid *id = &message->id;

	*ret_socket = (struct sockdiag_socket){
		.source = to_address(message->idiag_family, id->idiag_src),
		.destination = to_address(message->idiag_family, id->idiag_dst),
		.source_port = ntohs(id->idiag_sport),
		.destination_port = ntohs(id->idiag_dport),
		.state = message->idiag_state,
		.family = message->idiag_family,
		.uid = message->idiag_uid,
		.id = {id->idiag_if, id->idiag_cookie[0], id->idiag_cookie[1]},
	};
	mnl_attr_parse(header, sizeof(*message), read_attribute, ret_socket);
}

static int take_socket(const struct nlmsghdr *header, void *data)
{
	struct listing *listing = data;
	struct sockdiag_socket socket;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(struct inet_diag_msg))
		return MNL_CB_OK;
	read_socket(header, &socket);
	if (!listing->filter(listing->data, &socket))
		return MNL_CB_OK;
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity ? 2 * listing->capacity : 64;
		struct sockdiag_socket *sockets =
			reallocarray(listing->sockets, capacity, sizeof(*sockets));

		if (!sockets)
			return MNL_CB_ERROR; /* errno is ENOMEM */
		listing->sockets = sockets;
		listing->capacity = capacity;
	}
	listing->sockets[listing->count++] = socket;
	return MNL_CB_OK;
}

static int list_family(struct mnl_socket *socket, uint8_t family, struct listing *listing,
		       struct error *error)
{
	char buffer[REQUEST_BUFFER];
	struct inet_diag_req_v2 *request =
		put_request(buffer, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family, family);
	int r;

	request->idiag_states = CONNECTED_STATES;
	r = request_run(socket, buffer, sizeof(buffer), take_socket, listing);
	/* The module tcp_diag is missing, or may not be loaded. */
	if (r == -ENOENT)
		return error_set(error, -EOPNOTSUPP,
				 "this kernel cannot list TCP sockets: load the module tcp_diag");
	return r < 0 ? error_set(error, r, "listing TCP sockets: %s", strerror(-r)) : 0;
}

static int list(struct mnl_socket *socket, struct listing *listing, struct error *error)
{
	int r = list_family(socket, AF_INET, listing, error);

	return r < 0 ? r : list_family(socket, AF_INET6, listing, error);
}

int sockdiag_list(sockdiag_filter filter, const void *data, struct sockdiag_socket **ret_sockets,
		  size_t *ret_count, struct error *error)
{
	_cleanup_(socket_close_p) struct mnl_socket *socket = NULL;
	struct listing listing = {.filter = filter, .data = data};
	int r = connect_diag(&socket, error);

	if (r == 0)
		r = list(socket, &listing, error);
	if (r < 0) {
		free(listing.sockets);
		return r;
	}
	*ret_sockets = listing.sockets;
	*ret_count = listing.count;
	return 0;
}

/* ---- ending */

static void to_words(uint8_t family, const struct address *address, __be32 words[4])
{
	if (family == AF_INET)
		memcpy(words, address->bytes + 12, 4);
	else
		memcpy(words, address->bytes, 16);
}

static int destroy_one(struct mnl_socket *socket, const struct sockdiag_socket *victim,
		       uint32_t sequence)
{
	char buffer[REQUEST_BUFFER];
	struct inet_diag_req_v2 *request =
		put_request(buffer, SOCK_DESTROY, NLM_F_ACK, sequence, victim->family);
	struct inet_diag_sockid *id = &request->id;

	id->idiag_sport = htons(victim->source_port);
	id->idiag_dport = htons(victim->destination_port);
	to_words(victim->family, &victim->source, id->idiag_src);
	to_words(victim->family, &victim->destination, id->idiag_dst);
	id->idiag_if = victim->id[0];
	id->idiag_cookie[0] = victim->id[1];
	id->idiag_cookie[1] = victim->id[2];
	return request_run(socket, buffer, sizeof(buffer), NULL, NULL);
}

static int destroy_error(int code, struct error *error)
{
	if (code == -EPERM || code == -EACCES)
		return error_set(error, -EPERM,
				 "not permitted to end sockets: run the command as root");
	if (code == -EOPNOTSUPP)
		return error_set(error, code,
				 "this kernel cannot end sockets (CONFIG_INET_DIAG_DESTROY)");
	return error_set(error, code, "ending a socket: %s", strerror(-code));
}

int sockdiag_destroy(sockdiag_filter filter, const void *data, size_t *ret_count,
		     struct error *error)
{
	_cleanup_(socket_close_p) struct mnl_socket *socket = NULL;
	struct listing listing = {.filter = filter, .data = data};
	size_t count = 0;
	int r = connect_diag(&socket, error);

	if (r == 0)
		r = list(socket, &listing, error);
	for (size_t i = 0; r == 0 && i < listing.count; i++) {
		r = destroy_one(socket, &listing.sockets[i], (uint32_t)i + 1);
		if (r == 0)
			count++;
		else if (r == -ENOENT) /* it has ended meanwhile */
			r = 0;
		else
			r = destroy_error(r, error);
	}
	free(listing.sockets);
	if (r == 0)
		*ret_count = count;
	return r;
}
