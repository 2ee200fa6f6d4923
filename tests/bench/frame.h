/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet frames of the bench: TCP over IPv4 without options, with complete checksums. */
#pragma once

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* size of the IP packet; with Ethernet 214 */
#define FRAME_SEGMENT_BYTES 200
#define FRAME_PAYLOAD_BYTES (FRAME_SEGMENT_BYTES - sizeof(struct iphdr) - sizeof(struct tcphdr))

struct frame_ends {
	in_addr_t source, destination;
	uint16_t source_port, destination_port; /* host order */
};

struct frame {
	uint16_t alignment; /* not sent: aligns the IP header to four bytes */
	uint8_t to[6], from[6];
	uint16_t protocol;
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t payload[FRAME_PAYLOAD_BYTES];
} __attribute__((aligned(4)));

#define FRAME_START offsetof(struct frame, to)

/* Fills in the parts that all packets share; the payload is zeros. */
void frame_init(struct frame *frame, const uint8_t from[6], const uint8_t to[6]);

/*
 * Sets flags of <netinet/tcp.h> (TH_SYN and so on) and numbers in host order. TH_PUSH: a whole
 * segment of data.
 */
void frame_fill(struct frame *frame, const struct frame_ends *ends, uint8_t flags,
		uint32_t sequence, uint32_t acknowledgement);

/* On the wire. */
size_t frame_bytes(const struct frame *frame);

/* Are both checksums right? */
bool frame_is_sound(const struct frame *frame);
