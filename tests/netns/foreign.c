/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and attaches programs that only count. */
#include "netns/foreign.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#define TCX_INGRESS  46
#define TCX_EGRESS   47
#define ATTACH_FIRST (1U << 3)
#define ATTACH_LAST  (1U << 4)

static int result_of(enum foreign_hook hook)
{
	if (hook == FOREIGN_XDP)
		return XDP_PASS;
	return hook == FOREIGN_TCX_EGRESS_OK || hook == FOREIGN_TCX_EGRESS_FIRST_OK ||
			       hook == FOREIGN_CLSACT_EGRESS_OK
		       ? TC_ACT_OK
		       : TC_ACT_UNSPEC;
}

static int load(enum foreign_hook hook, int count)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_VALUE,
		 .imm = count},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1},
		{.code = BPF_STX | BPF_ATOMIC | BPF_DW,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_REG_2,
		 .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = result_of(hook)},
		{.code = BPF_JMP | BPF_EXIT},
	};
	enum bpf_prog_type type = hook == FOREIGN_XDP ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
	int program = bpf_prog_load(type, "foreign", "GPL", instructions,
				    sizeof(instructions) / sizeof(instructions[0]), NULL);

	cr_assert_geq(program, 0, "cannot load a program: %s", strerror(errno));
	return program;
}

static int attach_link(int program, const char *interface, enum foreign_hook hook)
{
	int type = hook == FOREIGN_XDP		 ? BPF_XDP
		   : hook == FOREIGN_TCX_INGRESS ? TCX_INGRESS
						 : TCX_EGRESS;
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = hook == FOREIGN_XDP	     ? XDP_FLAGS_DRV_MODE
			     : hook == FOREIGN_TCX_EGRESS_OK ? ATTACH_LAST
							     : ATTACH_FIRST);
	int link = bpf_link_create(program, if_nametoindex(interface), type, &options);

	cr_assert_geq(link, 0, "cannot attach to %s: %s", interface, strerror(errno));
	return link;
}

static void attach_filter(int program, const char *interface, enum foreign_hook hook,
			  unsigned priority)
{
	LIBBPF_OPTS(bpf_tc_hook, place, .ifindex = (int)if_nametoindex(interface),
		    .attach_point =
			    hook == FOREIGN_CLSACT_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = program, .priority = priority, .handle = 1);
	int r = bpf_tc_hook_create(&place);

	cr_assert(!r || r == -EEXIST, "no clsact on %s: %s", interface, strerror(-r));
	r = bpf_tc_attach(&place, &filter);
	cr_assert_eq(r, 0, "cannot attach to %s: %s", interface, strerror(-r));
}

struct foreign foreign_attach(const char *interface, enum foreign_hook hook, unsigned priority)
{
	struct foreign foreign = {.link = -1};

	libbpf_set_print(NULL);
	foreign.count = bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", 4, 8, 1, NULL);
	cr_assert_geq(foreign.count, 0);
	foreign.program = load(hook, foreign.count);
	if (hook == FOREIGN_CLSACT_EGRESS || hook == FOREIGN_CLSACT_EGRESS_OK ||
	    hook == FOREIGN_CLSACT_INGRESS)
		attach_filter(foreign.program, interface, hook, priority);
	else
		foreign.link = attach_link(foreign.program, interface, hook);
	return foreign;
}

bool foreign_is_first(const struct foreign *foreign, const char *interface, enum foreign_hook hook)
{
	int point = hook == FOREIGN_TCX_INGRESS ? TCX_INGRESS : TCX_EGRESS;
	__u32 ids[8] = {0}, count = sizeof(ids) / sizeof(ids[0]);
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	cr_assert_eq(bpf_obj_get_info_by_fd(foreign->program, &info, &size), 0);
	cr_assert_eq(bpf_prog_query((int)if_nametoindex(interface), point, 0, NULL, ids, &count),
		     0);
	return ids[0] == info.id;
}

uint64_t foreign_seen(const struct foreign *foreign)
{
	uint64_t seen = 0;

	cr_assert_eq(bpf_map_lookup_elem(foreign->count, &(uint32_t){0}, &seen), 0);
	return seen;
}

void foreign_detach(struct foreign *foreign)
{
	if (foreign->link >= 0)
		close(foreign->link);
	close(foreign->program);
	close(foreign->count);
}
