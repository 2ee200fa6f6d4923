/* SPDX-License-Identifier: BSD-2-Clause */
/* Builds the packet of an operation by the builder of the packet tests. */
#include "fuzz/packet_forge.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "base/address.h"

#define LOCALS	8
#define REMOTES 8

static const char *const locals[2][LOCALS] = {
	{PACKET_TENANT4, "10.1.7.6", PACKET_HANDLE4, PACKET_RISK_HANDLE4, PACKET_STRANGER4,
	 PACKET_NORMAL4, PACKET_RISK4, "192.0.2.1"},
	{PACKET_TENANT6, "fd17::6", PACKET_HANDLE6, PACKET_RISK_HANDLE6, PACKET_STRANGER6,
	 PACKET_NORMAL6, PACKET_RISK6, "2001:db8::1"},
};

/* The last three make hairpins. */
static const char *const remotes[2][REMOTES] = {
	{"203.0.113.25", "203.0.113.26", "203.0.113.27", "192.0.2.254", "255.255.255.255",
	 PACKET_NORMAL4, PACKET_RISK4, PACKET_TENANT4},
	{"2001:db8:25::25", "2001:db8:25::26", "2001:db8:25::27", "2001:db8:fe::1",
	 "::", PACKET_NORMAL6, PACKET_RISK6, PACKET_TENANT6},
};

static const char *const routers[2] = {"192.0.2.253", "2001:db8:fe::2"};

static const uint16_t local_ports[16] = {40000, 40001, 40002, 40003, 40004, 40005, 40006, 40007,
					 40008, 40009, 1,     25,    1023,  1024,  65535, 0};
static const uint16_t remote_ports[16] = {25, 25, 25, 25, 25,	25, 25,	 25,
					  25, 25, 25, 25, 2525, 26, 465, 0};

static const uint8_t icmp_types[SHAPES][2] = {
	[SHAPE_UNREACHABLE] = {ICMP_DEST_UNREACH, ICMP6_DST_UNREACH},
	[SHAPE_TOO_BIG] = {ICMP_DEST_UNREACH, ICMP6_PACKET_TOO_BIG},
	[SHAPE_TIME_EXCEEDED] = {ICMP_TIME_EXCEEDED, ICMP6_TIME_EXCEEDED},
	[SHAPE_PARAMETER] = {ICMP_PARAMETERPROB, ICMP6_PARAM_PROB},
	[SHAPE_REDIRECT] = {ICMP_REDIRECT, ND_REDIRECT},
	[SHAPE_ECHO] = {ICMP_ECHO, ICMP6_ECHO_REQUEST},
};

/* Texts that the packet_spec points to. */
struct texts {
	char local[ADDRESS_TEXT_SIZE];
	char remote[ADDRESS_TEXT_SIZE];
};

static bool is_out(const struct packet_op *op)
{
	return op->kind % OP_KINDS <= OP_OUT_L3;
}

/* Both ends of an outgoing packet; a flow's ends as they are on the side that sends it. */
static void set_ends(const struct packet_op *op, const struct found *found, struct texts *texts,
		     struct packet_spec *spec)
{
	bool ipv6 = op->ends & ENDS_IPV6;
	const struct found_flow *flow;
	struct address address;

	spec->source = locals[ipv6][op->ends % LOCALS];
	spec->destination = remotes[ipv6][op->ends >> 4 & 7];
	spec->source_port = local_ports[op->ports & 0xf];
	spec->destination_port = remote_ports[op->ports >> 4];
	if (!op->flow || !found->n_flows)
		return;
	flow = &found->flows[(op->flow - 1) % found->n_flows];
	memcpy(address.bytes, is_out(op) ? flow->key.source : flow->flow.address, 16);
	spec->source = address_format(&address, texts->local);
	memcpy(address.bytes, flow->key.destination, 16);
	spec->destination = address_format(&address, texts->remote);
	spec->source_port = is_out(op) ? flow->key.source_port : flow->flow.port;
	spec->destination_port = flow->key.destination_port;
}

static void set_extensions(struct packet_spec *spec, enum packet_around around)
{
	static const uint8_t headers[PACKET_EXTENSIONS_MAX] = {
		IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH,
		IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS, IPPROTO_DSTOPTS};
	static const size_t counts[AROUNDS] = {[AROUND_OPTION] = 1,
					       [AROUND_OPTIONS] = 3,
					       [AROUND_MOST] = 6,
					       [AROUND_TOO_MANY] = 7};

	memcpy(spec->extensions, headers, sizeof(headers));
	spec->n_extensions = counts[around];
	if (around == AROUND_AUTHENTICATION) {
		spec->extensions[0] = IPPROTO_AH;
		spec->n_extensions = 1;
	}
}

static void set_around(struct packet_spec *spec, enum packet_around around)
{
	static const size_t options[AROUNDS] = {[AROUND_OPTION] = 4,
						[AROUND_OPTIONS] = 40,
						[AROUND_MOST] = 20,
						[AROUND_TOO_MANY] = 8};

	if (strchr(spec->source, ':'))
		set_extensions(spec, around);
	else
		spec->ip_option_bytes = options[around];
	if (around == AROUND_FIRST_FRAGMENT || (around == AROUND_MOST && spec->ip_option_bytes))
		spec->fragment = FIRST_FRAGMENT;
	if (around == AROUND_LATER_FRAGMENT)
		spec->fragment = LATER_FRAGMENT;
}

static void set_tcp(const struct packet_op *op, struct packet_spec *spec)
{
	enum packet_shape shape = (op->shape & 0xf) % SHAPES;

	spec->flags = op->flags;
	spec->sequence = 1000000 + (int8_t)op->sequence * 1000;
	spec->acknowledgement = op->flags & ACK ? 5000 : 0;
	spec->payload_bytes = op->extras & EXTRA_LONG ? op->payload * 4 : op->payload;
	if (shape == SHAPE_TIMESTAMP) {
		spec->tcp_option_bytes = 12;
		spec->tcp_timestamp = 1000000 + (int8_t)op->timestamp * 1000;
	} else if (shape == SHAPE_TCP_OPTIONS) {
		spec->tcp_option_bytes = 40;
	} else if (shape == SHAPE_UDP) {
		spec->protocol = IPPROTO_UDP;
	} else if (shape == SHAPE_GRE) {
		spec->protocol = IPPROTO_GRE;
	}
}

static bool is_icmp(const struct packet_op *op)
{
	return icmp_types[(op->shape & 0xf) % SHAPES][0];
}

/* Quotes a packet that left (ingress), or a reply (egress). set_ends() has filled `quote`. */
static struct packet_spec error_about(const struct packet_op *op, struct packet_spec *quote)
{
	bool ipv6 = strchr(quote->source, ':');
	struct packet_spec error = {
		.source = op->extras & EXTRA_ROUTER ? routers[ipv6] : quote->destination,
		.destination = quote->source,
		.protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
		.icmp_type = icmp_types[(op->shape & 0xf) % SHAPES][ipv6],
		.quote = quote,
	};

	quote->no_link = true;
	error.quote_missing_bytes = op->quote & 0x1f;
	set_around(quote, op->quote >> 5);
	return error;
}

static void dress(const struct packet_op *op, struct packet_spec *spec)
{
	enum packet_op_kind kind = op->kind % OP_KINDS;

	set_around(spec, (op->shape >> 4) % AROUNDS);
	spec->no_link = kind == OP_OUT_L3 || kind == OP_IN_L3;
	spec->vlan_tags = op->extras & EXTRA_VLAN_TAGS;
	spec->missing_bytes = op->missing;
	spec->padding_bytes = op->extras & EXTRA_PADDING ? 6 : 0;
}

static void edit(const struct packet_op *op, struct packet_bytes *packet)
{
	for (size_t i = 0; i < 2; i++)
		if (op->edits[i].offset < packet->size)
			packet->bytes[op->edits[i].offset] ^= op->edits[i].flip;
}

/* The builder cuts off at most the whole packet, and then there is none. */
static void build(struct packet_spec *spec, struct packet_bytes *ret)
{
	size_t missing = spec->missing_bytes;

	spec->missing_bytes = 0;
	packet_build(spec, ret);
	ret->size -= missing < ret->size ? missing : ret->size;
}

void packet_forge(const struct packet_op *op, const struct found *found, struct packet_bytes *ret)
{
	struct packet_spec spec = {.source = NULL}, quote;
	struct texts texts;

	set_ends(op, found, &texts, &spec);
	set_tcp(op, &spec);
	if (is_icmp(op)) {
		quote = is_out(op) ? packet_reply(&spec) : spec;
		spec = error_about(op, &quote);
	} else if (!is_out(op)) {
		spec = packet_reply(&spec);
	}
	dress(op, &spec);
	build(&spec, ret);
	edit(op, ret);
}

uint32_t packet_forge_mark(const struct packet_op *op)
{
	if (op->extras & EXTRA_MARK)
		return PACKET_MARK;
	return op->extras & EXTRA_NO_MARK ? PACKET_MARK + 1 : 0;
}
