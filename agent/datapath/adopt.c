/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands the argument to the program as a frame: see bpf/adopt.h. */
#include "datapath/adopt.h"

#include <linux/if_ether.h>
#include <stdint.h>
#include <string.h>

#include <bpf/bpf.h>

#include "datapath/programs.h"

static int run(const struct programs *programs, enum program_task task, const void *frame,
	       uint32_t size)
{
	struct bpf_test_run_opts options = {
		.sz = sizeof(struct bpf_test_run_opts), .data_in = frame, .data_size_in = size};
	int r = bpf_prog_test_run_opts(programs_task_fd(programs, task), &options);

	return r ? r : -(int)options.retval;
}

int adopt_flow(const struct programs *programs, const struct adoption *adoption)
{
	char frame[ETH_HLEN + sizeof(*adoption)] = {0};

	memcpy(frame + ETH_HLEN, adoption, sizeof(*adoption));
	return run(programs, PROGRAM_ADOPT, frame, sizeof(frame));
}

int adopt_timer(const struct programs *programs)
{
	const char frame[ETH_ZLEN] = {0};

	return run(programs, PROGRAM_RENEW, frame, sizeof(frame));
}
