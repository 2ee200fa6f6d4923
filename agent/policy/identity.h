/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is accountable for facts, and which policy and tenant of the configuration are theirs.
 *
 * The domain by which policies and tenants are chosen is that of the identity. Only where it has none
 * (a client, a user by a bare name) the envelope's serves, then the header From's: else one who may
 * send 500 could say that the mail is from someone who may send 10000. Users by bare names are
 * therefore best listed under `senders`.
 *
 * The search goes over the patterns in the order of the file: its time is proportional to them.
 */
#pragma once

#include "config/config.h"
#include "policy/decision.h"
#include "policy/siphash.h"

struct identity {
	enum identity_kind kind;
	char name[POLICY_NAME_SIZE]; /* in lower case unless it is a selector's sender */
	const char *domain;	     /* within name or the facts; NULL: none */
};

/* Texts of the facts must be shorter than POLICY_NAME_SIZE. */
void identity_of_facts(const struct config *config, const struct facts *facts,
		       struct identity *ret_identity);
void identity_of_name(const char *name, struct identity *ret_identity);

/* Of the name, without regard to case. */
struct siphash identity_key(const uint8_t secret[SIPHASH_KEY_SIZE], const char *name);

/* `named`: the facts' tenant, may be NULL. NULL: none. */
const struct config_tenant *identity_tenant(const struct config *config,
					    const struct identity *identity, const char *named);
/* `tenant` is a name and may be NULL. The sender's own, else the first that matches, else the default. */
const struct config_policy *identity_policy(const struct config *config,
					    const struct identity *identity, const char *tenant);

/* The policy of a name, by the name alone; never NULL. */
const struct config_policy *identity_rules(const struct config *config, const char *name);

/* What is behind the last '@'; NULL: nothing, or no '@'. */
const char *identity_domain(const char *mailbox);
bool identity_matches(const struct config_texts *patterns, const char *text);
