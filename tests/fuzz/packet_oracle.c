/* SPDX-License-Identifier: BSD-2-Clause */
/* The invariants of one packet. packet_oracle_maps.c has the invariants of the maps. */
#include "fuzz/packet_oracle.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/error.h"
#include "fuzz/packet_oracle_maps.h"
#include "fuzz/wire.h"

#define FAIL(error, ...) error_set(error, -EBADMSG, __VA_ARGS__)

#define TCP_CHECK    16
#define TCP_HEADER   20
#define ICMP_CHECK   2
#define IPV4_CHECK   10
#define QUOTED_PORTS 8 /* the minimum of TCP bytes in a quote */

/* A packet before and after, and which of its ends is local. */
struct case_ {
	const struct packet_step *step;
	struct wire in;
	struct wire out;
	bool egress;
};

static bool is_egress(enum packet_program program)
{
	return program == PROGRAM_EGRESS || program == PROGRAM_EGRESS_L3;
}

static bool has_link(enum packet_program program)
{
	return program != PROGRAM_EGRESS_L3 && program != PROGRAM_INGRESS_L3;
}

static bool is_steered(const struct wire *wire, bool source_is_local)
{
	uint16_t port = source_is_local ? wire->destination_port : wire->source_port;

	return port == 25 || port == 2525;
}

/* The key of a flow on egress, of a return entry on ingress. */
static struct flow_key key_of(const struct wire *wire, bool source_is_local)
{
	struct flow_key key;

	memcpy(key.source, source_is_local ? wire->source : wire->destination, 16);
	memcpy(key.destination, source_is_local ? wire->destination : wire->source, 16);
	key.source_port = source_is_local ? wire->source_port : wire->destination_port;
	key.destination_port = source_is_local ? wire->destination_port : wire->source_port;
	return key;
}

/* ---- translations */

/* The local end of a packet, before and after. */
struct end {
	uint8_t address[16];
	uint16_t port;
};

static void put_end(uint8_t *bytes, const struct wire *wire, bool source, const struct end *end)
{
	size_t at = source ? wire->source_at : wire->destination_at;

	memcpy(bytes + at, end->address + 16 - wire->address_size, wire->address_size);
}

static void put_port(uint8_t *bytes, const struct wire *wire, bool source, const struct end *end)
{
	bytes[wire->l4 + (source ? 0 : 2)] = end->port >> 8;
	bytes[wire->l4 + (source ? 1 : 3)] = end->port & 0xff;
}

/* Checksums are compared by their residue (wire.h). */
static void copy_field(struct packet_bytes *to, const struct packet_bytes *from, size_t at)
{
	if (at + 2 <= to->size)
		memcpy(to->bytes + at, from->bytes + at, 2);
}

static int expect_bytes(const struct packet_bytes *expected, const struct packet_bytes *actual,
			struct error *error)
{
	for (size_t i = 0; i < expected->size; i++)
		if (expected->bytes[i] != actual->bytes[i])
			return FAIL(error, "byte %zu is %02x instead of %02x", i, actual->bytes[i],
				    expected->bytes[i]);
	return 0;
}

static int expect_residues(const struct wire *in, const struct wire *out, const char *what,
			   struct error *error)
{
	if (wire_header_residue(in) != wire_header_residue(out))
		return FAIL(error, "the IPv4 header checksum of %s is off by %u and was by %u",
			    what, wire_header_residue(out), wire_header_residue(in));
	if (in->size >= in->l4 + TCP_CHECK + 2 && wire_residue(in) != wire_residue(out))
		return FAIL(error, "the checksum of %s is off by %u and was by %u", what,
			    wire_residue(out), wire_residue(in));
	return 0;
}

static int expect_same(const struct case_ *c, struct error *error)
{
	int r = expect_bytes(c->step->in, c->step->out, error);

	return r ? error_prefix(error, r, "changed though it must not be") : 0;
}

static int expect_translated(const struct case_ *c, const struct end *end, struct error *error)
{
	struct packet_bytes expected = *c->step->in;
	int r;

	put_end(expected.bytes, &c->in, c->egress, end);
	put_port(expected.bytes, &c->in, c->egress, end);
	copy_field(&expected, c->step->out, c->in.l4 + TCP_CHECK);
	if (c->in.version == 4)
		copy_field(&expected, c->step->out, c->in.ip + IPV4_CHECK);
	r = expect_bytes(&expected, c->step->out, error);
	return r ? error_prefix(error, r, "not translated as its flow says")
		 : expect_residues(&c->in, &c->out, "the packet", error);
}

static int expect_icmp(const struct case_ *c, const struct wire *quote, const struct end *end,
		       struct error *error)
{
	struct packet_bytes expected = *c->step->in;
	struct wire quote_out;
	int r;

	put_end(expected.bytes, &c->in, c->egress, end);
	put_end(expected.bytes, quote, !c->egress, end);
	put_port(expected.bytes, quote, !c->egress, end);
	copy_field(&expected, c->step->out, c->in.l4 + ICMP_CHECK);
	if (quote->l4 + TCP_CHECK + 2 <= quote->size)
		copy_field(&expected, c->step->out, quote->l4 + TCP_CHECK);
	if (c->in.version == 4) {
		copy_field(&expected, c->step->out, c->in.ip + IPV4_CHECK);
		copy_field(&expected, c->step->out, quote->ip + IPV4_CHECK);
	}
	r = expect_bytes(&expected, c->step->out, error);
	if (r)
		return error_prefix(error, r, "an ICMP error not translated as its flow says");
	wire_read_quote(&c->out, &quote_out);
	r = expect_residues(&c->in, &c->out, "the ICMP error", error);
	return r ?: expect_residues(quote, &quote_out, "the quote", error);
}

/* ---- resets */

static int expect_reset_header(const struct case_ *c, struct error *error)
{
	const struct wire *in = &c->in, *out = &c->out;

	if (out->kind != WIRE_TCP || out->version != in->version || out->ip != in->ip ||
	    out->size != out->l4 + TCP_HEADER || out->end != out->size)
		return FAIL(error, "a reset of a wrong form");
	if (memcmp(out->source, in->destination, 16) || memcmp(out->destination, in->source, 16) ||
	    out->source_port != in->destination_port || out->destination_port != in->source_port)
		return FAIL(error, "a reset to another host");
	if (has_link(c->step->program) &&
	    (memcmp(out->bytes, in->bytes + ETH_ALEN, ETH_ALEN) ||
	     memcmp(out->bytes + ETH_ALEN, in->bytes, ETH_ALEN) ||
	     memcmp(out->bytes + 2 * ETH_ALEN, in->bytes + 2 * ETH_ALEN, in->ip - 2 * ETH_ALEN)))
		return FAIL(error, "a reset with a wrong link header");
	if (wire_header_residue(out) || wire_residue(out))
		return FAIL(error, "a reset with a wrong checksum");
	return 0;
}

/* RFC 9293 section 3.10.7.1 */
static int expect_reset(const struct case_ *c, struct error *error)
{
	uint8_t flags = wire_flags(&c->in);
	uint32_t length = wire_payload_bytes(&c->in) + !!(flags & TH_SYN) + !!(flags & TH_FIN);
	int r;

	if (c->in.kind != WIRE_TCP || !is_steered(&c->in, true) || flags & TH_RST)
		return FAIL(error, "a reset in answer to what is none of ours, or a reset itself");
	r = expect_reset_header(c, error);
	if (r)
		return r;
	if (flags & TH_ACK)
		return wire_flags(&c->out) == TH_RST &&
				       wire_sequence(&c->out) == wire_acknowledgement(&c->in)
			       ? 0
			       : FAIL(error, "a reset that the sender would not take");
	return wire_flags(&c->out) == (TH_RST | TH_ACK) &&
			       wire_acknowledgement(&c->out) == wire_sequence(&c->in) + length
		       ? 0
		       : FAIL(error, "a reset that does not acknowledge");
}

/* ---- egress */

static bool may_pass(const struct case_ *c)
{
	enum packet_sender sender = packet_world_sender(c->step->mark, c->in.source);

	return sender == PACKET_UNKNOWN || packet_oracle_passes(sender);
}

static bool is_changed(const struct case_ *c)
{
	return memcmp(c->in.bytes, c->out.bytes, c->in.size);
}

static bool has_opened(const struct case_ *c)
{
	return c->step->after->stats.flows_opened != c->step->before->stats.flows_opened;
}

/*
 * The flow when the packet came. A flow that translated the packet may have expired since; so may a
 * flow that the packet opened in place of an earlier one, which then proves nothing.
 */
static const struct flow *flow_of(const struct case_ *c, const struct flow_key *key)
{
	const struct flow *flow = packet_oracle_flow(c->step->after, key);

	if (!flow && c->step->flows_expire && is_changed(c) && !has_opened(c))
		return packet_oracle_flow(c->step->before, key);
	return flow;
}

static bool had_passed_flow(const struct case_ *c, const struct flow_key *key)
{
	const struct flow *flow = packet_oracle_flow(c->step->before, key);

	return c->step->flows_expire && flow && flow->pool == POOL_NONE;
}

/* A flow that has opened and ended already: only the packet shows its translation. */
static int judge_out_unknown(const struct case_ *c, struct error *error)
{
	struct flow_key key = key_of(&c->in, true);
	struct end end = {.port = c->out.source_port};

	memcpy(end.address, c->out.source, 16);
	if (c->step->flows_expire && packet_world_address(c->out.source))
		return expect_translated(c, &end, error);
	if (!may_pass(c) && !had_passed_flow(c, &key))
		return FAIL(error, "a known sender's packet let out without a flow");
	if ((wire_flags(&c->in) & (TH_SYN | TH_ACK | TH_RST)) == TH_SYN && !c->step->flows_expire)
		return FAIL(error, "a SYN let out without a flow");
	return expect_same(c, error);
}

static int judge_out_tcp(const struct case_ *c, struct error *error)
{
	struct flow_key key = key_of(&c->in, true);
	const struct flow *flow = flow_of(c, &key);
	struct end end;

	if (!flow)
		return judge_out_unknown(c, error);
	if (flow->pool != POOL_NONE && !packet_world_address(c->out.source))
		return FAIL(error, "a translated flow's packet let out from an address of no pool");
	memcpy(end.address, flow->address, 16);
	end.port = flow->port;
	return expect_translated(c, &end, error);
}

/* Not translatable: fragments, headers cut short or out of reach. */
static int judge_out_rest(const struct case_ *c, struct error *error)
{
	struct flow_key key = key_of(&c->in, true);
	const struct flow *flow = c->in.fragment ? flow_of(c, &key) : NULL;

	if (flow ? flow->pool != POOL_NONE : !may_pass(c) && !had_passed_flow(c, &key))
		return FAIL(error, "let out though it cannot be translated");
	return expect_same(c, error);
}

static int judge_icmp(const struct case_ *c, struct error *error);

static int judge_let_out(const struct case_ *c, struct error *error)
{
	switch (c->in.kind) {
	case WIRE_ICMP:
		return judge_icmp(c, error);
	case WIRE_TCP:
	case WIRE_SHORT:
		if (!is_steered(&c->in, true))
			return expect_same(c, error);
		return c->in.kind == WIRE_TCP && !c->in.fragment ? judge_out_tcp(c, error)
								 : judge_out_rest(c, error);
	case WIRE_OPAQUE:
		return judge_out_rest(c, error);
	default:
		return expect_same(c, error);
	}
}

static int judge_drop(const struct case_ *c, struct error *error)
{
	struct wire quote;

	switch (c->in.kind) {
	case WIRE_OPAQUE:
		return 0;
	case WIRE_TCP:
	case WIRE_SHORT:
		return is_steered(&c->in, true) ? 0 : FAIL(error, "dropped, of a port not steered");
	case WIRE_ICMP:
		wire_read_quote(&c->in, &quote);
		return c->in.fragment && is_steered(&quote, false)
			       ? 0
			       : FAIL(error, "an ICMP error dropped that is none of ours");
	default:
		return FAIL(error, "dropped, though none of ours");
	}
}

/* A failure means that something without a flow takes space. */
static bool is_full(const struct case_ *c)
{
	return c->step->flows_expire || c->step->before->n_flows >= PACKET_FLOWS_MAX;
}

static int judge_egress(const struct case_ *c, struct error *error)
{
	uint64_t drops = packet_oracle_drops(&c->step->after->stats) -
			 packet_oracle_drops(&c->step->before->stats);

	if (drops != (c->step->action != TC_ACT_UNSPEC))
		return FAIL(error, "action %d and %llu drops counted", c->step->action,
			    (unsigned long long)drops);
	if (c->step->after->stats.dropped_table_full != c->step->before->stats.dropped_table_full &&
	    !is_full(c))
		return FAIL(error, "dropped by a full table with %zu flows",
			    c->step->before->n_flows);
	switch (c->step->action) {
	case TC_ACT_UNSPEC:
		return judge_let_out(c, error);
	case TC_ACT_SHOT:
		return judge_drop(c, error);
	case TC_ACT_REDIRECT:
		return expect_reset(c, error);
	default:
		return FAIL(error, "action %d", c->step->action);
	}
}

/* ---- ingress */

static int judge_reply(const struct case_ *c, struct error *error)
{
	struct flow_key key = key_of(&c->in, false);
	const struct return_entry *entry = packet_oracle_return(c->step->after, &key);
	struct end end;

	if (!entry && c->step->flows_expire && is_changed(c))
		entry = packet_oracle_return(c->step->before, &key);
	if (!entry)
		return expect_same(c, error);
	memcpy(end.address, entry->source, 16);
	end.port = entry->source_port;
	return expect_translated(c, &end, error);
}

static int judge_ingress(const struct case_ *c, struct error *error)
{
	if (c->step->action != (c->step->program == PROGRAM_XDP ? XDP_PASS : TC_ACT_UNSPEC))
		return FAIL(error, "a packet from outside has action %d", c->step->action);
	if (c->in.kind == WIRE_ICMP)
		return judge_icmp(c, error);
	if (c->in.kind == WIRE_TCP && !c->in.fragment && is_steered(&c->in, false))
		return judge_reply(c, error);
	return expect_same(c, error);
}

/* ---- ICMP errors */

/* False: the error is about no translated packet. */
static bool find_end(const struct case_ *c, const struct wire *quote, const struct found *found,
		     struct end *ret)
{
	struct flow_key key = key_of(quote, !c->egress);
	const struct return_entry *entry;
	const struct flow *flow;

	if (c->egress) {
		flow = packet_oracle_flow(found, &key);
		if (!flow || flow->pool == POOL_NONE)
			return false;
		memcpy(ret->address, flow->address, 16);
		ret->port = flow->port;
		return true;
	}
	entry = packet_oracle_return(found, &key);
	if (!entry || memcmp(c->in.destination, key.source, 16))
		return false;
	memcpy(ret->address, entry->source, 16);
	ret->port = entry->source_port;
	return true;
}

static int judge_icmp(const struct case_ *c, struct error *error)
{
	const struct found *found = c->step->after;
	struct wire quote;
	struct end end;

	wire_read_quote(&c->in, &quote);
	if ((quote.kind != WIRE_TCP && quote.kind != WIRE_SHORT) ||
	    quote.size < quote.l4 + QUOTED_PORTS || !is_steered(&quote, !c->egress))
		return expect_same(c, error);
	if (c->in.fragment)
		return c->egress && find_end(c, &quote, found, &end)
			       ? FAIL(error, "a fragment of an ICMP error let out")
			       : expect_same(c, error);
	if (!find_end(c, &quote, found, &end) && c->step->flows_expire && is_changed(c))
		found = c->step->before;
	return find_end(c, &quote, found, &end) ? expect_icmp(c, &quote, &end, error)
						: expect_same(c, error);
}

/* ---- one step */

int packet_oracle_judge(const struct packet_step *step, struct error *error)
{
	struct case_ c = {.step = step, .egress = is_egress(step->program)};
	int r;

	wire_read(step->in->bytes, step->in->size, has_link(step->program), &c.in);
	wire_read(step->out->bytes, step->out->size, has_link(step->program), &c.out);
	if (step->action != TC_ACT_REDIRECT && step->action != TC_ACT_SHOT &&
	    step->out->size != step->in->size)
		return FAIL(error, "%zu bytes became %zu", step->in->size, step->out->size);
	r = c.egress ? judge_egress(&c, error) : judge_ingress(&c, error);
	if (!r)
		r = packet_oracle_judge_maps(step->after, error);
	return r ?: packet_oracle_judge_changes(step, &c.in, error);
}
