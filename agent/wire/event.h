/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens, one JSON object each: {"time": RFC 3339, "event": what, …}; members that do not apply
 * are left out. NULL: out of memory.
 *
 *   warning, over-limit         sender or tenant, limit, count, max
 *   restricted, spam-sender     sender, until (null: until released)
 *   restriction-ended, spam-sender-ended, standings-full         sender
 *   verdict                     sender, action, pool, reason, until
 *   bounce-surge                domain, cause, bounces, baseline, unknown_recipients, not_sent_here
 *   state                       trouble: why the state file takes nothing, or null again
 *   error                       what, text, sender, pool, source, destination
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "policy/policy.h"
#include "policy/surge.h"

json_t *news_policy(const struct policy_event *event, int64_t now_sec);
/* `pool` NULL unless steered. */
json_t *news_verdict(const char *sender, const struct sender_verdict *verdict, const char *pool,
		     int64_t now_sec);
json_t *news_surge(const struct surge_state *surge, int64_t now_sec);
json_t *news_state(const char *trouble, int64_t now_sec);
/* Texts that are "" are left out. */
json_t *news_error(const char *what, const char *text, const char *sender, const char *pool,
		   const char *source, const char *destination, int64_t now_sec);
