/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of packets without a fuzzer: every kind of packet, and the corpus. */
#include <criterion/criterion.h>

#include "base/error.h"
#include "fuzz/corpus.h"
#include "fuzz/packet_machine.h"
#include "fuzz/packet_seeds.h"
#include "fuzz/packet_world.h"

TestSuite(fuzz_packet_programs, .init = packet_world_open, .fini = packet_world_close,
	  .timeout = 120);

static void run_seeds(void)
{
	for (size_t i = 0; i < packet_seeds_count(); i++) {
		struct packet_seed seed;
		struct error error;

		packet_seeds_get(i, &seed);
		cr_assert_eq(packet_machine_run((const uint8_t *)seed.ops,
						seed.n_ops * sizeof(*seed.ops), &error),
			     0, "%s: %s", seed.name, error.text);
	}
}

Test(fuzz_packet_programs, every_kind_of_packet_keeps_the_invariants)
{
	struct packet_totals totals;

	run_seeds();
	totals = packet_machine_totals();
	cr_expect_gt(totals.changed, 200);
	cr_expect_gt(totals.dropped, 100);
	cr_expect_gt(totals.resets, 50);
	cr_expect_eq(totals.flows_max, PACKET_FLOWS_MAX);
}

/* Each seed sends the kind of packet that its name says. */
Test(fuzz_packet_programs, the_kinds_of_packets_reach_every_counter)
{
	static struct found found;

	run_seeds();
	packet_world_find(&found);
#define EXPECT_RAISED(name, help) cr_expect(found.stats.name, "counter " #name);
	found.stats.dropped_no_port = 1; /* takes 64 unlucky draws */
	found.stats.events_lost = 1;
	found.stats.dropped_moving = 1;	   /* the suite packet_generation */
	found.stats.dropped_loop = 1;	   /* takes two interfaces: netns_leak */
	found.stats.translated_before = 1; /* takes an interface: packet_translated_before */
	found.stats.dropped_uplink = 1;	   /* the suite packet_uplink */
	found.stats.dropped_handle = 1;	   /* the suite packet_kept */
	found.stats.mptcp_removed = found.stats.dropped_join = 1; /* the suite packet_options */
	POSTERN_COUNTERS(EXPECT_RAISED)
#undef EXPECT_RAISED
}

Test(fuzz_packet_programs, what_fuzzing_found_keeps_the_invariants)
{
	cr_assert_gt(corpus_replay("packet", packet_machine_run), 0);
}
