/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments go in as a frame or as a context, as the type of the program wants it. */
#include "datapath/adopt.h"

#include <linux/if_ether.h>
#include <string.h>

#include <bpf/bpf.h>

#include "datapath/programs.h"

static int run(const struct loaded *loaded, enum program_task task,
	       struct bpf_test_run_opts *options)
{
	int r = bpf_prog_test_run_opts(loaded_task(loaded, task), options);

	return r ? r : -(int)options->retval;
}

int task_adopt(const struct loaded *loaded, const struct adoption *adoption)
{
	char frame[ETH_HLEN + sizeof(*adoption)] = {0};
	struct bpf_test_run_opts options = {.sz = sizeof(struct bpf_test_run_opts),
					    .data_in = frame,
					    .data_size_in = sizeof(frame)};

	memcpy(frame + ETH_HLEN, adoption, sizeof(*adoption));
	return run(loaded, PROGRAM_ADOPT, &options);
}

int task_renew(const struct loaded *loaded)
{
	char frame[ETH_ZLEN] = {0};
	struct bpf_test_run_opts options = {.sz = sizeof(struct bpf_test_run_opts),
					    .data_in = frame,
					    .data_size_in = sizeof(frame)};

	return run(loaded, PROGRAM_RENEW, &options);
}
