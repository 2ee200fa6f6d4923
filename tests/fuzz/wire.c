/* SPDX-License-Identifier: BSD-2-Clause */
/* The oracle's parser of packets. */
#include "fuzz/wire.h"

#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER  20
#define TCP_PORTS   4

static uint16_t get16(const struct wire *wire, size_t offset)
{
	return wire->bytes[offset] << 8 | wire->bytes[offset + 1];
}

static uint32_t get32(const struct wire *wire, size_t offset)
{
	return (uint32_t)get16(wire, offset) << 16 | get16(wire, offset + 2);
}

static bool has(const struct wire *wire, size_t offset, size_t size)
{
	return offset + size <= wire->size;
}

/* Sets wire->ip. The protocol after the link header; 0: it is cut short. */
static unsigned read_link(struct wire *wire)
{
	unsigned protocol;

	wire->ip = ETH_HLEN;
	if (!has(wire, 0, ETH_HLEN))
		return 0;
	protocol = get16(wire, ETH_HLEN - 2);
	for (int i = 0; i < WIRE_VLAN_TAGS; i++) {
		if (protocol != ETH_P_8021Q && protocol != ETH_P_8021AD)
			break;
		if (!has(wire, wire->ip, 4))
			return 0;
		protocol = get16(wire, wire->ip + 2);
		wire->ip += 4;
	}
	return protocol;
}

static void set_addresses(struct wire *wire, size_t source_at, size_t size)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};
	size_t skip = sizeof(wire->source) - size;

	wire->source_at = source_at;
	wire->destination_at = source_at + size;
	wire->address_size = size;
	memcpy(wire->source, mapped, skip);
	memcpy(wire->destination, mapped, skip);
	memcpy(wire->source + skip, wire->bytes + wire->source_at, size);
	memcpy(wire->destination + skip, wire->bytes + wire->destination_at, size);
}

static void set_end(struct wire *wire, size_t bytes)
{
	wire->end = bytes && wire->ip + bytes < wire->size ? wire->ip + bytes : wire->size;
}

static bool is_extension(int header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING ||
	       header == IPPROTO_FRAGMENT || header == IPPROTO_DSTOPTS || header == IPPROTO_AH;
}

/* A later fragment, perhaps of TCP, has no ports. */
static int read_later(struct wire *wire, int protocol)
{
	if (protocol == IPPROTO_TCP || is_extension(protocol))
		wire->kind = WIRE_OPAQUE;
	wire->fragment = false;
	return -1;
}

/* The protocol after the header; -1: none that can be parsed. */
static int read_ipv4(struct wire *wire)
{
	uint8_t words = wire->bytes[wire->ip] & 0xf;
	uint16_t fragment;

	if (!has(wire, wire->ip, IPV4_HEADER) || words < IPV4_HEADER / 4)
		return -1;
	fragment = get16(wire, wire->ip + 6);
	wire->fragment = fragment & 0x2000;
	wire->l4 = wire->ip + words * 4;
	set_end(wire, get16(wire, wire->ip + 2));
	set_addresses(wire, wire->ip + 12, 4);
	if (fragment & 0x1fff)
		return read_later(wire,
				  wire->bytes[wire->ip + 9] == IPPROTO_TCP ? IPPROTO_TCP : -1);
	return wire->bytes[wire->ip + 9];
}

static int read_extension(struct wire *wire, int header)
{
	int next = wire->bytes[wire->l4], length = wire->bytes[wire->l4 + 1];

	if (header == IPPROTO_FRAGMENT) {
		wire->fragment = true;
		if (get16(wire, wire->l4 + 2) & 0xfff8)
			return read_later(wire, next);
		length = 0;
	}
	wire->l4 += header == IPPROTO_AH ? (length + 2) * 4 : (length + 1) * 8;
	return next;
}

/* Sets the kind too if extension headers hide the protocol. */
static int read_ipv6(struct wire *wire)
{
	size_t payload;
	int header;

	if (!has(wire, wire->ip, IPV6_HEADER))
		return -1;
	payload = get16(wire, wire->ip + 4);
	wire->l4 = wire->ip + IPV6_HEADER;
	set_end(wire, payload ? IPV6_HEADER + payload : 0);
	set_addresses(wire, wire->ip + 8, 16);
	header = wire->bytes[wire->ip + 6];
	for (int i = 0; i < WIRE_EXTENSIONS && is_extension(header); i++) {
		if (!has(wire, wire->l4, 8)) {
			wire->kind = WIRE_OPAQUE;
			return -1;
		}
		header = read_extension(wire, header);
	}
	if (is_extension(header))
		wire->kind = WIRE_OPAQUE;
	return header;
}

static bool is_icmp_error(const struct wire *wire)
{
	uint8_t type = wire->bytes[wire->l4];

	if (wire->version == 6)
		return type >= ICMP6_DST_UNREACH && type <= ICMP6_PARAM_PROB;
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

static enum wire_kind read_l4(struct wire *wire, int protocol)
{
	int icmp = wire->version == 6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	if (protocol == icmp && has(wire, wire->l4, 1) && is_icmp_error(wire))
		return WIRE_ICMP;
	if (protocol != IPPROTO_TCP || !has(wire, wire->l4, TCP_PORTS))
		return WIRE_OTHER;
	wire->source_port = get16(wire, wire->l4);
	wire->destination_port = get16(wire, wire->l4 + 2);
	return has(wire, wire->l4, TCP_HEADER) ? WIRE_TCP : WIRE_SHORT;
}

static void read_ip(struct wire *wire)
{
	int protocol;

	if (!has(wire, wire->ip, 1) || wire->bytes[wire->ip] >> 4 != wire->version)
		return;
	protocol = wire->version == 4 ? read_ipv4(wire) : read_ipv6(wire);
	if (protocol >= 0 && wire->kind == WIRE_OTHER)
		wire->kind = read_l4(wire, protocol);
}

void wire_read(const uint8_t *bytes, size_t size, bool has_link, struct wire *ret)
{
	unsigned protocol;

	*ret = (struct wire){.bytes = bytes, .size = size};
	if (has_link) {
		protocol = read_link(ret);
		ret->version = protocol == ETH_P_IP ? 4 : protocol == ETH_P_IPV6 ? 6 : 0;
	} else if (size) {
		ret->version = bytes[0] >> 4;
	}
	if (ret->version == 4 || ret->version == 6)
		read_ip(ret);
}

void wire_read_quote(const struct wire *error, struct wire *ret)
{
	*ret = (struct wire){
		.bytes = error->bytes,
		.size = error->end,
		.ip = error->l4 + WIRE_ICMP_HEADER,
		.version = error->version,
	};
	read_ip(ret);
}

uint8_t wire_flags(const struct wire *wire)
{
	return wire->bytes[wire->l4 + 13];
}

uint32_t wire_sequence(const struct wire *wire)
{
	return get32(wire, wire->l4 + 4);
}

uint32_t wire_acknowledgement(const struct wire *wire)
{
	return get32(wire, wire->l4 + 8);
}

uint32_t wire_payload_bytes(const struct wire *wire)
{
	size_t start = wire->l4 + (wire->bytes[wire->l4 + 12] >> 4) * 4;

	return wire->end > start ? wire->end - start : 0;
}

/* RFC 1071; bytes in network order. */
static uint32_t sum(const uint8_t *bytes, size_t size)
{
	uint32_t total = 0;

	for (size_t i = 0; i < size; i++)
		total += i % 2 ? bytes[i] : bytes[i] << 8;
	return total;
}

unsigned wire_header_residue(const struct wire *wire)
{
	size_t end = wire->l4 < wire->size ? wire->l4 : wire->size;

	return wire->version == 4 ? sum(wire->bytes + wire->ip, end - wire->ip) % 0xffff : 0;
}

/* Over all bytes, if the IP header claims fewer than the TCP or ICMP header has. */
unsigned wire_residue(const struct wire *wire)
{
	size_t header = wire->kind == WIRE_ICMP ? WIRE_ICMP_HEADER : TCP_HEADER;
	size_t end = wire->end >= wire->l4 + header ? wire->end : wire->size;
	uint32_t total = sum(wire->bytes + wire->l4, end - wire->l4);

	if (wire->kind == WIRE_ICMP && wire->version == 4)
		return total % 0xffff;
	total += wire->kind == WIRE_ICMP ? IPPROTO_ICMPV6 : IPPROTO_TCP;
	total += end - wire->l4;
	total += sum(wire->source, sizeof(wire->source));
	total += sum(wire->destination, sizeof(wire->destination));
	return total % 0xffff;
}
