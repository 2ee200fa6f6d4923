/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of the members, then the conversions that a table cannot express. */
#include "wire/facts.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "mail/mailbox.h"
#include "policy/identity.h"
#include "policy/message.h"
#include "wire/json_fields.h"

/* Members in the types of JSON, before conversion. */
struct members {
	const char *message_id, *original_id;
	const char *user, *envelope_from, *header_from, *client, *sender, *tenant;
	const char *bounce_to, *unknown_recipient;
	const char *mail_dns, *spf, *dkim;
	json_int_t recipients_external, recipients_internal, unanswered;
	const json_t *recipients;
	bool bounce, automatic, spam, sent_here;
};

#define STRING(member, max)                                                                        \
	{                                                                                          \
#member, FIELD_STRING, false, offsetof(struct members, member), max                \
	}
#define NAME(member) STRING(member, POLICY_NAME_SIZE - 1)
#define COUNT(member)                                                                              \
	{                                                                                          \
#member, FIELD_INTEGER, false, offsetof(struct members, member), 0                 \
	}
#define FLAG(member)                                                                               \
	{                                                                                          \
#member, FIELD_BOOLEAN, false, offsetof(struct members, member), 0                 \
	}

static const struct json_field fields[] = {
	STRING(message_id, FACTS_ID_MAX),
	NAME(user),
	NAME(envelope_from),
	NAME(header_from),
	NAME(client),
	NAME(sender),
	NAME(tenant),
	COUNT(recipients_external),
	COUNT(recipients_internal),
	{"recipients", FIELD_ARRAY, false, offsetof(struct members, recipients), 0},
	COUNT(unanswered),
	FLAG(bounce),
	FLAG(automatic),
	FLAG(spam),
	STRING(mail_dns, 0),
	STRING(spf, 0),
	STRING(dkim, 0),
	NAME(bounce_to),
	NAME(unknown_recipient),
	STRING(original_id, FACTS_ID_MAX),
	FLAG(sent_here),
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

/* ---- reading */

static int read_dns(const struct members *members, struct facts *facts, struct error *error)
{
	const char *text = members->mail_dns;

	if (!text || facts_dns_parse(text, &facts->mail_dns) == 0)
		return 0;
	return error_set(error, -EINVAL,
			 "member 'mail_dns': found '%.64s', expected 'unknown', 'present' or "
			 "'absent'",
			 text);
}

static int read_auth(const char *name, const char *text, enum facts_auth *ret_auth,
		     struct error *error)
{
	if (!text || facts_auth_parse(text, ret_auth) == 0)
		return 0;
	return error_set(error, -EINVAL,
			 "member '%s': found '%.64s', expected 'unknown', 'none', 'pass' or 'fail'",
			 name, text);
}

static int read_count(const char *name, json_int_t count, uint32_t *ret_count, struct error *error)
{
	if (count < 0 || count > FACTS_RECIPIENTS_MAX)
		return error_set(error, -EINVAL, "member '%s': found %lld, expected 0 to %d", name,
				 (long long)count, FACTS_RECIPIENTS_MAX);
	*ret_count = (uint32_t)count;
	return 0;
}

static int count_recipients(const json_t *list, const struct config *config, struct facts *facts,
			    struct error *error)
{
	const json_t *recipient;
	size_t i;

	if (json_array_size(list) > FACTS_LIST_MAX)
		return error_set(error, -EINVAL,
				 "member 'recipients': found %zu of them, expected %d at most",
				 json_array_size(list), FACTS_LIST_MAX);
	json_array_foreach (list, i, recipient) {
		const char *address = json_string_value(recipient);
		char mailbox[POLICY_NAME_SIZE];
		const char *domain;

		if (!address || strlen(address) >= POLICY_NAME_SIZE)
			return error_set(error, -EINVAL,
					 "member 'recipients': found something else at %zu, "
					 "expected addresses shorter than %d bytes",
					 i + 1, POLICY_NAME_SIZE);
		mailbox_parse(address, mailbox);
		domain = identity_domain(mailbox);
		/* A recipient without a domain is on this host. */
		if (!domain || identity_matches(&config->internal_domains, domain))
			facts->recipients_internal++;
		else
			facts->recipients_external++;
	}
	return 0;
}

static int read_recipients(const struct members *members, const struct config *config,
			   struct facts *facts, struct error *error)
{
	int code;

	if (members->recipients && (members->recipients_external || members->recipients_internal))
		return error_set(error, -EINVAL,
				 "member 'recipients': not expected with numbers of them");
	if (members->recipients)
		return count_recipients(members->recipients, config, facts, error);
	code = read_count("recipients_external", members->recipients_external,
			  &facts->recipients_external, error);
	if (code == 0)
		code = read_count("recipients_internal", members->recipients_internal,
				  &facts->recipients_internal, error);
	return code;
}

const char *facts_message_id(char *id)
{
	size_t size = id ? strlen(id) : 0;

	if (size < 2 || id[0] != '<' || id[size - 1] != '>')
		return id;
	id[size - 1] = '\0';
	return id + 1;
}

int facts_take_message_id(json_t *body, const char *member, const char **ret_id,
			  struct error *error)
{
	json_t *value = json_object_get(body, member);
	const char *id = json_string_value(value);
	size_t size = id ? strlen(id) : 0;

	if (size >= 2 && id[0] == '<' && id[size - 1] == '>' &&
	    json_string_setn(value, id + 1, size - 2) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	*ret_id = json_string_value(value);
	return 0;
}

/* One sender has one key, however an MTA writes it: the milter and the socketmap do the same. */
static void fold_envelope_from(struct message_facts *message)
{
	if (!message->facts.envelope_from)
		return;
	mailbox_parse(message->facts.envelope_from, message->mailbox);
	message->facts.envelope_from = message->mailbox;
}

static struct message_facts copy_members(const json_t *body, const struct members *members)
{
	enum surge_origin origin = members->sent_here ? SURGE_SENT_HERE : SURGE_NOT_SENT_HERE;

	return (struct message_facts){
		.facts =
			{
				.user = members->user,
				.envelope_from = members->envelope_from,
				.header_from = members->header_from,
				.client = members->client,
				.sender = members->sender,
				.tenant = members->tenant,
				.bounce = members->bounce,
				.automatic = members->automatic,
				.spam = members->spam,
			},
		.bounce_to = members->bounce_to,
		.unknown_recipient = members->unknown_recipient,
		.mail_dns_asked = members->mail_dns != NULL,
		.origin = json_object_get(body, "sent_here") ? origin : SURGE_ORIGIN_UNKNOWN,
	};
}

static int convert(const struct members *members, const struct config *config,
		   struct message_facts *message, struct error *error)
{
	struct facts *facts = &message->facts;
	int code = read_recipients(members, config, facts, error);

	if (code == 0)
		code = read_count("unanswered", members->unanswered, &message->unanswered, error);
	if (code == 0)
		code = read_dns(members, facts, error);
	if (code == 0)
		code = read_auth("spf", members->spf, &facts->spf, error);
	if (code == 0)
		code = read_auth("dkim", members->dkim, &facts->dkim, error);
	return code;
}

int facts_read(json_t *body, const struct config *config, struct message_facts *ret_message,
	       struct error *error)
{
	struct members members = {.message_id = NULL};
	struct message_facts message;
	int code = json_fields_read(body, fields, N_FIELDS, &members, error);

	if (code < 0)
		return code;
	message = copy_members(body, &members);
	code = convert(&members, config, &message, error);
	if (code == 0)
		code = facts_take_message_id(body, "message_id", &message.facts.message_id, error);
	if (code == 0)
		code = facts_take_message_id(body, "original_id", &message.original_id, error);
	if (code < 0)
		return code;
	*ret_message = message;
	fold_envelope_from(ret_message);
	return 0;
}

/* ---- writing */

static uint32_t at_most(uint32_t count)
{
	return count < FACTS_RECIPIENTS_MAX ? count : FACTS_RECIPIENTS_MAX;
}

static struct members members_of(const struct message_facts *message)
{
	const struct facts *facts = &message->facts;
	bool has_mail_dns = message->mail_dns_asked || facts->mail_dns;

	return (struct members){
		.message_id = facts->message_id,
		.original_id = message->original_id,
		.user = facts->user,
		.envelope_from = facts->envelope_from,
		.header_from = facts->header_from,
		.client = facts->client,
		.sender = facts->sender,
		.tenant = facts->tenant,
		.bounce_to = message->bounce_to,
		.unknown_recipient = message->unknown_recipient,
		.mail_dns = has_mail_dns ? facts_dns_name(facts->mail_dns) : NULL,
		.spf = facts->spf ? facts_auth_name(facts->spf) : NULL,
		.dkim = facts->dkim ? facts_auth_name(facts->dkim) : NULL,
		.unanswered = at_most(message->unanswered),
		.bounce = facts->bounce,
		.automatic = facts->automatic,
		.spam = facts->spam,
	};
}

/* The members that are written even if they are 0 or false. */
static int write_rest(json_t *body, const struct message_facts *message)
{
	const struct facts *facts = &message->facts;
	bool sent_here = message->origin == SURGE_SENT_HERE;

	if (message->origin != SURGE_ORIGIN_UNKNOWN &&
	    json_object_set_new(body, "sent_here", json_boolean(sent_here)) < 0)
		return -ENOMEM;
	if (json_object_set_new(body, "recipients_external",
				json_integer(at_most(facts->recipients_external))) < 0 ||
	    json_object_set_new(body, "recipients_internal",
				json_integer(at_most(facts->recipients_internal))) < 0)
		return -ENOMEM;
	return 0;
}

int facts_write(const struct message_facts *message, json_t **ret_body, struct error *error)
{
	const struct members members = members_of(message);
	json_t *body = json_object();
	int code = json_fields_write(body, fields, N_FIELDS, &members, error);

	if (code == 0 && write_rest(body, message) < 0)
		code = error_set(error, -ENOMEM, "out of memory");
	if (code < 0) {
		json_decref(body);
		return code;
	}
	*ret_body = body;
	return 0;
}

/* ---- the facts of an explained decision */

#define ROW(type, member) JSON_FIELD(type, wire_facts, member)
static const struct json_field seen_fields[] = {
	ROW(FIELD_STRING, user),
	ROW(FIELD_STRING, envelope_from),
	ROW(FIELD_STRING, header_from),
	ROW(FIELD_STRING, client),
	ROW(FIELD_STRING, sender),
	ROW(FIELD_STRING, tenant),
	ROW(FIELD_INTEGER, recipients_external),
	ROW(FIELD_INTEGER, recipients_internal),
	ROW(FIELD_BOOLEAN, bounce),
	ROW(FIELD_BOOLEAN, automatic),
	ROW(FIELD_BOOLEAN, spam),
	ROW(FIELD_STRING, mail_dns),
	ROW(FIELD_STRING, spf),
	ROW(FIELD_STRING, dkim),
};
#undef ROW
#define N_SEEN_FIELDS (sizeof(seen_fields) / sizeof(seen_fields[0]))

json_t *facts_json(const struct facts *facts)
{
	const struct wire_facts seen = {
		.user = facts->user,
		.envelope_from = facts->envelope_from,
		.header_from = facts->header_from,
		.client = facts->client,
		.sender = facts->sender,
		.tenant = facts->tenant,
		.recipients_external = facts->recipients_external,
		.recipients_internal = facts->recipients_internal,
		.bounce = facts->bounce,
		.automatic = facts->automatic,
		.spam = facts->spam,
		.mail_dns = facts_dns_name(facts->mail_dns),
		.spf = facts_auth_name(facts->spf),
		.dkim = facts_auth_name(facts->dkim),
	};

	return json_fields_print(seen_fields, N_SEEN_FIELDS, &seen);
}

void wire_facts_read(const json_t *document, struct wire_facts *ret)
{
	json_fields_scan(document, seen_fields, N_SEEN_FIELDS, ret);
}
