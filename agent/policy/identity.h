/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sender that is accountable for facts, and its policy and tenant in the configuration.
 *
 * Policies and tenants are chosen by the domain of the identity. Where it has none (a client, a
 * user without a domain) the envelope sender's domain counts, then the header From's. Otherwise a
 * sender that may send 500 could claim the domain of one that may send 10000. Users without a
 * domain are therefore best listed under `senders`.
 *
 * The search goes over the patterns in the order of the file; its time is proportional to their
 * number.
 */
#pragma once

#include "config/config.h"
#include "policy/decision.h"
#include "policy/siphash.h"

struct identity {
	enum identity_kind kind;
	char name[POLICY_NAME_SIZE]; /* lower case, except a selector's sender */
	const char *domain;	     /* points into name or the facts; NULL: none */
};

/* Texts of the facts must be shorter than POLICY_NAME_SIZE. */
void identity_of_facts(const struct config *config, const struct facts *facts,
		       struct identity *ret_identity);
void identity_of_name(const char *name, struct identity *ret_identity);

/* The key of a name, without regard to case. */
struct siphash identity_key(const uint8_t secret[SIPHASH_KEY_SIZE], const char *name);

/* `named`: the facts' tenant, may be NULL. NULL: none. */
const struct config_tenant *identity_tenant(const struct config *config,
					    const struct identity *identity, const char *named);
/*
 * `tenant`: a name, or NULL. The sender's own policy, then the first that matches, then the
 * default.
 */
const struct config_policy *identity_policy(const struct config *config,
					    const struct identity *identity, const char *tenant);

/* The policy of a name, by the name alone; never NULL. */
const struct config_policy *identity_rules(const struct config *config, const char *name);

/* The '@' before the domain: the last one outside of quotes. NULL: none. */
const char *identity_at(const char *text, size_t size);
/* The text after that '@'; NULL: there is none. */
const char *identity_domain(const char *mailbox);
bool identity_matches(const struct config_texts *patterns, const char *text);
