/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Replies, in tc or XDP: a packet from a steered port to a flow's external address and port goes to
 * the flow's local end, and so does an ICMP error about a flow. All other packets, and packets that
 * cannot be translated, reach the stack untouched.
 */
#pragma once

#include "flow.h"
#include "generation.h"
#include "icmp.h"
#include "maps.h"
#include "packet.h"
#include "counters.h"
#include "rewrite.h"

static __always_inline bool reply(struct frame frame, const struct packet *packet)
{
	struct return_entry *entry = bpf_map_lookup_elem(&postern_returns, &packet->key);
	struct {
		__u8 address[16];
		__u32 port;
	} to;
	long error;

	if (!entry)
		return true;
	/* A copy: the map may re-use the entry for another key meanwhile. */
	address_copy(to.address, entry->source);
	to.port = entry->source_port;
	if (!is_entry_of(&entry->key_hash, &packet->key))
		return true;
	half_update(&entry->in, packet, INGRESS, bpf_ktime_get_coarse_ns());
	if (frame.is_xdp)
		error = rewrite_finished(frame, packet, INGRESS, to.address, to.port);
	else
		error = rewrite(frame.context, packet, INGRESS, to.address, to.port);
	if (error)
		report_drop(packet, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_error);
	return !error;
}

/*
 * False: drop the packet. Either an error left it half changed; or, while the maps move, its flow
 * is not known yet, and the stack would reset the connection.
 */
static __always_inline bool ingress(struct frame frame, __u32 link_header)
{
	struct packet packet;

	switch (packet_parse(frame, link_header, INGRESS, &packet)) {
	case PACKET_TCP:
		if (generation_is_paused()) {
			count(COUNTER_dropped_moving);
			return false;
		}
		return packet.fragment || reply(frame, &packet);
	case PACKET_ICMP:
		return icmp_ingress(frame, &packet);
	default:
		return true;
	}
}
