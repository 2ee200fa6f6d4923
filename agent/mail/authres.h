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
 * For SPF, only a result for the envelope sender counts: the client chooses its HELO name freely,
 * and a relay before the trusted host may use another envelope sender. smtp.mailfrom (RFC 8601,
 * 2.7.2) must be this sender or, without a local part, its domain. A pass without it is unknown.
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
	bool spf_names_sender;		     /* smtp.mailfrom stands beside the result: */
	char spf_mailfrom[POLICY_NAME_SIZE]; /* a key of mailbox.h, or a domain as its local part */
};

/* Takes one header's value; the topmost header comes first. All zero before it. */
void authres_read(struct authres *authres, const struct config_texts *trusted, const char *value);

/* The result for this envelope sender, a key of mailbox.h; NULL: unknown. */
enum facts_auth authres_spf(const struct authres *authres, const char *envelope_from);
