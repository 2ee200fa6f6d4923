/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Authentication-Results (RFC 8601) of hosts that are believed (`authserv_ids`): what they say of SPF
 * and DKIM. Such a host must remove what came in under its own name (RFC 8601, 5): nobody else can tell
 * them apart.
 *
 *   result                       SPF        DKIM
 *   pass                         pass       pass
 *   fail, softfail, policy       fail       fail
 *   none, neutral                none       none
 *   anything else                unknown    unknown     (temperror, permerror, …)
 *
 * Of SPF the envelope sender's result counts, never that of the HELO, which is at the client's pleasure.
 * Several signatures: one that passed will do, else one that failed.
 */
#pragma once

#include <stdbool.h>

#include "policy/decision.h"

struct config_texts;

struct authres {
	enum facts_auth spf;
	enum facts_auth dkim;
	bool spf_said; /* by a header further up, which is the later one */
	bool dkim_said;
};

/* One header's value, the topmost first. All zero: nothing is known yet. */
void authres_read(struct authres *authres, const struct config_texts *trusted, const char *value);
