/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP and ICMPv6 errors about packets of flows: which ones are translated, and their bytes and
 * checksums afterwards. No error changes a flow.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "packet/rig.h"

TestSuite(packet_icmp, .init = rig_init, .fini = rig_done, .timeout = 10);
TestSuite(packet_icmp_xdp, .init = rig_init_xdp, .fini = rig_done, .timeout = 10);

#define ROUTER4 "192.0.2.254"
#define ROUTER6 "2001:db8:fe::1"
#define INNER4	"10.1.7.1" /* a router in front of the local end */
#define INNER6	"fd17::1"

enum outcome { TRANSLATED, UNTOUCHED, SHORT };

struct error_case {
	const char *name;
	uint8_t type;
	struct packet_spec quote; /* without addresses and ports */
	size_t missing;		  /* bytes of the quote */
	struct packet_spec error; /* the packet around the quote */
	enum outcome outcome;
};

#define UNREACHABLE(...)  .type = ICMP_DEST_UNREACH, .quote = {.flags = ACK, __VA_ARGS__}
#define UNREACHABLE6(...) .type = ICMP6_DST_UNREACH, .quote = {.flags = ACK, __VA_ARGS__}

static const struct error_case cases_ipv4[] = {
	{"unreachable", UNREACHABLE(.payload_bytes = 99), .outcome = TRANSLATED},
	{"about a SYN", .type = ICMP_DEST_UNREACH, .quote.flags = SYN, .outcome = TRANSLATED},
	{"time exceeded", .type = ICMP_TIME_EXCEEDED, .quote.flags = ACK, .outcome = TRANSLATED},
	{"parameter problem", .type = ICMP_PARAMETERPROB, .quote.flags = ACK,
	 .outcome = TRANSLATED},
	{"source quench", .type = ICMP_SOURCE_QUENCH, .quote.flags = ACK, .outcome = UNTOUCHED},
	{"redirect", .type = ICMP_REDIRECT, .quote.flags = ACK, .outcome = UNTOUCHED},
	{"8 bytes of TCP", UNREACHABLE(), .missing = 12, .outcome = TRANSLATED},
	{"9 bytes of TCP", UNREACHABLE(), .missing = 11, .outcome = TRANSLATED},
	{"TCP up to its checksum", UNREACHABLE(), .missing = 2, .outcome = TRANSLATED},
	{"a quote with options", UNREACHABLE(.ip_option_bytes = 40), .outcome = TRANSLATED},
	{"options and 8 bytes of TCP", UNREACHABLE(.ip_option_bytes = 4), .missing = 12,
	 .outcome = TRANSLATED},
	{"options outside", UNREACHABLE(), .error.ip_option_bytes = 8, .outcome = TRANSLATED},
	{"a quoted first fragment", UNREACHABLE(.fragment = FIRST_FRAGMENT), .outcome = TRANSLATED},
	{"a quoted later fragment", UNREACHABLE(.fragment = LATER_FRAGMENT), .outcome = UNTOUCHED},
	{"a VLAN tag", UNREACHABLE(), .error.vlan_tags = 1, .outcome = TRANSLATED},
	{"a padded frame", UNREACHABLE(), .missing = 12, .error.padding_bytes = 30,
	 .outcome = TRANSLATED},
	{"7 bytes of TCP", UNREACHABLE(), .missing = 13, .outcome = SHORT},
	{"7 bytes of TCP, padded", UNREACHABLE(), .missing = 13, .error.padding_bytes = 30,
	 .outcome = SHORT},
	{"no TCP", UNREACHABLE(), .missing = 20, .outcome = SHORT},
	{"half an IP header", UNREACHABLE(), .missing = 30, .outcome = UNTOUCHED},
	{"no quote", UNREACHABLE(), .missing = 40, .outcome = UNTOUCHED},
	{"a frame cut in the quote", UNREACHABLE(), .error.missing_bytes = 13, .outcome = SHORT},
	{"about UDP", UNREACHABLE(.protocol = IPPROTO_UDP), .outcome = UNTOUCHED},
	{"about another port", UNREACHABLE(.destination_port = 26), .outcome = UNTOUCHED},
	{"about no flow", UNREACHABLE(.source_port = 39999), .outcome = UNTOUCHED},
};

static const struct error_case cases_ipv6[] = {
	{"unreachable", UNREACHABLE6(.payload_bytes = 99), .outcome = TRANSLATED},
	{"packet too big", .type = ICMP6_PACKET_TOO_BIG, .quote.flags = ACK, .outcome = TRANSLATED},
	{"time exceeded", .type = ICMP6_TIME_EXCEEDED, .quote.flags = ACK, .outcome = TRANSLATED},
	{"parameter problem", .type = ICMP6_PARAM_PROB, .quote.flags = ACK, .outcome = TRANSLATED},
	{"echo", .type = ICMP6_ECHO_REQUEST, .quote.flags = ACK, .outcome = UNTOUCHED},
	{"neighbour solicitation", .type = ND_NEIGHBOR_SOLICIT, .outcome = UNTOUCHED},
	{"8 bytes of TCP", UNREACHABLE6(), .missing = 12, .outcome = TRANSLATED},
	{"TCP up to its checksum", UNREACHABLE6(), .missing = 2, .outcome = TRANSLATED},
	{"a quote with extension headers",
	 UNREACHABLE6(.extensions = {IPPROTO_HOPOPTS, IPPROTO_DSTOPTS}, .n_extensions = 2),
	 .outcome = TRANSLATED},
	{"extension headers and 8 bytes of TCP",
	 UNREACHABLE6(.extensions = {IPPROTO_DSTOPTS}, .n_extensions = 1), .missing = 12,
	 .outcome = TRANSLATED},
	{"extension headers outside", UNREACHABLE6(),
	 .error = {.extensions = {IPPROTO_DSTOPTS}, .n_extensions = 1}, .outcome = TRANSLATED},
	{"a quoted first fragment", UNREACHABLE6(.fragment = FIRST_FRAGMENT),
	 .outcome = TRANSLATED},
	{"a VLAN tag", UNREACHABLE6(), .error.vlan_tags = 1, .outcome = TRANSLATED},
	{"7 bytes of TCP", UNREACHABLE6(), .missing = 13, .outcome = SHORT},
	{"an extension header cut short",
	 UNREACHABLE6(.extensions = {IPPROTO_DSTOPTS}, .n_extensions = 1), .missing = 21,
	 .outcome = SHORT},
	{"half an IP header", UNREACHABLE6(), .missing = 40, .outcome = UNTOUCHED},
	{"about UDP", UNREACHABLE6(.protocol = IPPROTO_UDP), .outcome = UNTOUCHED},
	{"about another port", UNREACHABLE6(.destination_port = 26), .outcome = UNTOUCHED},
	{"about no flow", UNREACHABLE6(.source_port = 39999), .outcome = UNTOUCHED},
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* The quoted packet; ports that the case leaves out are the flow's. */
static struct packet_spec quote_of(const struct error_case *error, struct packet_spec ends)
{
	struct packet_spec quote = error->quote;

	quote.source = ends.source;
	quote.destination = ends.destination;
	quote.source_port = quote.source_port ?: ends.source_port;
	quote.destination_port = quote.destination_port ?: ends.destination_port;
	quote.no_link = true;
	return quote;
}

static struct packet_spec error_of(const struct error_case *error, const char *source,
				   const char *destination, const struct packet_spec *quote)
{
	struct packet_spec spec = error->error;

	spec.source = source;
	spec.destination = destination;
	spec.protocol = strchr(source, ':') ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	spec.icmp_type = error->type;
	spec.quote = quote;
	spec.quote_missing_bytes = error->missing;
	return spec;
}

/* A flow with another external port, and its packet inside and outside. */
struct two_sides {
	struct packet_spec inside, outside;
};

static struct two_sides open_flow(bool ipv6)
{
	struct two_sides sides = {rig_inside(ipv6, SYN), rig_outside(ipv6, SYN)};

	rig_take_port(&sides.outside);
	rig_run(EGRESS, &sides.inside, 0, NULL);
	sides.outside.source_port = rig_flow(&sides.inside).port;
	cr_assert_neq(sides.outside.source_port, sides.inside.source_port);
	return sides;
}

static void count_error(enum rig_program program, enum outcome outcome, struct stats *counters)
{
	counters->icmp_in += program == INGRESS && outcome == TRANSLATED;
	counters->icmp_out += program == EGRESS && outcome == TRANSLATED;
	counters->icmp_short += outcome == SHORT;
}

static void expect_error(enum rig_program program, const struct error_case *error,
			 const struct two_sides *sides, const struct packet_spec *before,
			 const struct packet_spec *after)
{
	static struct stats counters = {.flows_opened = 1, .ports_changed = 1};
	bool translated = error->outcome == TRANSLATED;
	struct flow flow = rig_flow(&sides->inside);
	struct return_entry entry = rig_return(&sides->outside);
	struct flow flow_after;
	struct return_entry entry_after;

	rig_expect_through(program, before, translated ? after : before);
	count_error(program, error->outcome, &counters);
	rig_expect_stats(&counters);
	flow_after = rig_flow(&sides->inside);
	entry_after = rig_return(&sides->outside);
	cr_assert_arr_eq(&flow_after.out, &flow.out, sizeof(flow.out), "the flow was touched");
	cr_assert_arr_eq(&entry_after, &entry, sizeof(entry), "the return entry was touched");
}

/* Errors of a router outside. */
static void check_ingress(const struct error_case *error, const struct two_sides *sides,
			  const char *reporter)
{
	struct packet_spec quote_outside = quote_of(error, sides->outside);
	struct packet_spec quote_inside = quote_of(error, sides->inside);
	struct packet_spec before =
		error_of(error, reporter, sides->outside.source, &quote_outside);
	struct packet_spec after = error_of(error, reporter, sides->inside.source, &quote_inside);

	cr_log_info("%s in", error->name);
	expect_error(INGRESS, error, sides, &before, &after);
}

static void check_egress(const struct error_case *error, const struct two_sides *sides,
			 const char *reporter)
{
	struct packet_spec sent_inside = quote_of(error, sides->inside);
	struct packet_spec sent_outside = quote_of(error, sides->outside);
	struct packet_spec quote_inside = packet_reply(&sent_inside);
	struct packet_spec quote_outside = packet_reply(&sent_outside);
	struct packet_spec before =
		error_of(error, reporter, sides->inside.destination, &quote_inside);
	struct packet_spec after =
		error_of(error, sides->outside.source, sides->inside.destination, &quote_outside);

	cr_log_info("%s out", error->name);
	expect_error(EGRESS, error, sides, &before, &after);
}

typedef void (*error_check)(const struct error_case *error, const struct two_sides *sides,
			    const char *reporter);

/* All errors are about one flow, as none changes it. */
static void check_each(error_check check, bool ipv6, const char *reporter)
{
	const struct error_case *cases = ipv6 ? cases_ipv6 : cases_ipv4;
	size_t count = ipv6 ? LENGTH(cases_ipv6) : LENGTH(cases_ipv4);
	const struct two_sides sides = open_flow(ipv6);

	for (size_t i = 0; i < count; i++)
		check(&cases[i], &sides, reporter);
}

Test(packet_icmp, ipv4_from_outside)
{
	check_each(check_ingress, false, ROUTER4);
}

Test(packet_icmp, ipv6_from_outside)
{
	check_each(check_ingress, true, ROUTER6);
}

Test(packet_icmp_xdp, ipv4_from_outside)
{
	check_each(check_ingress, false, ROUTER4);
}

Test(packet_icmp_xdp, ipv6_from_outside)
{
	check_each(check_ingress, true, ROUTER6);
}

Test(packet_icmp, ipv4_from_the_local_end)
{
	check_each(check_egress, false, TENANT4);
}

Test(packet_icmp, ipv6_from_the_local_end)
{
	check_each(check_egress, true, TENANT6);
}

Test(packet_icmp, ipv4_from_a_router_in_front_of_the_local_end)
{
	check_each(check_egress, false, INNER4);
}

Test(packet_icmp, ipv6_from_a_router_in_front_of_the_local_end)
{
	check_each(check_egress, true, INNER6);
}

/* ---- cases of one direction */

static const struct error_case plain = {"plain", UNREACHABLE()};
static const struct error_case plain_ipv6 = {"plain", UNREACHABLE6()};

static const struct error_case *plain_case(bool ipv6)
{
	return ipv6 ? &plain_ipv6 : &plain;
}

static struct criterion_test_params families(void)
{
	static bool each[] = {false, true};

	return cr_make_param_array(bool, each, 2);
}

static void come_in_fragments(bool ipv6)
{
	const struct two_sides sides = open_flow(ipv6);
	struct packet_spec outside = quote_of(plain_case(ipv6), sides.outside);
	struct packet_spec in = error_of(plain_case(ipv6), sides.inside.destination,
					 sides.outside.source, &outside);

	in.fragment = FIRST_FRAGMENT;
	rig_expect_untouched(INGRESS, &in);
	rig_expect_counters(.flows_opened = 1, .ports_changed = 1);
}

static void come_to_another_address(bool ipv6)
{
	const struct two_sides sides = open_flow(ipv6);
	struct packet_spec outside = quote_of(plain_case(ipv6), sides.outside);
	struct packet_spec in = error_of(plain_case(ipv6), ipv6 ? ROUTER6 : ROUTER4,
					 ipv6 ? RISK6 : RISK4, &outside);

	rig_expect_untouched(INGRESS, &in);
	rig_expect_counters(.flows_opened = 1, .ports_changed = 1);
}

#define FOR_EACH_FAMILY(suite, name, check)                                                        \
	ParameterizedTestParameters(suite, name)                                                   \
	{                                                                                          \
		return families();                                                                 \
	}                                                                                          \
	ParameterizedTest(bool *ipv6, suite, name)                                                 \
	{                                                                                          \
		check(*ipv6);                                                                      \
	}

FOR_EACH_FAMILY(packet_icmp, in_fragments_it_comes_in_as_it_is, come_in_fragments)
FOR_EACH_FAMILY(packet_icmp_xdp, in_fragments_it_comes_in_as_it_is, come_in_fragments)
FOR_EACH_FAMILY(packet_icmp, to_another_address_than_the_quoted_one_it_is_not_touched,
		come_to_another_address)
FOR_EACH_FAMILY(packet_icmp_xdp, to_another_address_than_the_quoted_one_it_is_not_touched,
		come_to_another_address)

static void leave_in_fragments(bool ipv6)
{
	const struct two_sides sides = open_flow(ipv6);
	struct packet_spec sent = quote_of(plain_case(ipv6), sides.inside);
	struct packet_spec inside = packet_reply(&sent);
	struct packet_spec out =
		error_of(plain_case(ipv6), sides.inside.source, sides.inside.destination, &inside);

	out.fragment = FIRST_FRAGMENT;
	rig_expect_drop(EGRESS, &out);
	rig_expect_counters(.flows_opened = 1, .ports_changed = 1, .dropped_fragment = 1);
}

FOR_EACH_FAMILY(packet_icmp, in_fragments_it_never_leaves, leave_in_fragments)

static void leave_a_passed_flow(bool ipv6)
{
	struct packet_spec syn = rig_inside(ipv6, SYN);
	struct packet_spec sent = quote_of(plain_case(ipv6), syn), reply = packet_reply(&sent);
	struct packet_spec out =
		error_of(plain_case(ipv6), ipv6 ? INNER6 : INNER4, syn.destination, &reply);

	rig_set_verdict(TENANT, VERDICT_PASS, POOL_NONE);
	rig_expect_untouched(EGRESS, &syn);
	rig_expect_untouched(EGRESS, &out);
	rig_expect_counters(.flows_opened = 1, .passed = 1);
}

FOR_EACH_FAMILY(packet_icmp, about_a_passed_flow_it_leaves_as_it_is, leave_a_passed_flow)

static void meet_a_second_hook(bool ipv6)
{
	const struct two_sides sides = open_flow(ipv6);
	struct packet_spec inside = quote_of(plain_case(ipv6), sides.inside);
	struct packet_spec sent = quote_of(plain_case(ipv6), sides.outside);
	struct packet_spec outside = packet_reply(&sent);
	struct packet_spec in =
		error_of(plain_case(ipv6), ipv6 ? ROUTER6 : ROUTER4, sides.inside.source, &inside);
	struct packet_spec out = error_of(plain_case(ipv6), sides.outside.source,
					  sides.inside.destination, &outside);

	rig_expect_untouched(INGRESS, &in);
	rig_expect_untouched(EGRESS, &out);
	rig_expect_counters(.flows_opened = 1, .ports_changed = 1);
}

FOR_EACH_FAMILY(packet_icmp, a_second_hook_leaves_it_alone, meet_a_second_hook)

/* Half a checksum is neither changed nor counted. */
Test(packet_icmp, half_a_tcp_checksum_stays_as_it_is)
{
	static const struct error_case half = {"half", UNREACHABLE(), .missing = 3};
	const struct two_sides sides = open_flow(false);
	struct packet_spec outside = quote_of(&half, sides.outside);
	struct packet_spec error = error_of(&half, ROUTER4, sides.outside.source, &outside);
	struct packet_bytes before, after;
	uint32_t sum = 0;

	packet_build(&error, &before);
	rig_run(INGRESS, &error, 0, &after);
	cr_assert_eq(after.size, before.size);
	cr_assert_eq(after.bytes[after.size - 1], before.bytes[before.size - 1]);
	for (size_t i = 14 + 20; i < after.size; i++)
		sum += i % 2 ? after.bytes[i] : after.bytes[i] << 8;
	cr_assert_eq((sum & 0xffff) + (sum >> 16), 0xffff, "the checksum does not hold");
	rig_expect_counters(.flows_opened = 1, .ports_changed = 1, .icmp_in = 1);
}
