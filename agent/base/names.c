/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of words for the enums of postern/abi.h. */
#include "base/names.h"

#include "base/word.h"

static const char *const reasons[REASONS] = {
	[REASON_GOOD] = "good",
	[REASON_MANUAL] = "manual",
	[REASON_RESTRICTED] = "restricted",
	[REASON_BOUNCE] = "bounce",
	[REASON_NO_MAIL_DNS] = "no-mail-dns",
	[REASON_SPAM] = "spam",
	[REASON_OVER_LIMIT] = "over-limit",
	[REASON_RELAY] = "relay",
	[REASON_UNKNOWN_SENDER] = "unknown-sender",
	[REASON_HANDLE] = "handle",
};

/* These enums begin at 1; index 0 has no word. */
static const char *const actions[VERDICT_ACTIONS] = {
	[VERDICT_STEER] = "steer",
	[VERDICT_PASS] = "pass",
	[VERDICT_DROP] = "drop",
};

static const char *const pool_states[POOL_STATES] = {
	[POOL_ENABLED] = "enabled",
	[POOL_DISABLED] = "disabled",
};

static const char *const address_states[ADDRESS_STATES] = {
	[ADDRESS_ACTIVE] = "active",
	[ADDRESS_DRAINING] = "draining",
	[ADDRESS_DISABLED] = "disabled",
};

static const char *const host_kinds[HOST_KINDS] = {
	[HOST_INTERFACE] = "interface",
	[HOST_ADDRESS] = "address",
	[HOST_HANDLE] = "handle",
	[HOST_ALL] = "all",
};

static const char *const host_states[HOST_STATES] = {
	[HOST_PRESENT] = "present", [HOST_MISSING] = "missing", [HOST_GIVEN_UP] = "given-up",
	[HOST_REFUSED] = "refused", [HOST_LEAVING] = "leaving",
};

#define COUNTER_NAME(name, help) #name,
static const char *const counter_names[COUNTERS] = {POSTERN_COUNTERS(COUNTER_NAME)};
#undef COUNTER_NAME

#define COUNTER_HELP(name, help) help,
static const char *const counter_helps[COUNTERS] = {POSTERN_COUNTERS(COUNTER_HELP)};
#undef COUNTER_HELP

const char *reason_name(enum reason reason)
{
	return WORD_OF(reasons, reason);
}

const char *verdict_action_name(enum verdict_action action)
{
	return WORD_OF(actions, action);
}

const char *host_kind_name(enum host_kind kind)
{
	return WORD_OF(host_kinds, kind);
}

const char *host_state_name(enum host_state state)
{
	return WORD_OF(host_states, state);
}

const char *pool_state_name(enum pool_state state)
{
	return WORD_OF(pool_states, state);
}

const char *address_state_name(enum address_state state)
{
	return WORD_OF(address_states, state);
}

const char *counter_name(enum counter counter)
{
	return WORD_OF(counter_names, counter);
}

const char *counter_help(enum counter counter)
{
	return WORD_OF(counter_helps, counter);
}

int reason_parse(const char *name, enum reason *ret_reason)
{
	int found = WORD_FIND(reasons, name);

	if (found < 0)
		return found;
	*ret_reason = (enum reason)found;
	return 0;
}

int pool_state_parse(const char *name, enum pool_state *ret_state)
{
	int found = WORD_FIND(pool_states, name);

	if (found < 0)
		return found;
	*ret_state = (enum pool_state)found;
	return 0;
}

int address_state_parse(const char *name, enum address_state *ret_state)
{
	int found = WORD_FIND(address_states, name);

	if (found < 0)
		return found;
	*ret_state = (enum address_state)found;
	return 0;
}

int verdict_action_parse(const char *name, enum verdict_action *ret_action)
{
	int found = WORD_FIND(actions, name);

	if (found < 0)
		return found;
	*ret_action = (enum verdict_action)found;
	return 0;
}

const char *flow_state_name(const struct half *out, const struct half *in)
{
	if (out->rst_seen || in->rst_seen || out->fin_seen || in->fin_seen)
		return "closing";
	return in->packets == 0 ? "opening" : "established";
}
