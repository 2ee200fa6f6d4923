/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words for the enums of postern/abi.h in tables, JSON and logs: "over-limit" is a reason,
 * "draining" a state of an address.
 */
#pragma once

#include "postern/abi.h"

/* Never NULL; "invalid" for a value outside the enum. */
const char *reason_name(enum reason reason);
const char *verdict_action_name(enum verdict_action action); /* steer, pass, drop */
const char *pool_state_name(enum pool_state state);	     /* enabled, disabled */
const char *address_state_name(enum address_state state);    /* active, draining, disabled */
const char *host_kind_name(enum host_kind kind);	     /* interface, address, handle */
const char *
host_state_name(enum host_state state); /* present, missing, given-up, refused, leaving */
const char *counter_name(enum counter counter);
const char *counter_help(enum counter counter);

/* -EINVAL: no such word. */
int reason_parse(const char *name, enum reason *ret_reason);
int pool_state_parse(const char *name, enum pool_state *ret_state);
int address_state_parse(const char *name, enum address_state *ret_state);
int verdict_action_parse(const char *name, enum verdict_action *ret_action);

/* opening, established or closing, by both halves (table at struct half in postern/abi.h). */
const char *flow_state_name(const struct half *out, const struct half *in);
