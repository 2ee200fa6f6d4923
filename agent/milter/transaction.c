/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects; end_of_message.c makes facts of it. */
#include "milter/transaction.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "config/config.h"
#include "mail/mailbox.h"
#include "mail/message.h"
#include "milter/config_ref.h"
#include "policy/identity.h"

/* The datapath does not see who brings mail in; as there, the longest prefix wins. NULL: none. */
static const char *find_sender(const struct config *config, const struct address *client)
{
	const char *name = NULL;
	unsigned longest = 0;

	for (size_t i = 0; i < config->n_senders; i++) {
		const struct config_sender *sender = &config->senders[i];

		for (size_t j = 0; j < sender->n_selectors; j++) {
			const struct config_selector *selector = &sender->selectors[j];

			if (selector->kind != CONFIG_SELECTOR_SOURCE ||
			    (name && selector->prefix.length <= longest) ||
			    !prefix_contains(&selector->prefix, client))
				continue;
			name = sender->name;
			longest = selector->prefix.length;
		}
	}
	return name;
}

void transaction_begin(struct transaction *transaction, struct config_refs *refs, const char *path,
		       const char *user, const struct address *address, const char *client)
{
	struct config_ref *rules = config_ref_get(refs);

	mailbox_parse(path, transaction->envelope_from);
	snprintf(transaction->user, sizeof(transaction->user), "%s", user);
	transaction->client = client;
	transaction->rules = rules;
	if (address)
		transaction->sender = find_sender(rules->config, address);
	if (message_new(&rules->config->mail, &transaction->message) < 0)
		transaction->message = NULL;
}

void transaction_done(struct transaction *transaction)
{
	message_free(transaction->message);
	forged_done(&transaction->forged);
	config_ref_put(transaction->rules);
	memset(transaction, 0, sizeof(*transaction));
}

/* A recipient without a domain is on this host. */
void transaction_recipient(struct transaction *transaction, const char *path)
{
	char recipient[POLICY_NAME_SIZE];
	const char *domain;

	if (!transaction->message)
		return;
	mailbox_parse(path, recipient);
	if (!*transaction->first_recipient)
		strcpy(transaction->first_recipient, recipient);
	domain = mailbox_domain(recipient);
	if (!domain || identity_matches(&transaction->rules->config->internal_domains, domain))
		transaction->recipients_internal++;
	else
		transaction->recipients_external++;
}

void transaction_header(struct transaction *transaction, const char *name, const char *value)
{
	if (transaction->message)
		message_header(transaction->message, name, value);
	forged_add(&transaction->forged, name);
}

void transaction_end_of_headers(struct transaction *transaction)
{
	transaction->wants_body = transaction->message && message_wants_body(transaction->message);
}

void transaction_body(struct transaction *transaction, const void *bytes, size_t size)
{
	if (transaction->wants_body)
		transaction->wants_body = message_body(transaction->message, bytes, size);
}
