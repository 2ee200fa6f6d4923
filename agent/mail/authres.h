/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Authentication-Results (RFC 8601) of trusted hosts (`authserv_ids`): their results for SPF and
 * DKIM. A trusted host must remove headers that came in under its own name (RFC 8601, 5); they
 * cannot be recognised later.
 *
 *   result                       SPF        DKIM
 *   pass                         pass       pass
 *   fail, softfail, policy       fail       fail
 *   none, neutral                none       none
 *   anything else                unknown    unknown     (temperror, permerror, …)
 *
 * For SPF, only a result for the envelope sender counts: the client chooses its HELO name freely.
 * For several DKIM signatures, pass outweighs fail, and fail outweighs the others.
 */
#pragma once

#include <stdbool.h>

#include "policy/decision.h"

struct config_texts;

struct authres {
	enum facts_auth spf;
	enum facts_auth dkim;
	/* A trusted header has a result; a header further up is later, and wins. */
	bool spf_said;
	bool dkim_said;
};

/* Takes one header's value; the topmost header comes first. All zero before it. */
void authres_read(struct authres *authres, const struct config_texts *trusted, const char *value);
