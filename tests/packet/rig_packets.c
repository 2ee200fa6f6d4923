/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets that most tests send, and what programs may make of them. */
#include "packet/rig.h"

#include <criterion/criterion.h>
#include <linux/pkt_cls.h>

static struct packet_spec spec_from(const char *source, bool ipv6, uint8_t flags)
{
	return (struct packet_spec){
		.source = source,
		.destination = ipv6 ? REMOTE6 : REMOTE4,
		.source_port = 40000,
		.destination_port = 25,
		.flags = flags,
		.sequence = flags == SYN ? 1000 : 1001,
		.acknowledgement = flags & ACK ? 5001 : 0,
		.payload_bytes = flags & PSH ? 99 : 0,
		.no_link = rig_is_l3(),
	};
}

struct packet_spec rig_inside(bool ipv6, uint8_t flags)
{
	return spec_from(ipv6 ? TENANT6 : TENANT4, ipv6, flags);
}

struct packet_spec rig_outside(bool ipv6, uint8_t flags)
{
	return spec_from(ipv6 ? NORMAL6 : NORMAL4, ipv6, flags);
}

struct packet_spec rig_stranger(bool ipv6, uint8_t flags)
{
	return spec_from(ipv6 ? STRANGER6 : STRANGER4, ipv6, flags);
}

void rig_expect_untouched(enum rig_program program, const struct packet_spec *spec)
{
	rig_expect_through(program, spec, spec);
}

void rig_expect_drop(enum rig_program program, const struct packet_spec *spec)
{
	cr_assert_eq(rig_run(program, spec, 0, NULL), TC_ACT_SHOT, "it was not dropped");
}

void rig_expect_reset(enum rig_program program, const struct packet_spec *spec)
{
	struct packet_spec expected = packet_reset(spec);
	struct packet_bytes packet;

	cr_assert_eq(rig_run(program, spec, 7, &packet), TC_ACT_REDIRECT, "it was not redirected");
	packet_expect(&packet, &expected);
}

void rig_expect_refused(const struct packet_spec *spec)
{
	cr_assert_eq(spec->flags, SYN);
	rig_expect_reset(EGRESS, spec);
}
