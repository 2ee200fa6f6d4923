/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptions of the packets that most tests send. */
#include "packet/rig.h"

static struct packet_spec spec_from(const char *source, bool ipv6, uint8_t flags)
{
	return (struct packet_spec){
		.source = source,
		.destination = ipv6 ? REMOTE6 : REMOTE4,
		.source_port = 40000,
		.destination_port = 25,
		.flags = flags,
		.sequence = flags == SYN ? 1000 : 1001,
		.acknowledgement = flags & ACK ? 5001 : 0,
		.payload_bytes = flags & PSH ? 99 : 0,
		.no_link = rig_is_l3(),
	};
}

struct packet_spec rig_inside(bool ipv6, uint8_t flags)
{
	return spec_from(ipv6 ? TENANT6 : TENANT4, ipv6, flags);
}

struct packet_spec rig_outside(bool ipv6, uint8_t flags)
{
	return spec_from(ipv6 ? NORMAL6 : NORMAL4, ipv6, flags);
}

struct packet_spec rig_stranger(bool ipv6, uint8_t flags)
{
	return spec_from(ipv6 ? STRANGER6 : STRANGER4, ipv6, flags);
}
