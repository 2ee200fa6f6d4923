/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of packed decisions and a chained hash table over their message ids. */
#include "policy/decision_log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/identity.h"

/* In order of importance: the last ones may find no space. */
enum text {
	TEXT_NAME, /* whole: complaints and connections name the sender by it */
	TEXT_POOL,
	TEXT_POLICY,
	TEXT_TENANT,
	TEXT_MESSAGE_ID,
	TEXT_ENVELOPE_FROM,
	TEXT_USER,
	TEXT_CLIENT,
	TEXT_HEADER_FROM,
	TEXT_SENDER,
	TEXT_NAMED_TENANT,
	TEXTS,
};

struct packed_step {
	uint32_t count, adds, max;
	uint8_t rule, outcome, limit;
	uint8_t reserved;
};

struct entry {
	struct siphash id;
	uint64_t sender; /* half of its hash */
	const char *status;
	int64_t time_sec;
	int64_t until_sec;
	uint32_t next; /* in the chain of its head; 0: the last */
	uint32_t pool;
	uint32_t external, internal, connections;
	uint8_t kind, bounce, automatic, spam;
	uint8_t mail_dns, spf, dkim, action;
	uint8_t reason, identity, n_steps, has_id;
	uint16_t texts[TEXTS]; /* offset in `bytes` + 1; 0: NULL */
	struct packed_step steps[DECISION_STEPS_MAX];
	char bytes[DECISION_TEXTS];
};
_Static_assert(sizeof(struct entry) <= DECISION_BYTES, "what the header promises");

struct decision_log {
	struct entry *entries; /* entries[0] is never used */
	uint32_t *heads;
	uint32_t mask;
	uint32_t max;
	uint32_t last; /* the newest; 0: none */
	uint32_t count;
	uint8_t secret[SIPHASH_KEY_SIZE];
};

int decision_log_new(uint32_t max, const uint8_t secret[SIPHASH_KEY_SIZE],
		     struct decision_log **ret_decisions)
{
	struct decision_log *decisions = calloc(1, sizeof(*decisions));
	size_t heads = 1;

	if (!decisions || max == 0) {
		free(decisions);
		return max ? -ENOMEM : -EINVAL;
	}
	while (heads < max)
		heads *= 2;
	decisions->max = max;
	decisions->mask = (uint32_t)(heads - 1);
	decisions->entries = calloc((size_t)max + 1, sizeof(*decisions->entries));
	decisions->heads = calloc(heads, sizeof(*decisions->heads));
	memcpy(decisions->secret, secret, SIPHASH_KEY_SIZE);
	if (!decisions->entries || !decisions->heads) {
		decision_log_free(decisions);
		return -ENOMEM;
	}
	*ret_decisions = decisions;
	return 0;
}

void decision_log_free(struct decision_log *decisions)
{
	if (!decisions)
		return;
	free(decisions->entries);
	free(decisions->heads);
	free(decisions);
}

/* ---- texts */

struct packer {
	struct entry *entry;
	size_t used;
};

/* Offset + 1; 0: not found. */
static uint16_t find_text(const struct packer *packer, const char *text, size_t length)
{
	const char *bytes = packer->entry->bytes;

	for (size_t at = 0; at < packer->used; at += strlen(bytes + at) + 1)
		if (strlen(bytes + at) == length && memcmp(bytes + at, text, length) == 0)
			return (uint16_t)(at + 1);
	return 0;
}

static void pack_text(struct packer *packer, enum text which, const char *text)
{
	const size_t space = DECISION_TEXTS - packer->used;
	const size_t max = which == TEXT_NAME ? POLICY_NAME_SIZE - 1 : DECISION_TEXT_MAX;
	size_t length = text ? strnlen(text, POLICY_NAME_SIZE) : 0;
	uint16_t at = text ? find_text(packer, text, length) : 0;

	if (text && !at && length > max)
		at = find_text(packer, text, length = max);
	if (text && !at && space > 0) {
		if (length > space - 1)
			length = space - 1;
		at = (uint16_t)(packer->used + 1);
		memcpy(packer->entry->bytes + packer->used, text, length);
		packer->entry->bytes[packer->used + length] = '\0';
		packer->used += length + 1;
	}
	packer->entry->texts[which] = at;
}

static void pack_texts(struct entry *entry, const struct facts *facts,
		       const struct decision *decision, const char *pool)
{
	struct packer packer = {.entry = entry};

	pack_text(&packer, TEXT_NAME, decision->sender);
	pack_text(&packer, TEXT_POOL, pool);
	pack_text(&packer, TEXT_POLICY, decision->policy);
	pack_text(&packer, TEXT_TENANT, decision->tenant);
	pack_text(&packer, TEXT_MESSAGE_ID, facts->message_id);
	pack_text(&packer, TEXT_ENVELOPE_FROM, facts->envelope_from);
	pack_text(&packer, TEXT_USER, facts->user);
	pack_text(&packer, TEXT_CLIENT, facts->client);
	pack_text(&packer, TEXT_HEADER_FROM, facts->header_from);
	pack_text(&packer, TEXT_SENDER, facts->sender);
	pack_text(&packer, TEXT_NAMED_TENANT, facts->tenant);
}

static const char *text_of(const struct entry *entry, enum text which)
{
	return entry->texts[which] ? entry->bytes + entry->texts[which] - 1 : NULL;
}

/* ---- pack */

static void pack(struct entry *entry, const struct facts *facts, const struct decision *decision,
		 const char *pool)
{
	*entry = (struct entry){
		.id = entry->id,
		.sender = entry->sender,
		.time_sec = entry->time_sec,
		.has_id = facts->message_id != NULL,
		.status = decision->status,
		.until_sec = decision->until_sec,
		.pool = decision->pool,
		.external = facts->recipients_external,
		.internal = facts->recipients_internal,
		.connections = facts->connections,
		.kind = (uint8_t)facts->kind,
		.bounce = facts->bounce,
		.automatic = facts->automatic,
		.spam = facts->spam,
		.mail_dns = (uint8_t)facts->mail_dns,
		.spf = (uint8_t)facts->spf,
		.dkim = (uint8_t)facts->dkim,
		.action = (uint8_t)decision->action,
		.reason = (uint8_t)decision->reason,
		.identity = (uint8_t)decision->identity,
		.n_steps = (uint8_t)decision->n_steps,
	};
	for (unsigned i = 0; i < decision->n_steps; i++) {
		const struct decision_step *step = &decision->steps[i];

		entry->steps[i] = (struct packed_step){
			step->count,
			step->adds,
			step->max,
			(uint8_t)step->rule,
			(uint8_t)step->outcome,
			(uint8_t)step->limit,
			0,
		};
	}
	pack_texts(entry, facts, decision, pool);
}

static uint32_t *head_of(const struct decision_log *decisions, const struct entry *entry)
{
	return &decisions->heads[entry->id.words[0] & decisions->mask];
}

static void forget(struct decision_log *decisions, uint32_t number)
{
	struct entry *entry = &decisions->entries[number];
	uint32_t *link = head_of(decisions, entry);

	if (!entry->has_id)
		return;
	while (*link != number)
		link = &decisions->entries[*link].next;
	*link = entry->next;
}

void decision_log_add(struct decision_log *decisions, const struct facts *facts,
		      const struct decision *decision, const char *pool, int64_t now_sec)
{
	const char *id = facts->message_id ? facts->message_id : "";
	struct entry *entry;

	decisions->last = decisions->last % decisions->max + 1;
	entry = &decisions->entries[decisions->last];
	if (decisions->count == decisions->max)
		forget(decisions, decisions->last);
	else
		decisions->count++;
	entry->id = siphash(decisions->secret, id, strlen(id));
	entry->sender = identity_key(decisions->secret, decision->sender).words[0];
	entry->time_sec = now_sec;
	pack(entry, facts, decision, pool);
	if (entry->has_id) {
		entry->next = *head_of(decisions, entry);
		*head_of(decisions, entry) = decisions->last;
	}
}

/* ---- unpack */

static void unpack_facts(const struct entry *entry, struct facts *ret_facts)
{
	*ret_facts = (struct facts){
		.kind = (enum facts_kind)entry->kind,
		.message_id = text_of(entry, TEXT_MESSAGE_ID),
		.user = text_of(entry, TEXT_USER),
		.envelope_from = text_of(entry, TEXT_ENVELOPE_FROM),
		.header_from = text_of(entry, TEXT_HEADER_FROM),
		.recipients_external = entry->external,
		.recipients_internal = entry->internal,
		.bounce = entry->bounce,
		.automatic = entry->automatic,
		.spam = entry->spam,
		.mail_dns = (enum facts_dns)entry->mail_dns,
		.spf = (enum facts_auth)entry->spf,
		.dkim = (enum facts_auth)entry->dkim,
		.client = text_of(entry, TEXT_CLIENT),
		.sender = text_of(entry, TEXT_SENDER),
		.tenant = text_of(entry, TEXT_NAMED_TENANT),
		.connections = entry->connections,
	};
}

static void unpack_decision(const struct entry *entry, struct decision *ret_decision)
{
	*ret_decision = (struct decision){
		.action = (enum decision_action)entry->action,
		.reason = (enum reason)entry->reason,
		.pool = entry->pool,
		.status = entry->status,
		.until_sec = entry->until_sec,
		.identity = (enum identity_kind)entry->identity,
		.policy = text_of(entry, TEXT_POLICY),
		.tenant = text_of(entry, TEXT_TENANT),
		.n_steps = entry->n_steps,
	};
	strcpy(ret_decision->sender, text_of(entry, TEXT_NAME));
	for (unsigned i = 0; i < entry->n_steps; i++)
		ret_decision->steps[i] = (struct decision_step){
			.rule = (enum reason)entry->steps[i].rule,
			.outcome = (enum step_outcome)entry->steps[i].outcome,
			.limit = (enum config_limit)entry->steps[i].limit,
			.count = entry->steps[i].count,
			.adds = entry->steps[i].adds,
			.max = entry->steps[i].max,
		};
}

static int unpack(const struct entry *entry, int64_t now_sec, struct decision_record *ret_record)
{
	if (now_sec - entry->time_sec > DECISION_LOG_SEC)
		return -ENOENT;
	ret_record->time_sec = entry->time_sec;
	unpack_facts(entry, &ret_record->facts);
	unpack_decision(entry, &ret_record->decision);
	ret_record->pool = text_of(entry, TEXT_POOL);
	return 0;
}

int decision_log_find(const struct decision_log *decisions, const char *message_id, int64_t now_sec,
		      struct decision_record *ret_record)
{
	struct siphash id = siphash(decisions->secret, message_id, strlen(message_id));
	uint32_t number = decisions->heads[id.words[0] & decisions->mask];

	for (; number; number = decisions->entries[number].next) {
		const struct entry *entry = &decisions->entries[number];

		if (memcmp(&entry->id, &id, sizeof(id)) == 0)
			return unpack(entry, now_sec, ret_record);
	}
	return -ENOENT;
}

int decision_log_find_sender(const struct decision_log *decisions, const char *sender,
			     int64_t now_sec, struct decision_record *ret_record)
{
	uint64_t hash = identity_key(decisions->secret, sender).words[0];

	for (uint32_t i = 0; i < decisions->count; i++) {
		uint32_t back = (decisions->last + decisions->max - 1 - i) % decisions->max;
		const struct entry *entry = &decisions->entries[back + 1];

		if (entry->sender == hash)
			return unpack(entry, now_sec, ret_record);
	}
	return -ENOENT;
}
