/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds and verifies frames; see frame.h. */
#include "bench/frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

static uint32_t sum(const void *bytes, size_t size, uint32_t start)
{
	const uint16_t *word = bytes;

	for (size_t i = 0; i < size / 2; i++)
		start += word[i];
	return start;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static size_t tcp_bytes(const struct frame *frame)
{
	return ntohs(frame->ip.tot_len) - sizeof(frame->ip);
}

/* RFC 9293 section 3.1, of zeros as the payload. */
static uint16_t tcp_sum(const struct frame *frame)
{
	uint32_t start = htons(IPPROTO_TCP) + htons((uint16_t)tcp_bytes(frame));

	return fold(sum(&frame->tcp, sizeof(frame->tcp), sum(&frame->ip.saddr, 8, start)));
}

void frame_init(struct frame *frame, const uint8_t from[6], const uint8_t to[6])
{
	memset(frame, 0, sizeof(*frame));
	memcpy(frame->from, from, sizeof(frame->from));
	memcpy(frame->to, to, sizeof(frame->to));
	frame->protocol = htons(ETH_P_IP);
	frame->ip.version = 4;
	frame->ip.ihl = sizeof(frame->ip) / 4;
	frame->ip.ttl = 64;
	frame->ip.frag_off = htons(IP_DF);
	frame->ip.protocol = IPPROTO_TCP;
	frame->tcp.doff = sizeof(frame->tcp) / 4;
	frame->tcp.window = htons(65535);
}

void frame_fill(struct frame *frame, const struct frame_ends *ends, uint8_t flags,
		uint32_t sequence, uint32_t acknowledgement)
{
	size_t payload = flags & TH_PUSH ? FRAME_PAYLOAD_BYTES : 0;

	frame->ip.tot_len = htons((uint16_t)(sizeof(frame->ip) + sizeof(frame->tcp) + payload));
	frame->ip.saddr = ends->source;
	frame->ip.daddr = ends->destination;
	frame->ip.check = 0;
	frame->ip.check = (uint16_t)~fold(sum(&frame->ip, sizeof(frame->ip), 0));
	frame->tcp.source = htons(ends->source_port);
	frame->tcp.dest = htons(ends->destination_port);
	frame->tcp.seq = htonl(sequence);
	frame->tcp.ack_seq = htonl(acknowledgement);
	frame->tcp.th_flags = flags;
	frame->tcp.check = 0;
	frame->tcp.check = (uint16_t)~tcp_sum(frame);
}

size_t frame_bytes(const struct frame *frame)
{
	return ETH_HLEN + ntohs(frame->ip.tot_len);
}

bool frame_is_sound(const struct frame *frame)
{
	return fold(sum(&frame->ip, sizeof(frame->ip), 0)) == 0xffff && tcp_sum(frame) == 0xffff;
}
