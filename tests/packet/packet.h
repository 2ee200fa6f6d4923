/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets for the packet tests, built from a description, with all checksums computed in full. A
 * test compares a program's output byte by byte with a packet built from the expected description.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_SIZE_MAX	      2048
#define PACKET_EXTENSIONS_MAX 8

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

enum packet_fragment { WHOLE, FIRST_FRAGMENT, LATER_FRAGMENT };

/* All zero: a TCP packet on Ethernet without options, flags and payload. */
struct packet_spec {
	const char *source; /* text; IPv6 if it has a colon */
	const char *destination;
	uint16_t source_port;
	uint16_t destination_port;
	uint8_t protocol; /* 0: TCP; others have only ports and payload */
	uint8_t flags;
	uint32_t sequence;
	uint32_t acknowledgement;
	size_t payload_bytes;
	size_t ip_option_bytes; /* of IPv4; a multiple of 4 */
	size_t tcp_option_bytes;
	const uint8_t *tcp_options; /* all of tcp_option_bytes; NULL: NOPs, and the timestamp */
	uint32_t tcp_timestamp;	    /* in the last 10 option bytes of at least 12; 0: none */
	uint8_t extensions[PACKET_EXTENSIONS_MAX]; /* IPv6: next header numbers */
	size_t n_extensions;
	enum packet_fragment fragment;
	/* For an ICMP error (see `protocol`): the quoted packet, without link header. */
	const struct packet_spec *quote;
	size_t quote_missing_bytes; /* cut off the quote's end; lengths and checksums match */
	uint8_t icmp_type;
	unsigned vlan_tags;
	bool no_link;  /* begins with the IP header */
	bool is_reset; /* made by the datapath: MAC addresses exchanged, no trace of a stack */
	size_t missing_bytes; /* cut off the end of the built packet */
	size_t padding_bytes; /* after the IP packet, as in a short Ethernet frame */
};

struct packet_bytes {
	uint8_t bytes[PACKET_SIZE_MAX];
	size_t size;
};

void packet_build(const struct packet_spec *spec, struct packet_bytes *ret);

/* Fails the test at the first different byte and names it. */
void packet_expect(const struct packet_bytes *actual, const struct packet_spec *expected);

/* The answer to a packet: ends exchanged, all else unchanged. */
struct packet_spec packet_reply(const struct packet_spec *spec);

/* The reset by which a closed port answers (RFC 9293 section 3.10.7.1). */
struct packet_spec packet_reset(const struct packet_spec *spec);
