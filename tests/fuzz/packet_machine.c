/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs programs of packets. packet_forge.c builds the packet of an operation. */
#include "fuzz/packet_machine.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "fuzz/packet_forge.h"
#include "fuzz/packet_oracle.h"
#include "fuzz/packet_signal.h"
#include "fuzz/packet_world.h"

#define EXPIRY_LIMIT_US 2000000
#define EXPIRY_STEP_US	500
#define SETTLE_TRIES	1000

static const char *const kinds[OP_KINDS] = {"out",     "out-l3", "in",	   "in-l3", "in-xdp",
					    "verdict", "cut",	 "expire", "forget"};

static struct packet_totals totals;

struct machine {
	struct found found[2]; /* before and after, alternating */
	int now;
	bool flows_expire;
	unsigned expires;
};

static enum packet_op_kind kind_of(const struct packet_op *op)
{
	return op->kind % OP_KINDS;
}

static struct found *found_now(struct machine *machine)
{
	return &machine->found[machine->now];
}

/* While flows expire, one read may mix two moments, and is repeated. */
static int look(struct machine *machine, struct error *error)
{
	int r = 0;

	for (int i = 0; i < SETTLE_TRIES; i++) {
		packet_world_find(found_now(machine));
		r = packet_oracle_judge_maps(found_now(machine), error);
		if (!r || !machine->flows_expire)
			return r;
		usleep(i);
	}
	return r;
}

/* ---- operations */

static void count(const struct packet_step *step)
{
	if (step->action == TC_ACT_REDIRECT)
		totals.resets++;
	else if (step->action == TC_ACT_SHOT)
		totals.dropped++;
	else if (step->in->size == step->out->size &&
		 memcmp(step->in->bytes, step->out->bytes, step->in->size))
		totals.changed++;
	if (step->after->n_flows > totals.flows_max)
		totals.flows_max = step->after->n_flows;
}

static int send(struct machine *machine, const struct packet_op *op, struct error *error)
{
	enum packet_program program = (enum packet_program)kind_of(op);
	struct packet_bytes in, out;
	struct packet_step step = {
		.program = program,
		.mark = packet_forge_mark(op),
		.in = &in,
		.out = &out,
		.before = found_now(machine),
		.flows_expire = machine->flows_expire,
	};
	int r;

	packet_forge(op, found_now(machine), &in);
	if (!packet_world_run(program, &in, step.mark, op->extras & EXTRA_GSO, &out,
			      &step.action)) {
		totals.refused++;
		return 0;
	}
	totals.packets++;
	machine->now = !machine->now;
	r = look(machine, error);
	if (r)
		return r;
	step.after = found_now(machine);
	count(&step);
	packet_signal(op, &step);
	return packet_oracle_judge(&step, error);
}

/* Takes the fields of a verdict from those of a packet. */
static struct verdict verdict_of(const struct packet_op *op)
{
	static const enum verdict_action actions[] = {VERDICT_STEER, VERDICT_STEER, VERDICT_PASS,
						      VERDICT_DROP};

	return (struct verdict){
		.action = actions[op->flags & 3],
		.pool = 1 + (op->ports & 0xf) % (PACKET_POOLS - 1),
		.after_action = actions[op->flags >> 2 & 3],
		.after_pool = 1 + (op->ports >> 4) % (PACKET_POOLS - 1),
		.over_action = actions[op->flags >> 4 & 3],
		.over_pool = 1 + (op->extras & 0xf) % (PACKET_POOLS - 1),
		.until_ns = op->sequence & 1,
		.connections_per_min = op->payload & 3,
		.burst = op->payload >> 2 & 3,
		.flows_max = op->missing & 7,
		.reason = op->timestamp & 1 ? REASON_MANUAL : REASON_GOOD,
	};
}

static int expire(struct machine *machine, struct error *error)
{
	if (++machine->expires > PACKET_EXPIRES_MAX)
		return 0;
	for (unsigned us = 0; us < EXPIRY_LIMIT_US; us += EXPIRY_STEP_US) {
		int r = look(machine, error);

		if (r || !found_now(machine)->n_flows)
			return r;
		usleep(EXPIRY_STEP_US);
	}
	return error_set(error, -EBADMSG, "%zu flows did not expire", found_now(machine)->n_flows);
}

static int run_op(struct machine *machine, const struct packet_op *op, struct error *error)
{
	enum packet_sender sender = op->ends % PACKET_SENDERS;
	struct verdict verdict;

	switch (kind_of(op)) {
	case OP_VERDICT:
		verdict = verdict_of(op);
		packet_world_set_verdict(sender, &verdict);
		return 0;
	case OP_CUT:
		packet_world_cut(sender);
		return 0;
	case OP_EXPIRE:
		return expire(machine, error);
	case OP_FORGET:
		packet_world_forget();
		return look(machine, error);
	default:
		return send(machine, op, error);
	}
}

/* ---- programs */

static size_t count_ops(size_t size)
{
	size_t n = size / sizeof(struct packet_op);

	return n < PACKET_OPS_MAX ? n : PACKET_OPS_MAX;
}

static struct packet_op get_op(const uint8_t *program, size_t index)
{
	struct packet_op op;

	memcpy(&op, program + index * sizeof(op), sizeof(op));
	return op;
}

int packet_machine_run(const uint8_t *program, size_t size, struct error *error)
{
	struct machine machine = {.flows_expire = false};
	size_t n = count_ops(size);
	int r;

	for (size_t i = 0; i < n; i++) {
		struct packet_op op = get_op(program, i);

		machine.flows_expire |= kind_of(&op) == OP_EXPIRE;
	}
	packet_world_reset();
	packet_signal_reset();
	if (machine.flows_expire)
		packet_world_set_timeouts(PACKET_SOON_NS);
	totals.programs++;
	r = look(&machine, error);
	for (size_t i = 0; i < n && !r; i++) {
		struct packet_op op = get_op(program, i);

		r = run_op(&machine, &op, error);
		if (r)
			error_prefix(error, r, "operation %zu (%s)", i + 1, kinds[kind_of(&op)]);
	}
	return r;
}

struct packet_totals packet_machine_totals(void)
{
	return totals;
}

void packet_machine_print(const uint8_t *program, size_t size, FILE *to)
{
	for (size_t i = 0; i < count_ops(size); i++) {
		struct packet_op op = get_op(program, i);

		fprintf(to,
			"%2zu %-7s shape %02x flags %02x flow %u ends %02x ports %02x extras %02x "
			"payload %u missing %u sequence %d timestamp %d quote %02x edits "
			"%u:%02x %u:%02x\n",
			i + 1, kinds[kind_of(&op)], op.shape, op.flags, op.flow, op.ends, op.ports,
			op.extras, op.payload, op.missing, (int8_t)op.sequence,
			(int8_t)op.timestamp, op.quote, op.edits[0].offset, op.edits[0].flip,
			op.edits[1].offset, op.edits[1].flip);
	}
}
