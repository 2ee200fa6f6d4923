/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a message: what was collected becomes facts, the agent is asked, and the MTA told (the table
 * is milter.h's). What cannot be done for want of memory, or because the MTA does not take a header, is
 * deferred: no mail passes without the lane that was decided on.
 */
#pragma once

#include <libmilter/mfapi.h>

struct session;
struct session_shared;

/* Within xxfi_eom only. */
sfsistat verdict_give(SMFICTX *ctx, struct session_shared *shared, const struct session *session);
