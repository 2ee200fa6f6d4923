/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside api/: arguments of a request that several routes read. */
#pragma once

#include "base/clock.h"

struct call;
struct error;
struct policy;

/* -EOPNOTSUPP: there is no judge, as in the CLI. */
int call_needs_judge(const struct call *call, struct error *error);
struct now call_now(const struct call *call);
/* NULL: there is no judge. */
struct policy *call_policy(const struct call *call);
/* The parameter "limit"; `limit_default` without one. -EINVAL: not 1 to `limit_max`. */
int call_limit(const struct call *call, unsigned long limit_default, unsigned long limit_max,
	       unsigned long *ret_limit, struct error *error);
