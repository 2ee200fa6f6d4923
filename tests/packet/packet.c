/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds packets from descriptions; see packet.h. */
#include "packet/packet.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>

static bool is_ipv6(const struct packet_spec *spec)
{
	return strchr(spec->source, ':');
}

static void *append(struct packet_bytes *packet, const void *bytes, size_t size)
{
	void *place = packet->bytes + packet->size;

	cr_assert_leq(packet->size + size, sizeof(packet->bytes));
	if (bytes)
		memcpy(place, bytes, size);
	else
		memset(place, 0, size);
	packet->size += size;
	return place;
}

static void append_link(const struct packet_spec *spec, struct packet_bytes *packet)
{
	static const uint8_t to[6] = {2, 0, 0, 0, 0, 1}, from[6] = {2, 0, 0, 0, 0, 2};
	uint16_t protocol = htons(is_ipv6(spec) ? ETH_P_IPV6 : ETH_P_IP);

	if (spec->no_link)
		return;
	append(packet, spec->is_reset ? from : to, sizeof(to));
	append(packet, spec->is_reset ? to : from, sizeof(from));
	for (unsigned i = 0; i < spec->vlan_tags; i++) {
		bool outer = i + 1 < spec->vlan_tags;
		uint16_t tag[2] = {htons(outer ? ETH_P_8021AD : ETH_P_8021Q), htons(100 + i)};

		append(packet, tag, sizeof(tag));
	}
	append(packet, &protocol, sizeof(protocol));
}

/* RFC 1071; bytes and result in network order. */
static uint32_t sum(const void *bytes, size_t size, uint32_t start)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++)
		start += i % 2 ? byte[i] : byte[i] << 8;
	return start;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

static void append_ipv4(const struct packet_spec *spec, size_t rest, struct packet_bytes *packet)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = (sizeof(ip) + spec->ip_option_bytes) / 4,
		.tot_len = htons(sizeof(ip) + spec->ip_option_bytes + rest),
		.id = htons(spec->is_reset ? 0 : 0x4711),
		.ttl = 64,
		.protocol = spec->protocol ?: IPPROTO_TCP,
	};
	struct iphdr *header;

	if (spec->fragment == WHOLE)
		ip.frag_off = htons(IP_DF);
	else
		ip.frag_off = htons(spec->fragment == FIRST_FRAGMENT ? IP_MF : 185);
	cr_assert_eq(inet_pton(AF_INET, spec->source, &ip.saddr), 1);
	cr_assert_eq(inet_pton(AF_INET, spec->destination, &ip.daddr), 1);
	header = append(packet, &ip, sizeof(ip));
	for (size_t i = 0; i < spec->ip_option_bytes; i++)
		append(packet, &(uint8_t){IPOPT_NOOP}, 1);
	header->check = fold(sum(header, header->ihl * 4, 0));
}

/* Extensions of 8 and 16 bytes in turn, so that a wrong length shows. */
static void append_extensions(const struct packet_spec *spec, struct packet_bytes *packet)
{
	uint8_t last = spec->protocol ?: IPPROTO_TCP;

	for (size_t i = 0; i < spec->n_extensions; i++) {
		bool more = i + 1 < spec->n_extensions || spec->fragment != WHOLE;
		uint8_t next = i + 1 < spec->n_extensions ? spec->extensions[i + 1]
			       : more			  ? IPPROTO_FRAGMENT
							  : last;
		bool is_long = spec->extensions[i] == IPPROTO_AH || i % 2;
		uint8_t *extension = append(packet, NULL, is_long ? 16 : 8);

		extension[0] = next;
		extension[1] = spec->extensions[i] == IPPROTO_AH ? 2 : is_long;
	}
	if (spec->fragment != WHOLE) {
		uint8_t *fragment = append(packet, NULL, 8);

		fragment[0] = last;
		*(uint16_t *)(fragment + 2) =
			htons(spec->fragment == FIRST_FRAGMENT ? 1 : 185 << 3);
	}
}

static size_t extensions_size(const struct packet_spec *spec)
{
	struct packet_bytes scratch = {.size = 0};

	append_extensions(spec, &scratch);
	return scratch.size;
}

static void append_ipv6(const struct packet_spec *spec, size_t rest, struct packet_bytes *packet)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28 | (spec->is_reset ? 0 : 0x12345)),
		.ip6_plen = htons(extensions_size(spec) + rest),
		.ip6_nxt = spec->protocol ?: IPPROTO_TCP,
		.ip6_hlim = 64,
	};

	if (spec->n_extensions)
		ip.ip6_nxt = spec->extensions[0];
	else if (spec->fragment != WHOLE)
		ip.ip6_nxt = IPPROTO_FRAGMENT;
	cr_assert_eq(inet_pton(AF_INET6, spec->source, &ip.ip6_src), 1);
	cr_assert_eq(inet_pton(AF_INET6, spec->destination, &ip.ip6_dst), 1);
	append(packet, &ip, sizeof(ip));
	append_extensions(spec, packet);
}

static uint32_t pseudo_header(const struct packet_spec *spec, uint8_t protocol, size_t size)
{
	uint8_t addresses[2][16] = {0};
	int family = is_ipv6(spec) ? AF_INET6 : AF_INET;

	inet_pton(family, spec->source, addresses[0]);
	inet_pton(family, spec->destination, addresses[1]);
	return sum(addresses, sizeof(addresses), protocol + size);
}

static void append_tcp_options(const struct packet_spec *spec, struct packet_bytes *packet)
{
	uint8_t timestamp[10] = {TCPOPT_TIMESTAMP, sizeof(timestamp)};
	size_t padding = spec->tcp_option_bytes - (spec->tcp_timestamp ? sizeof(timestamp) : 0);

	if (spec->tcp_options) {
		append(packet, spec->tcp_options, spec->tcp_option_bytes);
		return;
	}
	for (size_t i = 0; i < padding; i++)
		append(packet, &(uint8_t){TCPOPT_NOP}, 1);
	if (spec->tcp_timestamp) {
		*(uint32_t *)(timestamp + 2) = htonl(spec->tcp_timestamp);
		append(packet, timestamp, sizeof(timestamp));
	}
}

static void append_tcp(const struct packet_spec *spec, struct packet_bytes *packet)
{
	struct tcphdr tcp = {
		.source = htons(spec->source_port),
		.dest = htons(spec->destination_port),
		.seq = htonl(spec->sequence),
		.ack_seq = htonl(spec->acknowledgement),
		.doff = (sizeof(tcp) + spec->tcp_option_bytes) / 4,
		.window = htons(spec->is_reset ? 0 : 501),
	};
	size_t size = sizeof(tcp) + spec->tcp_option_bytes + spec->payload_bytes;
	struct tcphdr *header;

	tcp.th_flags = spec->flags;
	header = append(packet, &tcp, sizeof(tcp));
	append_tcp_options(spec, packet);
	for (size_t i = 0; i < spec->payload_bytes; i++)
		append(packet, &(uint8_t){'a' + i % 26}, 1);
	header->check = fold(sum(header, size, pseudo_header(spec, IPPROTO_TCP, size)));
}

static void append_ports(const struct packet_spec *spec, struct packet_bytes *packet)
{
	uint16_t ports[4] = {htons(spec->source_port), htons(spec->destination_port)};

	append(packet, ports, sizeof(ports));
	append(packet, NULL, spec->payload_bytes);
}

#define ICMP_HEADER_SIZE 8

static size_t build_quote(const struct packet_spec *spec, struct packet_bytes *ret)
{
	packet_build(spec->quote, ret);
	cr_assert_leq(spec->quote_missing_bytes, ret->size);
	return ret->size -= spec->quote_missing_bytes;
}

/* With the MTU if this kind of error has one, and the matching code. */
static void append_icmp(const struct packet_spec *spec, struct packet_bytes *packet)
{
	uint8_t error[ICMP_HEADER_SIZE] = {spec->icmp_type, is_ipv6(spec) ? 0 : 4, [6] = 5, 0x78};
	struct packet_bytes quote;
	size_t size = sizeof(error) + build_quote(spec, &quote);
	uint8_t *header = append(packet, error, sizeof(error));
	uint32_t start = is_ipv6(spec) ? pseudo_header(spec, IPPROTO_ICMPV6, size) : 0;

	append(packet, quote.bytes, quote.size);
	*(uint16_t *)(header + 2) = fold(sum(header, size, start));
}

static size_t payload_size(const struct packet_spec *spec)
{
	struct packet_bytes quote;

	if (spec->quote)
		return ICMP_HEADER_SIZE + build_quote(spec, &quote);
	if (!spec->protocol || spec->protocol == IPPROTO_TCP)
		return sizeof(struct tcphdr) + spec->tcp_option_bytes + spec->payload_bytes;
	return 8 + spec->payload_bytes;
}

void packet_build(const struct packet_spec *spec, struct packet_bytes *ret)
{
	size_t rest = payload_size(spec);

	ret->size = 0;
	append_link(spec, ret);
	if (is_ipv6(spec))
		append_ipv6(spec, rest, ret);
	else
		append_ipv4(spec, rest, ret);
	if (spec->quote)
		append_icmp(spec, ret);
	else if (!spec->protocol || spec->protocol == IPPROTO_TCP)
		append_tcp(spec, ret);
	else
		append_ports(spec, ret);
	cr_assert_leq(spec->missing_bytes, ret->size);
	ret->size -= spec->missing_bytes;
	append(ret, NULL, spec->padding_bytes);
}

void packet_expect(const struct packet_bytes *actual, const struct packet_spec *expected)
{
	struct packet_bytes packet;

	packet_build(expected, &packet);
	cr_assert_eq(actual->size, packet.size, "%zu bytes instead of %zu", actual->size,
		     packet.size);
	for (size_t i = 0; i < packet.size; i++)
		cr_assert_eq(actual->bytes[i], packet.bytes[i],
			     "byte %zu of %zu is %02x instead of %02x", i, packet.size,
			     actual->bytes[i], packet.bytes[i]);
}

struct packet_spec packet_reply(const struct packet_spec *spec)
{
	struct packet_spec reply = *spec;

	reply.source = spec->destination;
	reply.destination = spec->source;
	reply.source_port = spec->destination_port;
	reply.destination_port = spec->source_port;
	return reply;
}

struct packet_spec packet_reset(const struct packet_spec *spec)
{
	struct packet_spec reset = packet_reply(spec);

	reset.is_reset = true;
	reset.payload_bytes = reset.tcp_option_bytes = 0;
	reset.flags = spec->flags & ACK ? RST : RST | ACK;
	reset.sequence = spec->flags & ACK ? spec->acknowledgement : 0;
	reset.acknowledgement = spec->flags & ACK
					? 0
					: spec->sequence + spec->payload_bytes +
						  !!(spec->flags & SYN) + !!(spec->flags & FIN);
	return reset;
}
