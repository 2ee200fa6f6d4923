/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments that several routes share. */
#include "api/call.h"

#include <ctype.h>
#include <errno.h>
#include <event2/http.h>
#include <stdlib.h>

#include "api/routes.h"
#include "base/error.h"
#include "judge/judge.h"

int call_needs_judge(const struct call *call, struct error *error)
{
	return call->api->judge ? 0
				: error_set(error, -EOPNOTSUPP,
					    "the agent is not running; only it can answer");
}

struct now call_now(const struct call *call)
{
	return call->request->now;
}

struct policy *call_policy(const struct call *call)
{
	return call->api->judge ? judge_policy(call->api->judge) : NULL;
}

int call_limit(const struct call *call, unsigned long limit_default, unsigned long limit_max,
	       unsigned long *ret_limit, struct error *error)
{
	const char *text = evhttp_find_header(call->query, "limit");
	unsigned long limit = limit_default;
	char *end;

	if (text) {
		limit = strtoul(text, &end, 10);
		/* strtoul() also takes a sign and turns -1 into the largest number. */
		if (!isdigit((unsigned char)*text) || *end || limit < 1 || limit > limit_max)
			return error_set(error, -EINVAL,
					 "parameter 'limit': found '%.64s', expected 1 to %lu",
					 text, limit_max);
	}
	*ret_limit = limit;
	return 0;
}
