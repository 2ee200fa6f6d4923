/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands the argument to the program as a frame: see bpf/adopt.h. */
#include "datapath/adopt.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/error.h"
#include "datapath/programs.h"

#define RENEW_TRIES    200
#define RENEW_PAUSE_US 1000

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

static int renew(const struct programs *programs)
{
	const char frame[ETH_ZLEN] = {0};

	return run(programs, PROGRAM_RENEW, frame, sizeof(frame));
}

int adopt_timer(const struct programs *programs, struct error *error)
{
	int r = renew(programs);

	/*
	 * bpf_timer_init() fails while its CPU is inside the allocator, and nothing reports the
	 * end.
	 */
	for (int tries = 0; r == -ENOMEM && tries < RENEW_TRIES; tries++) {
		usleep(RENEW_PAUSE_US);
		r = renew(programs);
	}
	if (r && r != -ENOMEM)
		return error_set(error, r, "cannot start the timer that ends flows: %s",
				 strerror(-r));
	return 0;
}
