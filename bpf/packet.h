/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Parses a packet's headers into struct packet, in tc and XDP alike: Ethernet with up to two
 * in-line VLAN tags, or no link header; IPv4 with options; IPv6 with a bounded walk over extension
 * headers; TCP. Headers are copied, so no pointer into the packet outlives a helper that moves the
 * packet.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "address.h"
#include "maps.h"

#define PACKET_VLAN_TAGS  2
#define PACKET_EXTENSIONS 6
/* Headers below this offset are read directly; a bound keeps the verifier's states few. */
#define PACKET_DIRECT_MAX 256

#define IPV4_DONT_FRAGMENT   0x4000
#define IPV4_MORE_FRAGMENTS  0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff
#define IPV6_FRAGMENT_OFFSET 0xfff8

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* <linux/icmp.h> would include the socket headers. */
#define ICMP_DEST_UNREACH  3
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12

enum direction { EGRESS, INGRESS };

/* The program's context. Functions that take a frame are inlined, so `is_xdp` is a constant. */
struct frame {
	void *context; /* struct __sk_buff, or struct xdp_md */
	bool is_xdp;
};

enum packet_kind {
	PACKET_OTHER,  /* another protocol or port, or too short to decide */
	PACKET_TCP,    /* all of struct packet is set */
	PACKET_ICMP,   /* an ICMP or ICMPv6 error; ports, sequence and flags are not set */
	PACKET_SHORT,  /* a steered port, but the TCP header is cut short: only `key` is set */
	PACKET_OPAQUE, /* too many IPv6 extension headers, or cut short: only addresses are set */
	PACKET_LATER,  /* a later fragment, perhaps of TCP: only addresses are set, ports are 0 */
};

/*
 * In both directions the source of `key` is the local end. So on egress `key` is the flow's key; on
 * ingress the packet comes from key.destination, and `key` is the return key, which has the same
 * layout.
 */
struct packet {
	struct flow_key key __attribute__((aligned(8)));
	__u32 sequence; /* both in host order */
	__u32 acknowledgement;
	__u32 ip;    /* offset of the IP header */
	__u32 tcp;   /* offset of the TCP header, or of the ICMP one */
	__u32 bytes; /* of the IP packet, without padding of the frame */
	__u32 payload_bytes;
	__sum16 ip_check;
	__sum16 tcp_check;
	__u8 version; /* 4 or 6 */
	__u8 flags;
	__u8 fragment; /* 0 or 1: the first fragment, which has the ports */
	__u8 reserved;
};

_Static_assert(sizeof(struct flow_key) == sizeof(struct return_key),
	       "a packet's key serves as both");
_Static_assert(__builtin_offsetof(struct flow_key, source_port) ==
		       __builtin_offsetof(struct return_key, port),
	       "a packet's key serves as both");

/*
 * With a copy of the key, for functions that are not static: on Linux 6.1 a map helper takes no key
 * from memory that is their argument.
 */
static __always_inline struct flow *packet_flow(const struct packet *packet)
{
	struct flow_key key = packet->key;

	return bpf_map_lookup_elem(&postern_flows, &key);
}

static __always_inline struct return_entry *packet_return(const struct packet *packet)
{
	struct flow_key key = packet->key;

	return bpf_map_lookup_elem(&postern_returns, &key);
}

/* A SYN that opens a connection; not a SYN-ACK. */
static __always_inline bool packet_opens(const struct packet *packet)
{
	return (packet->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static __always_inline void *frame_data(struct frame frame)
{
	return frame.is_xdp ? (void *)(long)((struct xdp_md *)frame.context)->data
			    : (void *)(long)((struct __sk_buff *)frame.context)->data;
}

static __always_inline void *frame_end(struct frame frame)
{
	return frame.is_xdp ? (void *)(long)((struct xdp_md *)frame.context)->data_end
			    : (void *)(long)((struct __sk_buff *)frame.context)->data_end;
}

static __always_inline __u32 frame_bytes(struct frame frame)
{
	return frame.is_xdp ? bpf_xdp_get_buff_len(frame.context)
			    : ((struct __sk_buff *)frame.context)->len;
}

/* Reads linear bytes directly; a device may leave headers in fragments, which the helper reads. */
static __always_inline long packet_read(struct frame frame, __u32 offset, void *to, __u32 size)
{
	void *data = frame_data(frame);
	void *end = frame_end(frame);

	if (offset > PACKET_DIRECT_MAX || data + offset + size > end)
		return frame.is_xdp ? bpf_xdp_load_bytes(frame.context, offset, to, size)
				    : bpf_skb_load_bytes(frame.context, offset, to, size);
	__builtin_memcpy(__builtin_assume_aligned(to, 4),
			 __builtin_assume_aligned(data + offset, 4), size);
	return 0;
}

/* By the helper in an skb, which may share its bytes. skb->csum does not change. */
static __always_inline long packet_write(struct frame frame, __u32 offset, const void *from,
					 __u32 size)
{
	void *data = frame_data(frame);
	void *end = frame_end(frame);

	if (!frame.is_xdp)
		return bpf_skb_store_bytes(frame.context, offset, from, size, 0);
	if (offset > PACKET_DIRECT_MAX || data + offset + size > end)
		return bpf_xdp_store_bytes(frame.context, offset, (void *)from, size);
	__builtin_memcpy(data + offset, from, size);
	return 0;
}

/* Sets packet->ip. Returns the protocol after the link header: ETH_P_IP, ETH_P_IPV6 or another. */
static __always_inline __u16 parse_link(struct frame frame, __u32 link_header,
					struct packet *packet)
{
	struct {
		__u8 addresses[2 * ETH_ALEN];
		__be16 protocol;
		__be16 padding;
	} ethernet;
	__be32 tag; /* of a VLAN: control information, protocol */
	__u8 first;

	packet->ip = link_header;
	if (!link_header) {
		if (packet_read(frame, 0, &first, 1))
			return 0;
		return first >> 4 == 4 ? ETH_P_IP : first >> 4 == 6 ? ETH_P_IPV6 : 0;
	}
	if (packet_read(frame, 0, &ethernet, ETH_HLEN))
		return 0;
	for (int i = 0; i < PACKET_VLAN_TAGS; i++) {
		if (ethernet.protocol != bpf_htons(ETH_P_8021Q) &&
		    ethernet.protocol != bpf_htons(ETH_P_8021AD))
			break;
		if (packet_read(frame, packet->ip, &tag, sizeof(tag)))
			return 0;
		ethernet.protocol = bpf_htons(bpf_ntohl(tag) & 0xffff);
		packet->ip += sizeof(tag);
	}
	return bpf_ntohs(ethernet.protocol);
}

/*
 * The length comes from the header, as a frame may be padded; 0 means more than 64 KiB (BIG TCP).
 * If the packet is linear, the helper that measures the frame is skipped. The comparison subtracts
 * pointers: before Linux 6.4 the verifier rejects a pointer plus an unbounded number.
 */
static __always_inline void set_bytes(struct frame frame, __u32 total, struct packet *packet)
{
	__u64 linear = frame_end(frame) - frame_data(frame);

	packet->bytes = total;
	if (total && packet->ip + total <= linear)
		return;
	packet->bytes = frame_bytes(frame) - packet->ip;
	if (total && total < packet->bytes)
		packet->bytes = total;
}

static __always_inline void set_addresses_ipv4(const struct iphdr *ip, enum direction direction,
					       struct packet *packet)
{
	address_set_ipv4(packet->key.source, direction == EGRESS ? ip->saddr : ip->daddr);
	address_set_ipv4(packet->key.destination, direction == EGRESS ? ip->daddr : ip->saddr);
}

static __always_inline void set_ipv4(struct frame frame, const struct iphdr *ip,
				     enum direction direction, struct packet *packet)
{
	packet->version = 4;
	packet->ip_check = ip->check;
	packet->fragment = !!(ip->frag_off & bpf_htons(IPV4_MORE_FRAGMENTS));
	packet->tcp = packet->ip + ip->ihl * 4;
	set_bytes(frame, bpf_ntohs(ip->tot_len), packet);
	set_addresses_ipv4(ip, direction, packet);
}

static __always_inline enum packet_kind later_fragment(struct packet *packet)
{
	packet->key.source_port = 0;
	packet->key.destination_port = 0;
	packet->flags = 0;
	return PACKET_LATER;
}

static __always_inline enum packet_kind parse_ipv4(struct frame frame, enum direction direction,
						   struct packet *packet)
{
	struct iphdr ip;

	if (packet_read(frame, packet->ip, &ip, sizeof(ip)))
		return PACKET_OTHER;
	if (ip.version != 4 || ip.ihl < 5 ||
	    (ip.protocol != IPPROTO_TCP && ip.protocol != IPPROTO_ICMP))
		return PACKET_OTHER;
	set_ipv4(frame, &ip, direction, packet);
	if (ip.frag_off & bpf_htons(IPV4_FRAGMENT_OFFSET))
		return ip.protocol == IPPROTO_TCP ? later_fragment(packet) : PACKET_OTHER;
	return ip.protocol == IPPROTO_TCP ? PACKET_TCP : PACKET_ICMP;
}

static __always_inline bool is_extension(__u8 header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING ||
	       header == IPPROTO_FRAGMENT || header == IPPROTO_DSTOPTS || header == IPPROTO_AH;
}

/* RFC 8200 section 4; the authentication header counts words of 4 bytes (RFC 4302 section 2.2). */
static __always_inline enum packet_kind walk_extensions(struct frame frame, __u8 header,
							struct packet *packet)
{
	struct {
		__u8 next;
		__u8 length;
		__be16 fragment; /* of a fragment header; every extension has at least 8 bytes */
		__u32 rest;
	} extension;

	for (int i = 0; i < PACKET_EXTENSIONS && is_extension(header); i++) {
		if (packet_read(frame, packet->tcp, &extension, sizeof(extension)))
			return PACKET_OPAQUE;
		if (header == IPPROTO_FRAGMENT) {
			if (bpf_ntohs(extension.fragment) & IPV6_FRAGMENT_OFFSET)
				return extension.next == IPPROTO_TCP || is_extension(extension.next)
					       ? later_fragment(packet)
					       : PACKET_OTHER;
			packet->fragment = 1;
			packet->tcp += 8;
		} else if (header == IPPROTO_AH) {
			packet->tcp += (extension.length + 2) * 4;
		} else {
			packet->tcp += (extension.length + 1) * 8;
		}
		header = extension.next;
	}
	if (header == IPPROTO_TCP)
		return PACKET_TCP;
	if (header == IPPROTO_ICMPV6)
		return PACKET_ICMP;
	return is_extension(header) ? PACKET_OPAQUE : PACKET_OTHER;
}

static __always_inline enum packet_kind parse_ipv6(struct frame frame, enum direction direction,
						   struct packet *packet)
{
	struct ipv6hdr ip;
	__u32 payload;

	if (packet_read(frame, packet->ip, &ip, sizeof(ip)) || ip.version != 6)
		return PACKET_OTHER;
	if (ip.nexthdr != IPPROTO_TCP && ip.nexthdr != IPPROTO_ICMPV6 && !is_extension(ip.nexthdr))
		return PACKET_OTHER;
	packet->version = 6;
	packet->fragment = 0;
	packet->tcp = packet->ip + sizeof(ip);
	/* PACKET_OPAQUE: before Linux 6.3 a function of its own gets no unset bytes. */
	packet->key.source_port = packet->key.destination_port = 0;
	payload = bpf_ntohs(ip.payload_len);
	set_bytes(frame, payload ? payload + sizeof(ip) : 0, packet);
	address_copy(packet->key.source, direction == EGRESS ? &ip.saddr : &ip.daddr);
	address_copy(packet->key.destination, direction == EGRESS ? &ip.daddr : &ip.saddr);
	return walk_extensions(frame, ip.nexthdr, packet);
}

static __always_inline bool is_port_among(const volatile __u16 *ports, __u16 port)
{
#pragma unroll
	for (int i = 0; i < POSTERN_PORTS_MAX; i++) {
		__u16 listed = ports[i];

		if (!listed)
			return false;
		if (listed == port)
			return true;
	}
	return false;
}

static __always_inline bool is_retired(__u16 port)
{
	return is_port_among(retired_ports, port);
}

static __always_inline bool is_steered(__u16 port)
{
	return is_port_among(steered_ports, port) || is_retired(port);
}

static __always_inline void set_ports(__be16 source, __be16 destination, enum direction direction,
				      struct packet *packet)
{
	packet->key.source_port = bpf_ntohs(direction == EGRESS ? source : destination);
	packet->key.destination_port = bpf_ntohs(direction == EGRESS ? destination : source);
}

/* Sets all TCP fields except the ports. */
static __always_inline void set_tcp(const struct tcphdr *tcp, struct packet *packet)
{
	__u32 headers = packet->tcp - packet->ip + tcp->doff * 4;

	packet->flags = ((const __u8 *)tcp)[13];
	packet->sequence = bpf_ntohl(tcp->seq);
	packet->acknowledgement = bpf_ntohl(tcp->ack_seq);
	packet->tcp_check = tcp->check;
	packet->payload_bytes = packet->bytes > headers ? packet->bytes - headers : 0;
}

static __always_inline enum packet_kind parse_tcp(struct frame frame, enum direction direction,
						  struct packet *packet)
{
	struct tcphdr tcp;

	packet->flags = 0;
	if (packet_read(frame, packet->tcp, &tcp, sizeof(tcp))) {
		if (packet_read(frame, packet->tcp, &tcp, 2 * sizeof(tcp.source)))
			return PACKET_OTHER;
		set_ports(tcp.source, tcp.dest, direction, packet);
		return is_steered(packet->key.destination_port) ? PACKET_SHORT : PACKET_OTHER;
	}
	set_ports(tcp.source, tcp.dest, direction, packet);
	if (!is_steered(packet->key.destination_port))
		return PACKET_OTHER;
	set_tcp(&tcp, packet);
	return PACKET_TCP;
}

/* Sets everything up to the end of the IP header. */
static __always_inline enum packet_kind parse_ip(struct frame frame, __u16 protocol,
						 enum direction direction, struct packet *packet)
{
	if (protocol == ETH_P_IP)
		return parse_ipv4(frame, direction, packet);
	if (protocol == ETH_P_IPV6)
		return parse_ipv6(frame, direction, packet);
	return PACKET_OTHER;
}

/*
 * Only errors about a packet. A redirect concerns this hop alone; source quench is obsolete (RFC
 * 6633).
 */
static __always_inline enum packet_kind parse_icmp(struct frame frame, const struct packet *packet)
{
	__u8 type;

	if (packet_read(frame, packet->tcp, &type, sizeof(type)))
		return PACKET_OTHER;
	if (packet->version == 6)
		return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB ? PACKET_ICMP
									       : PACKET_OTHER;
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB
		       ? PACKET_ICMP
		       : PACKET_OTHER;
}

/*
 * The fast path, without a copy: TCP over IPv4, no fragment, no IP options, no VLAN tag.
 * False: parse in full. *ret_kind is PACKET_TCP or PACKET_OTHER.
 */
static __always_inline bool parse_usual(struct frame frame, __u32 link_header,
					enum direction direction, struct packet *packet,
					enum packet_kind *ret_kind)
{
	void *data = frame_data(frame);
	const struct ethhdr *ethernet = data;
	const struct iphdr *ip = data + link_header;
	const struct tcphdr *tcp = (const void *)(ip + 1);

	if ((const void *)(tcp + 1) > frame_end(frame) ||
	    (link_header && ethernet->h_proto != bpf_htons(ETH_P_IP)) || ip->version != 4 ||
	    ip->ihl != 5 || ip->protocol != IPPROTO_TCP ||
	    ip->frag_off & bpf_htons(IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET))
		return false;
	*ret_kind = PACKET_OTHER;
	set_ports(tcp->source, tcp->dest, direction, packet);
	if (!is_steered(packet->key.destination_port))
		return true;
	packet->ip = link_header;
	set_ipv4(frame, ip, direction, packet);
	set_tcp(tcp, packet);
	*ret_kind = PACKET_TCP;
	return true;
}

static __always_inline enum packet_kind
packet_parse(struct frame frame, __u32 link_header, enum direction direction, struct packet *packet)
{
	enum packet_kind kind;
	__u16 protocol;

	if (parse_usual(frame, link_header, direction, packet, &kind))
		return kind;
	protocol = parse_link(frame, link_header, packet);
	kind = parse_ip(frame, protocol, direction, packet);
	if (kind == PACKET_TCP)
		return parse_tcp(frame, direction, packet);
	return kind == PACKET_ICMP ? parse_icmp(frame, packet) : kind;
}
