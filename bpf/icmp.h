/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP and ICMPv6 errors about packets of flows (RFC 5508 section 4). An error quotes a packet as
 * the error's sender saw it: from outside, the packet after its translation; from a local end, the
 * reply after its translation. So the quote is parsed in the opposite direction, and the local ends
 * of the error and of the quote are the same end of the flow.
 *
 * From outside, both become the flow's source. From a local end, or a router in front of it, both
 * become the external address, as the sender's own must not leave. Errors never refresh or end a
 * flow.
 */
#pragma once

#include <linux/pkt_cls.h>

#include "checksum.h"
#include "flow.h"
#include "generation.h"
#include "maps.h"
#include "packet.h"
#include "counters.h"
#include "rewrite.h"

/* In both versions: type, code, checksum, four bytes that depend on the type, then the quote. */
#define ICMP_CHECK_OFFSET 2
#define ICMP_QUOTE_OFFSET 8

/* RFC 792 guarantees ports and sequence number; stacks ignore a shorter quote. */
#define ICMP_TCP_BYTES_MIN 8

/* Copied from an entry before is_entry_of(): the map may re-use the entry meanwhile. */
struct end {
	__u8 address[16];
	__u32 port;
};

static __always_inline void end_copy(struct end *end, const __u8 *address, __u16 port)
{
	address_copy(end->address, address);
	end->port = port;
}

static __always_inline enum direction quoted_direction(enum direction direction)
{
	return direction == EGRESS ? INGRESS : EGRESS;
}

/* Bytes of the quoted TCP segment, without the padding of the frame. */
static __always_inline __u32 quoted_bytes(const struct packet *error, const struct packet *quote)
{
	__u32 end = error->ip + error->bytes;

	return end > quote->tcp ? end - quote->tcp : 0;
}

/* True: the error quotes a TCP packet of a steered port; the quote's key and offsets are set. */
static __always_inline bool parse_quote(struct frame frame, const struct packet *error,
					enum direction direction, struct packet *quote)
{
	enum direction quoted = quoted_direction(direction);
	enum packet_kind kind;

	quote->ip = error->tcp + ICMP_QUOTE_OFFSET;
	kind = error->version == 4 ? parse_ipv4(frame, quoted, quote)
				   : parse_ipv6(frame, quoted, quote);
	if (kind == PACKET_OPAQUE ||
	    (kind == PACKET_TCP && quoted_bytes(error, quote) < ICMP_TCP_BYTES_MIN)) {
		count(COUNTER_icmp_short);
		return false;
	}
	return kind == PACKET_TCP && parse_tcp(frame, quoted, quote) != PACKET_OTHER;
}

static __always_inline long fix_check(struct frame frame, __u32 offset, __u32 delta)
{
	__sum16 check;
	long error = packet_read(frame, offset, &check, sizeof(check));

	if (error)
		return error;
	check = check_add(check, delta);
	return packet_write(frame, offset, &check, sizeof(check));
}

/*
 * Each checksum in the quote cancels the changes that it covers, so these do not change the sum
 * over the whole error. ICMPv6 also covers the error's own addresses. In the end the sum over all
 * bytes of the packet is unchanged, and skb->csum (CHECKSUM_COMPLETE) stays right.
 */
static __always_inline long icmp_rewrite(struct frame frame, const struct packet *error,
					 const struct packet *quote, enum direction direction,
					 const __u8 *address, __u16 port)
{
	enum direction quoted = quoted_direction(direction);
	__u32 address_delta = sum_delta_address(quote->key.source, address);
	__u32 delta = sum_add(address_delta,
			      sum_delta_port(bpf_htons(quote->key.source_port), bpf_htons(port)));
	long failed = store_address(frame, quote, quoted, address);

	if (!failed)
		failed = store_port(frame, quote, quoted, port);
	if (!failed)
		failed = store_address(frame, error, direction, address);
	if (!failed && quoted_bytes(error, quote) >=
			       __builtin_offsetof(struct tcphdr, check) + sizeof(__sum16)) {
		failed = fix_check(frame, tcp_check_offset(quote), delta);
		delta = 0;
	}
	if (error->version == 4)
		delta = sum_add(delta, ~address_delta);
	else
		delta = sum_add(delta, sum_delta_address(error->key.source, address));
	return failed ?: fix_check(frame, error->tcp + ICMP_CHECK_OFFSET, delta);
}

/* From a local end, about a reply. Returns the action. */
static __noinline int icmp_egress(struct __sk_buff *skb, const struct packet *error)
{
	struct frame frame = {.context = skb};
	struct packet quote;
	struct end to;
	struct flow *flow;

	if (!parse_quote(frame, error, EGRESS, &quote))
		return TC_ACT_UNSPEC;
	/* These maps may lack its flow. A lost ICMP error does no harm. */
	if (generation_is_paused()) {
		count(COUNTER_dropped_moving);
		return TC_ACT_SHOT;
	}
	flow = bpf_map_lookup_elem(&postern_flows, &quote.key);
	if (!flow || flow->pool == POOL_NONE)
		return TC_ACT_UNSPEC;
	end_copy(&to, flow->address, flow->port);
	if (!is_entry_of(&flow->key_hash, &quote.key))
		return report_drop(&quote, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_error);
	/* Later fragments cannot be matched, and would leave with another address. */
	if (error->fragment)
		return report_drop(&quote, flow->sender, flow->pool, COUNTER_dropped_fragment);
	if (icmp_rewrite(frame, error, &quote, EGRESS, to.address, to.port))
		return report_drop(&quote, flow->sender, flow->pool, COUNTER_dropped_error);
	count(COUNTER_icmp_out);
	return TC_ACT_UNSPEC;
}

/* From outside. False: an error left it half changed, drop it. */
static __always_inline bool icmp_ingress(struct frame frame, const struct packet *error)
{
	struct return_entry *entry;
	struct packet quote;
	struct end to;

	/* An error about a flow goes to the source of the packet that it quotes. */
	if (error->fragment || !parse_quote(frame, error, INGRESS, &quote) ||
	    !address_equal(error->key.source, quote.key.source))
		return true;
	entry = bpf_map_lookup_elem(&postern_returns, &quote.key);
	if (!entry)
		return true;
	end_copy(&to, entry->source, entry->source_port);
	if (!is_entry_of(&entry->key_hash, &quote.key))
		return true;
	if (icmp_rewrite(frame, error, &quote, INGRESS, to.address, to.port)) {
		report_drop(&quote, SENDER_UNKNOWN, POOL_NONE, COUNTER_dropped_error);
		return false;
	}
	count(COUNTER_icmp_in);
	return true;
}
