/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs' stack, by the rule of older kernels: the frames of a chain of calls, each rounded
 * up to 32 bytes, take at most 512 (check_max_stack_depth in kernel/bpf/verifier.c). Newer kernels
 * round up to 16, so a program that loads on them may be rejected by Linux 6.1.
 */
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <linux/bpf.h>
#include <stdlib.h>

#include "cgroups.skel.h"
#include "hold.skel.h"
#include "postern/handles.h" /* a type of the skeleton */
#include "postern.skel.h"

TestSuite(packet_stack, .timeout = 60);

#define STACK_MAX     512
#define FRAME_ROUND   32
#define FUNCTIONS_MAX 64
#define LOAD_ADDRESS  (BPF_LD | BPF_IMM | BPF_DW) /* of two instructions */

struct function {
	size_t begin;
	size_t end;
	int frame; /* bytes, not rounded */
};

struct code {
	const struct bpf_insn *insns;
	size_t count;
	struct function functions[FUNCTIONS_MAX];
	size_t n_functions;
};

/* The first instruction of a function that instruction `i` calls or passes on; 0: none. */
static size_t function_of(const struct code *code, size_t i)
{
	const struct bpf_insn *insn = &code->insns[i];

	if ((insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL) ||
	    (insn->code == LOAD_ADDRESS && insn->src_reg == BPF_PSEUDO_FUNC))
		return i + 1 + insn->imm;
	return 0;
}

/* A timer's callback has a stack of its own. */
static bool is_of_timer(const struct code *code, size_t i)
{
	for (; i < code->count; i++)
		if (code->insns[i].code == (BPF_JMP | BPF_CALL))
			return !code->insns[i].src_reg &&
			       code->insns[i].imm == BPF_FUNC_timer_set_callback;
	return false;
}

static void add_function(struct code *code, size_t begin)
{
	for (size_t i = 0; i < code->n_functions; i++)
		if (code->functions[i].begin == begin)
			return;
	cr_assert_lt(code->n_functions, (size_t)FUNCTIONS_MAX);
	code->functions[code->n_functions++] = (struct function){.begin = begin};
}

static int compare_begin(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

/* Loads and stores by the frame pointer, and addresses made of it: r = r10, then r += constant. */
static int frame_of(const struct code *code, const struct function *function)
{
	bool is_pointer[MAX_BPF_REG] = {0};
	int frame = 1;

	for (size_t i = function->begin; i < function->end; i++) {
		const struct bpf_insn *insn = &code->insns[i];
		int class = BPF_CLASS(insn->code);

		if (class == BPF_LDX && insn->src_reg == BPF_REG_10)
			frame = larger(frame, -insn->off);
		if ((class == BPF_ST || class == BPF_STX) && insn->dst_reg == BPF_REG_10)
			frame = larger(frame, -insn->off);
		if (insn->code == (BPF_ALU64 | BPF_ADD | BPF_K) && is_pointer[insn->dst_reg])
			frame = larger(frame, -insn->imm);
		if (class == BPF_ALU64)
			is_pointer[insn->dst_reg] = insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) &&
						    insn->src_reg == BPF_REG_10;
	}
	return frame;
}

static void find_functions(struct code *code)
{
	add_function(code, 0);
	for (size_t i = 0; i < code->count; i++)
		if (function_of(code, i))
			add_function(code, function_of(code, i));
	qsort(code->functions, code->n_functions, sizeof(*code->functions), compare_begin);
	for (size_t i = 0; i < code->n_functions; i++) {
		struct function *function = &code->functions[i];

		function->end =
			i + 1 < code->n_functions ? code->functions[i + 1].begin : code->count;
		function->frame = frame_of(code, function);
	}
}

static const struct function *function_at(const struct code *code, size_t begin)
{
	size_t i = 0;

	while (code->functions[i].begin != begin)
		i++;
	return &code->functions[i];
}

/* The verifier has rejected recursion. */
static int chain_of(const struct code *code, const struct function *function)
{
	int deepest = 0;

	for (size_t i = function->begin; i < function->end; i++) {
		size_t callee = function_of(code, i);

		if (callee && !is_of_timer(code, i))
			deepest = larger(deepest, chain_of(code, function_at(code, callee)));
	}
	return (function->frame + FRAME_ROUND - 1) / FRAME_ROUND * FRAME_ROUND + deepest;
}

static void expect_fit(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct code code = {.insns = bpf_program__insns(program),
				    .count = bpf_program__insn_cnt(program)};
		int bytes;

		cr_assert_gt(code.count, (size_t)0);
		find_functions(&code);
		bytes = chain_of(&code, &code.functions[0]);
		cr_expect_leq(bytes, STACK_MAX, "%s: %d bytes", bpf_program__name(program), bytes);
	}
}

/* libbpf puts the functions behind each program that calls them when it loads an object. */
Test(packet_stack, the_programs_fit_the_stack_of_older_kernels)
{
	struct postern_bpf *postern = postern_bpf__open_and_load();
	struct hold_bpf *hold = hold_bpf__open_and_load();
	struct cgroups_bpf *cgroups = cgroups_bpf__open_and_load();

	cr_assert(postern && hold && cgroups);
	expect_fit(postern->obj);
	expect_fit(hold->obj);
	expect_fit(cgroups->obj);
	cgroups_bpf__destroy(cgroups);
	hold_bpf__destroy(hold);
	postern_bpf__destroy(postern);
}
