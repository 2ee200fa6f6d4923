/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parses packets for the oracle: the offsets of their fields, the residues of their checksums.
 * Independent of the datapath's parser, which is under test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The limits of the datapath's parser. */
#define WIRE_VLAN_TAGS	2
#define WIRE_EXTENSIONS 6

#define WIRE_ICMP_HEADER 8

enum wire_kind {
	WIRE_OTHER,
	WIRE_TCP,   /* the fixed part of its header is complete */
	WIRE_SHORT, /* TCP; only its ports are complete */
	WIRE_ICMP,  /* an error that quotes a packet */
	WIRE_OPAQUE /* too many extension headers, or cut short in one; a later fragment */
};

/* Offsets are from the beginning of the frame. */
struct wire {
	enum wire_kind kind;
	const uint8_t *bytes;
	size_t size;
	size_t ip;
	size_t l4;
	size_t end; /* of the IP packet: a frame may be padded */
	int version;
	bool fragment; /* the first one */
	size_t source_at;
	size_t destination_at;
	size_t address_size;
	uint8_t source[16]; /* IPv4-mapped, as in the maps */
	uint8_t destination[16];
	uint16_t source_port; /* of TCP only */
	uint16_t destination_port;
};

void wire_read(const uint8_t *bytes, size_t size, bool has_link, struct wire *ret);
/* The packet that an ICMP error quotes. */
void wire_read_quote(const struct wire *error, struct wire *ret);

/* Of TCP. */
uint8_t wire_flags(const struct wire *wire);
uint32_t wire_sequence(const struct wire *wire);
uint32_t wire_acknowledgement(const struct wire *wire);
uint32_t wire_payload_bytes(const struct wire *wire);

/*
 * The difference of a checksum from the right one, in ones' complement; 0: it is right. A correct
 * translation keeps any residue, of a packet that is cut short, too.
 */
unsigned wire_header_residue(const struct wire *wire); /* of IPv4's header; 0 for IPv6 */
unsigned wire_residue(const struct wire *wire);	       /* of TCP, ICMP or ICMPv6 */
