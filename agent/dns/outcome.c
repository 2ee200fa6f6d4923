/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts pending queries; reads the results of libunbound. */
#include "dns/outcome.h"

#include <arpa/nameser.h>
#include <unbound.h>

#include "dns/maildns.h"

/* RFC 7505: a single record with the root as its target, after two bytes of preference. */
static bool is_null_mx(const struct ub_result *result)
{
	return result->data[0] && !result->data[1] && result->len[0] == 3 &&
	       result->data[0][2] == '\0';
}

/*
 * A negative answer without a SOA has no lifetime (RFC 2308, 5): libunbound gives it one of 9
 * hours. The number of records of the authority section is in bytes 8 and 9 of the header.
 */
static uint32_t negative_sec(const struct ub_result *result, uint32_t sec)
{
	const unsigned char *packet = result->answer_packet;
	bool has_authority =
		packet && result->answer_len >= NS_HFIXEDSZ && (packet[8] || packet[9]);

	return has_authority || sec < OUTCOME_NO_SOA_SEC ? sec : OUTCOME_NO_SOA_SEC;
}

void outcome_ask(struct outcome *outcome, int type)
{
	outcome->pending++;
	outcome->mx_pending |= type == ns_t_mx;
	outcome->absent_sec = UINT32_MAX;
}

void outcome_take(struct outcome *outcome, int type, const struct ub_result *result)
{
	uint32_t sec = result && result->ttl > 0 ? (uint32_t)result->ttl : 0;

	outcome->pending--;
	if (type == ns_t_mx)
		outcome->mx_pending = false;
	if (!result || (result->rcode != ns_r_noerror && result->rcode != ns_r_nxdomain)) {
		outcome->failed = true;
	} else if (!result->havedata) {
		sec = negative_sec(result, sec);
		outcome->absent_sec = sec < outcome->absent_sec ? sec : outcome->absent_sec;
	} else if (type == ns_t_mx && is_null_mx(result)) {
		outcome->null_mx = true;
		outcome->null_mx_sec = sec;
	} else {
		outcome->present = true;
		outcome->present_sec = sec;
	}
}

static bool decided(enum facts_dns dns, uint32_t sec, enum facts_dns *ret_dns, uint32_t *ret_sec)
{
	*ret_dns = dns;
	*ret_sec = sec;
	return true;
}

bool outcome_decide(const struct outcome *outcome, bool null_mx_is_absent, enum facts_dns *ret_dns,
		    uint32_t *ret_sec)
{
	if (outcome->null_mx)
		return decided(null_mx_is_absent ? FACTS_DNS_ABSENT : FACTS_DNS_PRESENT,
			       outcome->null_mx_sec, ret_dns, ret_sec);
	if (outcome->present && !(null_mx_is_absent && outcome->mx_pending))
		return decided(FACTS_DNS_PRESENT, outcome->present_sec, ret_dns, ret_sec);
	if (outcome->pending > 0)
		return false;
	if (outcome->failed)
		return decided(FACTS_DNS_UNKNOWN, MAILDNS_UNKNOWN_SEC, ret_dns, ret_sec);
	return decided(FACTS_DNS_ABSENT, outcome->absent_sec, ret_dns, ret_sec);
}
