/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks the kernel for the interface by which a packet with a source would leave. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "netlink/netlink.h"
#include "netlink/request.h"
#include "netlink/socket.h"

/* Two hosts of the Internet, as a table may route its two halves apart. Nothing is sent to them. */
static const char *const probes[2][2] = {{"8.8.8.8", "199.7.83.42"},
					 {"2001:500:2f::f", "2a00:1450::1"}};

static int take_index(const struct nlmsghdr *header, void *data)
{
	const struct rtmsg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, header,
			  sizeof(*message)) if (mnl_attr_get_type(attribute) == RTA_OIF) *
		(int *)data = (int)mnl_attr_get_u32(attribute);
	return MNL_CB_STOP;
}

static int look_up(struct mnl_socket *socket, const struct address *source, const char *probe,
		   int *ret_index)
{
	static unsigned sequence;
	bool ipv4 = address_is_ipv4(source);
	size_t size = ipv4 ? 4 : 16;
	char buffer[REQUEST_BUFFER];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct rtmsg *message;
	uint8_t destination[16];

	header->nlmsg_type = RTM_GETROUTE;
	header->nlmsg_flags = NLM_F_REQUEST;
	header->nlmsg_seq = ++sequence;
	message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
	message->rtm_family = ipv4 ? AF_INET : AF_INET6;
	message->rtm_src_len = message->rtm_dst_len = (uint8_t)(size * 8);
	inet_pton(message->rtm_family, probe, destination);
	mnl_attr_put(header, RTA_DST, size, destination);
	mnl_attr_put(header, RTA_SRC, size, source->bytes + 16 - size);
	mnl_attr_put_u8(header, RTA_IP_PROTO, IPPROTO_TCP);
	mnl_attr_put_u16(header, RTA_DPORT, htons(25));
	*ret_index = 0;
	return request_run(socket, buffer, sizeof(buffer), take_index, ret_index);
}

/* The kernel's answers for routes of type unreachable, prohibit and blackhole, and for none. */
static bool is_no_route(int r)
{
	return r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL;
}

int netlink_uplink(struct netlink *netlink, const struct address *source, int *ret_index,
		   struct error *error)
{
	const char *const *of_family = probes[!address_is_ipv4(source)];
	int index[2];

	for (size_t i = 0; i < 2; i++) {
		int r = look_up(netlink->dumps, source, of_family[i], &index[i]);
		char text[ADDRESS_TEXT_SIZE];

		if (r && !is_no_route(r))
			return error_set(error, r, "route from %s: %s",
					 address_format(source, text), strerror(-r));
	}
	if (index[0] != index[1])
		return -EAGAIN;
	*ret_index = index[0];
	return 0;
}
