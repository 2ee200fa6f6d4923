/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Settings that `up` and the agent give to the programs, and whether these programs are in force.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

static __always_inline struct control *control_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_control, &zero);
}

/*
 * May a packet in mid-stream without a flow belong to a connection that is older than the
 * datapath? An idle connection older than this has ended by RFC 5382 REQ-5, as a flow would have.
 */
static __always_inline bool generation_has_older(void)
{
	const struct control *control = control_get();

	return control && bpf_ktime_get_ns() < control->first_up_ns + control->established_ns;
}

static __always_inline const struct generation *generation_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_gen, &zero);
}

/* True while `up` copies the maps, and for good once other programs are in force. */
static __always_inline bool generation_pauses(const struct generation *generation)
{
	if (!generation)
		return false;
	return generation->in_force != own_generation ||
	       (generation->paused_until_ns && bpf_ktime_get_ns() < generation->paused_until_ns);
}

static __always_inline bool generation_is_paused(void)
{
	return generation_pauses(generation_get());
}
