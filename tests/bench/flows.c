/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens crafted connections and sends over them; see flows.h. */
#include "bench/flows.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define SMTP_PORT 25
/* A prime, so that packets visit all flows in turn, never neighbours. */
#define STRIDE	      2654435761U
#define PART_BATCHES  8
#define PARTS_MAX     4096
#define SAMPLE	      256
#define HANDSHAKE_WAS 1 /* sequence numbers of a SYN */

void flows_init(struct flows *flows, const struct wire *inside, struct wire *outside,
		const char *first_source, const char *first_destination)
{
	memset(flows, 0, sizeof(*flows));
	flows->inside = inside;
	flows->outside = outside;
	if (inet_pton(AF_INET, first_source, &flows->first_source) != 1 ||
	    inet_pton(AF_INET, first_destination, &flows->first_destination) != 1)
		die("no addresses: '%s', '%s'", first_source, first_destination);
	flows->seen = calloc(FLOWS_MAX, sizeof(*flows->seen));
	if (!flows->seen)
		die("memory");
}

static struct frame_ends ends_of(const struct flows *flows, uint32_t number)
{
	uint32_t source = number % FLOWS_SOURCES;
	uint32_t destination = number / FLOWS_SOURCES % FLOWS_DESTINATIONS;
	uint32_t round = number / FLOWS_SOURCES / FLOWS_DESTINATIONS;

	return (struct frame_ends){
		.source = htonl(ntohl(flows->first_source) + source),
		.destination = htonl(ntohl(flows->first_destination) + destination),
		.source_port = (uint16_t)(FLOWS_PORT_FIRST + source + round * FLOWS_SOURCES),
		.destination_port = SMTP_PORT,
	};
}

/* The remote end's view: from there to the source of the SYN. */
static struct frame_ends answer_ends(const struct flows *flows, uint32_t number)
{
	struct frame_ends ends = ends_of(flows, number);

	return (struct frame_ends){
		.source = ends.destination,
		.destination = flows->seen[number].address,
		.source_port = SMTP_PORT,
		.destination_port = flows->seen[number].port,
	};
}

/* Two segments in turn, so that neither is taken for a retransmission. */
static void fill(const struct flows *flows, enum flows_way way, uint8_t flags, uint32_t number,
		 uint32_t segment, struct frame *frame)
{
	struct frame_ends ends =
		way == FLOWS_OUT ? ends_of(flows, number) : answer_ends(flows, number);
	uint32_t own = way == FLOWS_OUT ? number : ~number;
	uint32_t other = flags & TH_ACK ? ~own + HANDSHAKE_WAS : 0;

	if (!(flags & TH_SYN))
		own += HANDSHAKE_WAS + segment % 2 * FRAME_PAYLOAD_BYTES;
	frame_fill(frame, &ends, flags, own, other);
}

static const struct wire *wire_of(const struct flows *flows, enum flows_way way)
{
	return way == FLOWS_OUT ? flows->inside : flows->outside;
}

static void init_batch(const struct flows *flows, enum flows_way way, struct frame *frames)
{
	const struct wire *wire = wire_of(flows, way);

	for (unsigned i = 0; i < WIRE_BATCH; i++)
		frame_init(&frames[i], wire->address, wire->peer);
}

/* ---- opening */

static void send_step(const struct flows *flows, enum flows_way way, uint8_t flags, uint32_t first,
		      uint32_t count)
{
	struct frame frames[WIRE_BATCH];

	init_batch(flows, way, frames);
	for (uint32_t i = 0; i < count; i++)
		fill(flows, way, flags, first + i, 0, &frames[i]);
	wire_send(wire_of(flows, way), frames, count);
}

/* ACKs of earlier flows that are still in the queue carry no news. */
static uint32_t learn(struct flows *flows, uint32_t first, uint32_t count)
{
	struct frame frames[WIRE_BATCH];
	uint32_t learned = 0, number;
	unsigned received;

	while ((received = wire_receive(flows->outside, frames)))
		for (unsigned i = 0; i < received; i++) {
			number = ntohl(frames[i].tcp.seq);
			if (!(frames[i].tcp.th_flags & TH_SYN) || number - first >= count)
				continue;
			flows->seen[number].address = frames[i].ip.saddr;
			flows->seen[number].port = ntohs(frames[i].tcp.source);
			learned++;
		}
	return learned;
}

void flows_establish(struct flows *flows, uint32_t count)
{
	uint32_t part, learned;

	if (count > FLOWS_MAX)
		die("%u flows are too many", count);
	if (flows->opened < flows->count)
		flows->opened = flows->count;
	wire_listen(flows->outside);
	for (; flows->count < count; flows->count += part) {
		part = count - flows->count < WIRE_BATCH ? count - flows->count : WIRE_BATCH;
		send_step(flows, FLOWS_OUT, TH_SYN, flows->count, part);
		learned = learn(flows, flows->count, part);
		if (learned < part)
			die("%s: %u of %u SYNs did not come through", flows->outside->name,
			    part - learned, part);
		send_step(flows, FLOWS_IN, TH_SYN | TH_ACK, flows->count, part);
		send_step(flows, FLOWS_OUT, TH_ACK, flows->count, part);
	}
	wire_deafen(flows->outside);
	if (flows->opened < count)
		flows->opened = count;
}

/* ---- measuring */

struct load {
	struct flows *flows;
	enum flows_way way;
	uint8_t flags;
	uint32_t count, next; /* number of the packet */
};

static uint32_t number_of(const struct load *load, uint32_t packet)
{
	if (load->flags & TH_SYN)
		return load->flows->opened + packet;
	return (uint32_t)((uint64_t)packet * STRIDE % load->count);
}

static uint64_t batch_ns(struct load *load)
{
	static struct frame frames[WIRE_BATCH];
	uint64_t begin;

	init_batch(load->flows, load->way, frames);
	for (unsigned i = 0; i < WIRE_BATCH; i++, load->next++)
		fill(load->flows, load->way, load->flags, number_of(load, load->next),
		     load->next / load->count, &frames[i]);
	begin = cpu_ns();
	wire_send(wire_of(load->flows, load->way), frames, WIRE_BATCH);
	return cpu_ns() - begin;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/*
 * The first quartile of the parts: other work on the machine spoils the caches for some parts, not
 * for all.
 */
static double cost(struct load *load, uint32_t packets)
{
	uint32_t parts = packets / (PART_BATCHES * WIRE_BATCH);
	static double ns[PARTS_MAX];

	if (!parts || parts > PARTS_MAX)
		die("%u packets: too few, or too many", packets);
	for (uint32_t part = 0; part < parts; part++) {
		uint64_t total = 0;

		for (unsigned i = 0; i < PART_BATCHES; i++)
			total += batch_ns(load);
		ns[part] = (double)total / (PART_BATCHES * WIRE_BATCH);
	}
	qsort(ns, parts, sizeof(ns[0]), compare);
	return ns[parts / 4];
}

double flows_cost(struct flows *flows, enum flows_way way, uint32_t count, uint32_t packets)
{
	struct load load = {.flows = flows, .way = way, .flags = TH_PUSH | TH_ACK, .count = count};

	if (count > flows->count)
		die("%u flows, but %u are open", count, flows->count);
	return cost(&load, packets);
}

double flows_syn_cost(struct flows *flows, uint32_t packets)
{
	struct load load = {.flows = flows, .way = FLOWS_OUT, .flags = TH_SYN, .count = FLOWS_MAX};
	double ns;

	if (flows->opened + packets > FLOWS_MAX)
		die("no more flows");
	ns = cost(&load, packets);
	flows->opened += load.next;
	return ns;
}

/* ---- ports */

/* The same order each time, which gives no advantage to a sequential search. */
static uint16_t scattered_port(uint32_t number)
{
	static uint16_t ports[FLOWS_PORTS];
	struct drand48_data seed;
	uint32_t other;
	long random;

	if (!ports[0]) {
		srand48_r(25, &seed);
		for (uint32_t i = 0; i < FLOWS_PORTS; i++) {
			lrand48_r(&seed, &random);
			other = (uint32_t)(random % (i + 1));
			ports[i] = ports[other];
			ports[other] = (uint16_t)(65535 - i);
		}
	}
	return ports[number % FLOWS_PORTS];
}

static void fill_port(const struct flows *flows, uint32_t source, uint32_t destination,
		      uint32_t number, struct frame *frame)
{
	struct frame_ends ends = {
		.source = htonl(ntohl(flows->first_source) + source),
		.destination = htonl(ntohl(flows->first_destination) + destination),
		.source_port = scattered_port(number),
		.destination_port = SMTP_PORT,
	};

	frame_fill(frame, &ends, TH_SYN, number, 0);
}

uint32_t flows_take_ports(struct flows *flows, enum flows_source source, uint32_t destination,
			  uint32_t first, uint32_t count)
{
	uint64_t before = wire_received(flows->outside);
	struct frame frames[WIRE_BATCH];
	unsigned batch;

	init_batch(flows, FLOWS_OUT, frames);
	for (uint32_t done = 0; done < count; done += batch) {
		batch = count - done < WIRE_BATCH ? count - done : WIRE_BATCH;
		for (unsigned i = 0; i < batch; i++)
			fill_port(flows, source, destination, first + done + i, &frames[i]);
		wire_send(flows->inside, frames, batch);
	}
	return (uint32_t)(wire_received(flows->outside) - before);
}

/* ---- checks */

static bool is_as_learned(const struct flows *flows, enum flows_way way, const struct frame *frame,
			  uint32_t number)
{
	struct frame_ends inside = ends_of(flows, number);
	const struct outside *seen = &flows->seen[number];

	if (!frame_is_sound(frame))
		return false;
	return way == FLOWS_OUT
		       ? frame->ip.saddr == seen->address && ntohs(frame->tcp.source) == seen->port
		       : frame->ip.daddr == inside.source &&
				 ntohs(frame->tcp.dest) == inside.source_port;
}

static bool sample(struct flows *flows, enum flows_way way, struct wire *end, uint32_t count)
{
	struct load load = {.flows = flows, .way = way, .flags = TH_PUSH | TH_ACK, .count = count};
	struct frame frames[WIRE_BATCH];
	unsigned received, sound = 0;

	wire_listen(end);
	while (load.next < SAMPLE)
		batch_ns(&load);
	while ((received = wire_receive(end, frames)))
		for (unsigned i = 0; i < received; i++) {
			uint32_t number = ntohl(frames[i].tcp.ack_seq) - HANDSHAKE_WAS;

			number = way == FLOWS_OUT ? ~number : number;
			sound += number < count && is_as_learned(flows, way, &frames[i], number);
		}
	wire_deafen(end);
	return sound == SAMPLE;
}

bool flows_are_sound(struct flows *flows, struct wire *inside, uint32_t count)
{
	return sample(flows, FLOWS_OUT, flows->outside, count) &&
	       sample(flows, FLOWS_IN, inside, count);
}
