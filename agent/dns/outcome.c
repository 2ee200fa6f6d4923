/* SPDX-License-Identifier: BSD-2-Clause */
/* Adds up results of libunbound. */
#include "dns/outcome.h"

#include <arpa/nameser.h>
#include <unbound.h>

#include "dns/maildns.h"

/* One record, whose target is the root (RFC 7505); two bytes of preference come first. */
static bool is_null_mx(const struct ub_result *result)
{
	return result->data[0] && !result->data[1] && result->len[0] == 3 &&
	       result->data[0][2] == '\0';
}

void answer_ask(struct answer *answer, int type)
{
	answer->pending++;
	answer->mx_pending |= type == ns_t_mx;
	answer->absent_sec = UINT32_MAX;
}

void answer_take(struct answer *answer, int type, const struct ub_result *result)
{
	uint32_t sec = result && result->ttl > 0 ? (uint32_t)result->ttl : 0;

	answer->pending--;
	if (type == ns_t_mx)
		answer->mx_pending = false;
	if (!result || (result->rcode != ns_r_noerror && result->rcode != ns_r_nxdomain)) {
		answer->failed = true;
	} else if (!result->havedata) {
		answer->absent_sec = sec < answer->absent_sec ? sec : answer->absent_sec;
	} else if (type == ns_t_mx && is_null_mx(result)) {
		answer->null_mx = true;
		answer->null_mx_sec = sec;
	} else {
		answer->present = true;
		answer->present_sec = sec;
	}
}

static bool decided(enum facts_dns dns, uint32_t sec, enum facts_dns *ret_dns, uint32_t *ret_sec)
{
	*ret_dns = dns;
	*ret_sec = sec;
	return true;
}

bool answer_decide(const struct answer *answer, bool null_mx_is_absent, enum facts_dns *ret_dns,
		   uint32_t *ret_sec)
{
	if (answer->null_mx)
		return decided(null_mx_is_absent ? FACTS_DNS_ABSENT : FACTS_DNS_PRESENT,
			       answer->null_mx_sec, ret_dns, ret_sec);
	if (answer->present && !(null_mx_is_absent && answer->mx_pending))
		return decided(FACTS_DNS_PRESENT, answer->present_sec, ret_dns, ret_sec);
	if (answer->pending > 0)
		return false;
	if (answer->failed)
		return decided(FACTS_DNS_UNKNOWN, MAILDNS_UNKNOWN_SEC, ret_dns, ret_sec);
	return decided(FACTS_DNS_ABSENT, answer->absent_sec, ret_dns, ret_sec);
}
