/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer on the machine of packets (fuzz/packet_machine.h): mutates whole operations and their
 * fields.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "fuzz/packet_machine.h"
#include "fuzz/packet_seeds.h"
#include "fuzz/packet_world.h"

#define OP	  sizeof(struct packet_op)
#define BYTES_MAX (PACKET_OPS_MAX * OP)

/* Called by libFuzzer. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static struct timespec start;

static void print_totals(void)
{
	struct packet_totals totals = packet_machine_totals();
	struct timespec now;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - start.tv_sec + (now.tv_nsec - start.tv_nsec) / 1e9;
	fprintf(stderr,
		"packets: %llu in %llu programs, %.0f a second; translated %llu, dropped %llu, "
		"reset %llu, too short for the kernel %llu; at most %zu flows at once\n",
		(unsigned long long)totals.packets, (unsigned long long)totals.programs,
		totals.packets / seconds, (unsigned long long)totals.changed,
		(unsigned long long)totals.dropped, (unsigned long long)totals.resets,
		(unsigned long long)totals.refused, totals.flows_max);
}

/* Writes the first corpus into the directory FUZZ_SEEDS. */
static void write_seeds(const char *directory)
{
	for (size_t i = 0; i < packet_seeds_count(); i++) {
		struct packet_seed seed;
		char file[512];
		FILE *out;

		packet_seeds_get(i, &seed);
		snprintf(file, sizeof(file), "%s/%s", directory, seed.name);
		out = fopen(file, "we");
		if (!out || fwrite(seed.ops, OP, seed.n_ops, out) != seed.n_ops || fclose(out)) {
			perror(file);
			exit(1);
		}
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (getenv("FUZZ_SEEDS"))
		write_seeds(getenv("FUZZ_SEEDS"));
	packet_world_open();
	clock_gettime(CLOCK_MONOTONIC, &start);
	atexit(print_totals);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error;

	if (packet_machine_run(data, size, &error)) {
		fprintf(stderr, "packets: %s\n", error.text);
		packet_machine_print(data, size, stderr);
		print_totals();
		abort();
	}
	return 0;
}

/* ---- mutations; xorshift32 (Marsaglia, 2003) */

static unsigned state;

static unsigned draw(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

/* Keeps most packets well-formed: defects are rare, and independent. */
static struct packet_op draw_op(void)
{
	static const uint8_t often[] = {SYN,	   SYN, ACK,	   ACK | PSH,
					FIN | ACK, RST, SYN | ACK, RST | ACK};
	static const uint8_t kinds[] = {OP_OUT,	    OP_OUT, OP_OUT,   OP_OUT_L3, OP_IN,
					OP_IN,	    OP_IN,  OP_IN_L3, OP_IN_XDP, OP_IN_XDP,
					OP_VERDICT, OP_CUT, OP_FORGET};
	struct packet_op op = {
		.kind = draw(3000) ? kinds[draw(sizeof(kinds))] : OP_EXPIRE,
		.shape = draw(3) ? 0 : draw(256),
		.flags = often[draw(sizeof(often))],
		.flow = draw(2) ? draw(8) : 0,
		.ends = draw(4) ? draw(16) : draw(256),
		.ports = draw(4) ? draw(4) : draw(256),
		.payload = draw(2) ? 0 : draw(256),
	};

	op.extras = draw(8) ? 0 : draw(256);
	op.missing = draw(10) ? 0 : draw(64);
	op.sequence = draw(256);
	op.timestamp = draw(256);
	op.quote = draw(2) ? 0 : draw(256);
	if (op.kind == OP_VERDICT)
		op.flags = draw(64);
	return op;
}

static void edit_op(struct packet_op *op)
{
	struct packet_op other = draw_op();
	size_t field = draw(OP);

	switch (draw(4)) {
	case 0:
		((uint8_t *)op)[field] = ((uint8_t *)&other)[field];
		break;
	case 1:
		((uint8_t *)op)[field] ^= 1 << draw(8);
		break;
	case 2:
		op->edits[draw(2)].offset = draw(100);
		op->edits[draw(2)].flip = draw(3) ? 1U << draw(8) : draw(256);
		break;
	default:
		*op = other;
	}
}

static size_t insert(struct packet_op *ops, size_t n, size_t at, struct packet_op op)
{
	memmove(ops + at + 1, ops + at, (n - at) * OP);
	ops[at] = op;
	return n + 1;
}

static size_t take_out(struct packet_op *ops, size_t n, size_t at)
{
	memmove(ops + at, ops + at + 1, (n - at - 1) * OP);
	return n - 1;
}

static size_t mutate(struct packet_op *ops, size_t n, size_t max)
{
	struct packet_op op;

	switch (n ? draw(8) : 0) {
	case 0:
	case 1:
		return n < max ? insert(ops, n, draw(n + 1), draw_op()) : n;
	case 2: /* the same operation again, later */
		op = ops[draw(n)];
		return n < max ? insert(ops, n, draw(n + 1), op) : n;
	case 3:
		return n > 1 ? take_out(ops, n, draw(n)) : n;
	case 4:
		op = ops[n - 1];
		return insert(ops, take_out(ops, n, n - 1), draw(n), op);
	default:
		edit_op(&ops[draw(n)]);
		return n;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct packet_op ops[PACKET_OPS_MAX];
	size_t n = (size < BYTES_MAX ? size : BYTES_MAX) / OP;
	size_t max = (max_size < BYTES_MAX ? max_size : BYTES_MAX) / OP;

	state = seed | 1;
	if (!draw(16))
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(ops, data, n * OP);
	for (unsigned i = 1 + draw(4); i > 0; i--)
		n = mutate(ops, n, max);
	memcpy(data, ops, n * OP);
	return n * OP;
}
