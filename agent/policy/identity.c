/* SPDX-License-Identifier: BSD-2-Clause */
/* From facts to a name, from a name to tenant and policy. */
#include "policy/identity.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/text.h"
#include "policy/owner.h"

#define IPV6_SITE_BYTES 8 /* a client can choose its addresses from a /64 */

const char *identity_at(const char *text, size_t size)
{
	size_t quoted = 0;

	if (size > 0 && *text == '"') {
		for (quoted = 1; quoted < size && text[quoted] != '"'; quoted++)
			quoted += text[quoted] == '\\';
		if (quoted >= size)
			quoted = 0; /* an unclosed quote is an ordinary character */
	}
	return memrchr(text + quoted, '@', size - quoted);
}

const char *identity_domain(const char *mailbox)
{
	const char *at = mailbox ? identity_at(mailbox, strlen(mailbox)) : NULL;

	return at && at[1] ? at + 1 : NULL;
}

bool identity_matches(const struct config_texts *patterns, const char *text)
{
	for (size_t i = 0; text && i < patterns->count; i++)
		if (fnmatch(patterns->texts[i], text, FNM_CASEFOLD | FNM_NOESCAPE) == 0)
			return true;
	return false;
}

static void take(struct identity *identity, enum identity_kind kind, const char *name)
{
	identity->kind = kind;
	snprintf(identity->name, sizeof(identity->name), "%s", name);
	if (kind != IDENTITY_SENDER)
		text_lower(identity->name);
}

static void take_owner(const struct config *config, struct identity *identity,
		       enum identity_kind kind, const char *name)
{
	char owner[POLICY_NAME_SIZE];

	owner_of(config, name, kind == IDENTITY_USER, owner);
	take(identity, kind, owner);
}

static void take_client(struct identity *identity, const char *client)
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];

	take(identity, IDENTITY_CLIENT, client);
	if (address_parse(client, &address) < 0)
		return;
	if (address_is_ipv4(&address)) {
		take(identity, IDENTITY_CLIENT, address_format(&address, text));
		return;
	}
	memset(address.bytes + IPV6_SITE_BYTES, 0, sizeof(address.bytes) - IPV6_SITE_BYTES);
	snprintf(identity->name, sizeof(identity->name), "%s/64", address_format(&address, text));
}

/* False: the facts lack the text that `key` asks for. */
static bool take_configured(const struct config *config, struct identity *identity,
			    enum config_identity key, const struct facts *facts)
{
	const char *domain = identity_domain(facts->envelope_from);

	switch (key) {
	case CONFIG_IDENTITY_ENVELOPE:
		if (text_is_given(facts->envelope_from))
			take_owner(config, identity, IDENTITY_ENVELOPE, facts->envelope_from);
		break;
	case CONFIG_IDENTITY_DOMAIN:
		if (domain)
			take(identity, IDENTITY_DOMAIN, domain);
		break;
	case CONFIG_IDENTITY_CLIENT:
		if (text_is_given(facts->client))
			take_client(identity, facts->client);
		break;
	case CONFIG_IDENTITY_SENDER:
		if (text_is_given(facts->sender))
			take(identity, IDENTITY_SENDER, facts->sender);
		break;
	}
	return identity->kind != IDENTITY_NONE;
}

static void find_domain(struct identity *identity, const struct facts *facts)
{
	identity->domain = identity->kind == IDENTITY_DOMAIN ? identity->name
							     : identity_domain(identity->name);
	if (!identity->domain)
		identity->domain = identity_domain(facts->envelope_from);
	if (!identity->domain)
		identity->domain = identity_domain(facts->header_from);
}

void identity_of_facts(const struct config *config, const struct facts *facts,
		       struct identity *ret_identity)
{
	ret_identity->kind = IDENTITY_NONE;
	ret_identity->name[0] = '\0';
	if (facts->kind == FACTS_CONNECTION)
		take_configured(config, ret_identity, CONFIG_IDENTITY_SENDER, facts);
	else if (text_is_given(facts->user))
		take_owner(config, ret_identity, IDENTITY_USER, facts->user);
	else if (!take_configured(config, ret_identity, config->identity, facts) &&
		 !take_configured(config, ret_identity, CONFIG_IDENTITY_SENDER, facts))
		take_configured(config, ret_identity, CONFIG_IDENTITY_CLIENT, facts);
	find_domain(ret_identity, facts);
}

void identity_of_name(const char *name, struct identity *ret_identity)
{
	ret_identity->domain = NULL;
	take(ret_identity, IDENTITY_SENDER, name);
	ret_identity->domain = identity_domain(ret_identity->name);
}

struct siphash identity_key(const uint8_t secret[SIPHASH_KEY_SIZE], const char *name)
{
	char folded[POLICY_NAME_SIZE];

	snprintf(folded, sizeof(folded), "%s", name);
	text_lower(folded);
	return siphash(secret, folded, strlen(folded));
}

const struct config_tenant *identity_tenant(const struct config *config,
					    const struct identity *identity, const char *named)
{
	for (size_t i = 0; i < config->n_tenants; i++) {
		const struct config_tenant *tenant = &config->tenants[i];

		if (text_is_given(named)
			    ? strcasecmp(tenant->name, named) == 0
			    : identity_matches(&tenant->senders, identity->name) ||
				      identity_matches(&tenant->domains, identity->domain))
			return tenant;
	}
	return NULL;
}

const struct config_policy *identity_policy(const struct config *config,
					    const struct identity *identity, const char *tenant)
{
	const struct config_sender *sender = config_sender_find(config, identity->name);

	if (sender && sender->policy)
		return sender->policy;
	for (size_t i = 0; i < config->n_policies; i++) {
		const struct config_policy *policy = &config->policies[i];

		if (identity_matches(&policy->senders, identity->name) ||
		    identity_matches(&policy->tenants, tenant) ||
		    identity_matches(&policy->domains, identity->domain))
			return policy;
	}
	return config->default_policy;
}

const struct config_policy *identity_rules(const struct config *config, const char *name)
{
	const struct config_tenant *tenant;
	struct identity identity;

	identity_of_name(name, &identity);
	tenant = identity_tenant(config, &identity, NULL);
	return identity_policy(config, &identity, tenant ? tenant->name : NULL);
}
