/* SPDX-License-Identifier: BSD-2-Clause */
/* Combined answers of the DNS, in every order and with some missing. */
#include <arpa/nameser.h>
#include <criterion/criterion.h>
#include <unbound.h>

#include "dns/outcome.h"
#include "dns/maildns.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(dns_outcome);

#define UNDECIDED 99

static char address[] = {'\xc6', '\x33', '\x64', '\x19'};
static char host[] = {0, 10, 1, 'a', 0};
static char root[] = {0, 0, 0};
static char *one_address[] = {address, NULL}, *one_host[] = {host, NULL};
static char *one_root[] = {root, NULL}, *two[] = {root, host, NULL};
static int address_size[] = {4}, host_size[] = {5}, root_size[] = {3}, two_sizes[] = {3, 5};

/* Different TTLs show which record decided. */
static const struct ub_result has_a = {
	.data = one_address, .len = address_size, .havedata = 1, .ttl = 10};
static const struct ub_result has_mx = {
	.data = one_host, .len = host_size, .havedata = 1, .ttl = 20};
static const struct ub_result has_null_mx = {
	.data = one_root, .len = root_size, .havedata = 1, .ttl = 30};
static const struct ub_result has_two_mx = {
	.data = two, .len = two_sizes, .havedata = 1, .ttl = 40};
static const struct ub_result nothing = {.ttl = 50};
static const struct ub_result no_name = {.rcode = ns_r_nxdomain, .nxdomain = 1, .ttl = 60};
static const struct ub_result servfail = {.rcode = ns_r_servfail, .ttl = 70};
static const struct ub_result refused = {.rcode = ns_r_refused, .ttl = 70};
static const struct ub_result none; /* its address stands for no result */

/* Adds an answer; returns the outcome so far. */
static int take(struct outcome *outcome, int type, const struct ub_result *result, bool null_mx,
		uint32_t *ret_sec)
{
	enum facts_dns dns;

	outcome_take(outcome, type, result == &none ? NULL : result);
	return outcome_decide(outcome, null_mx, &dns, ret_sec) ? (int)dns : UNDECIDED;
}

static const struct pair {
	const struct ub_result *a, *mx;
	enum facts_dns plain;
	uint32_t a_first_sec,
		mx_first_sec; /* TTL of a plain outcome, decided by the first answer */
	enum facts_dns null_mx;
} pairs[] = {
	{&has_a, &has_mx, FACTS_DNS_PRESENT, 10, 20, FACTS_DNS_PRESENT},
	{&has_a, &nothing, FACTS_DNS_PRESENT, 10, 10, FACTS_DNS_PRESENT},
	{&nothing, &has_mx, FACTS_DNS_PRESENT, 20, 20, FACTS_DNS_PRESENT},
	{&has_a, &has_null_mx, FACTS_DNS_PRESENT, 10, 30, FACTS_DNS_ABSENT},
	{&nothing, &has_null_mx, FACTS_DNS_PRESENT, 30, 30, FACTS_DNS_ABSENT},
	{&servfail, &has_null_mx, FACTS_DNS_PRESENT, 30, 30, FACTS_DNS_ABSENT},
	{&nothing, &has_two_mx, FACTS_DNS_PRESENT, 40, 40, FACTS_DNS_PRESENT},
	{&nothing, &nothing, FACTS_DNS_ABSENT, 50, 50, FACTS_DNS_ABSENT},
	{&no_name, &no_name, FACTS_DNS_ABSENT, 60, 60, FACTS_DNS_ABSENT},
	{&no_name, &nothing, FACTS_DNS_ABSENT, 50, 50, FACTS_DNS_ABSENT},
	{&servfail, &has_mx, FACTS_DNS_PRESENT, 20, 20, FACTS_DNS_PRESENT},
	{&has_a, &servfail, FACTS_DNS_PRESENT, 10, 10, FACTS_DNS_PRESENT},
	{&has_a, &none, FACTS_DNS_PRESENT, 10, 10, FACTS_DNS_PRESENT},
	{&servfail, &nothing, FACTS_DNS_UNKNOWN, 5, 5, FACTS_DNS_UNKNOWN},
	{&no_name, &servfail, FACTS_DNS_UNKNOWN, 5, 5, FACTS_DNS_UNKNOWN},
	{&refused, &nothing, FACTS_DNS_UNKNOWN, 5, 5, FACTS_DNS_UNKNOWN},
	{&none, &no_name, FACTS_DNS_UNKNOWN, 5, 5, FACTS_DNS_UNKNOWN},
	{&none, &none, FACTS_DNS_UNKNOWN, 5, 5, FACTS_DNS_UNKNOWN},
};

static struct outcome ask_both(void)
{
	struct outcome outcome = {.pending = 0};

	outcome_ask(&outcome, ns_t_mx);
	outcome_ask(&outcome, ns_t_a);
	return outcome;
}

/* The outcome and its TTL, by the first answer, or else by both. */
static int decide(const struct pair *pair, bool a_first, bool null_mx, uint32_t *ret_sec)
{
	struct outcome outcome = ask_both();
	uint32_t sec;
	int first = take(&outcome, a_first ? ns_t_a : ns_t_mx, a_first ? pair->a : pair->mx,
			 null_mx, ret_sec);
	int second = take(&outcome, a_first ? ns_t_mx : ns_t_a, a_first ? pair->mx : pair->a,
			  null_mx, &sec);

	if (first == UNDECIDED) {
		*ret_sec = sec;
		return second;
	}
	cr_expect_eq(first, second, "it was decided as %d, then as %d", first, second);
	return first;
}

Test(dns_outcome, the_order_of_answers_makes_no_difference)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		const struct pair *pair = &pairs[i];
		uint32_t a_sec = 0, mx_sec = 0;

		cr_expect_eq(decide(pair, true, false, &a_sec), pair->plain, "pair %zu", i);
		cr_expect_eq(decide(pair, false, false, &mx_sec), pair->plain, "pair %zu", i);
		cr_expect_eq(a_sec, pair->a_first_sec, "pair %zu: %u", i, a_sec);
		cr_expect_eq(mx_sec, pair->mx_first_sec, "pair %zu: %u", i, mx_sec);
		cr_expect_eq(decide(pair, true, true, &a_sec), pair->null_mx, "pair %zu", i);
		cr_expect_eq(decide(pair, false, true, &mx_sec), pair->null_mx, "pair %zu", i);
	}
}

Test(dns_outcome, one_record_decides_alone_unless_a_null_mx_may_follow)
{
	struct outcome outcome = ask_both();
	uint32_t sec;

	cr_assert_eq(take(&outcome, ns_t_a, &has_a, false, &sec), FACTS_DNS_PRESENT);
	outcome = ask_both();
	cr_assert_eq(take(&outcome, ns_t_a, &has_a, true, &sec), UNDECIDED);
	cr_assert_eq(take(&outcome, ns_t_mx, &none, true, &sec), FACTS_DNS_PRESENT);
	outcome = ask_both();
	cr_assert_eq(take(&outcome, ns_t_a, &nothing, false, &sec), UNDECIDED);
	outcome = ask_both();
	cr_assert_eq(take(&outcome, ns_t_mx, &no_name, false, &sec), UNDECIDED);
}

Test(dns_outcome, without_a_soa_a_negative_answer_lasts_a_minute_at_most)
{
	static unsigned char without[12], with[12] = {[9] = 1};
	const struct {
		struct ub_result result;
		uint32_t sec;
	} cases[] = {
		{{.ttl = 32768}, OUTCOME_NO_SOA_SEC},
		{{.ttl = 32768, .answer_packet = without, .answer_len = 12}, OUTCOME_NO_SOA_SEC},
		{{.ttl = 32768, .answer_packet = with, .answer_len = 11}, OUTCOME_NO_SOA_SEC},
		{{.ttl = 32768, .answer_packet = with, .answer_len = 12}, 32768},
		{{.ttl = 61, .answer_packet = without, .answer_len = 12}, 60},
		{{.ttl = 59, .answer_packet = without, .answer_len = 12}, 59},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome outcome = {.pending = 0};
		uint32_t sec = 0;

		outcome_ask(&outcome, ns_t_a);
		cr_expect_eq(take(&outcome, ns_t_a, &cases[i].result, false, &sec),
			     (int)FACTS_DNS_ABSENT);
		cr_expect_eq(sec, cases[i].sec, "case %zu: %u", i, sec);
	}
}
