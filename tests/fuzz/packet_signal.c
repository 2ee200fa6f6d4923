/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows the fuzzer the effects of the programs. */
#include "fuzz/packet_signal.h"

#include <string.h>

#define SIGNALS 16384

/* libFuzzer finds the section by its name. */
static uint8_t signals[SIGNALS] __attribute__((section("__libfuzzer_extra_counters"), used));

static uint32_t last;

static uint32_t mix(uint32_t hash, uint32_t word)
{
	hash = (hash ^ word) * 0x85ebca6b;
	return hash ^ hash >> 13;
}

static void raise_signal(uint32_t hash)
{
	uint8_t *counter = &signals[hash % SIGNALS];

	if (*counter < UINT8_MAX)
		(*counter)++;
}

static uint32_t counters_raised(const struct packet_step *step)
{
	const __u64 *before = (const __u64 *)&step->before->stats;
	const __u64 *after = (const __u64 *)&step->after->stats;
	uint32_t raised = 0;

	for (int i = 0; i < COUNTERS; i++)
		if (i != COUNTER_flows_expired && i != COUNTER_events_lost && after[i] != before[i])
			raised |= 1U << i;
	return raised;
}

void packet_signal_reset(void)
{
	last = 0;
}

void packet_signal(const struct packet_op *op, const struct packet_step *step)
{
	bool changed = step->in->size != step->out->size ||
		       memcmp(step->in->bytes, step->out->bytes, step->in->size);
	uint32_t did = mix(step->program, step->action);

	did = mix(did, counters_raised(step));
	did = mix(did, changed | op->shape << 8);
	raise_signal(did);
	if (step->flows_expire) /* else each race would look new */
		return;
	raise_signal(mix(did, step->after->n_flows));
	raise_signal(mix(last, did));
	last = did;
}
