/* SPDX-License-Identifier: BSD-2-Clause */
/* Between a JSON object and what the judge takes; nothing is taken that it could not keep. */
#include "wire/facts.h"

#include <errno.h>
#include <string.h>

#include "wire/json_fields.h"
#include "base/error.h"
#include "config/config.h"
#include "judge/judge.h"
#include "mail/mailbox.h"
#include "policy/identity.h"

static const char *const dns_words[] = {
	[FACTS_DNS_UNKNOWN] = "unknown",
	[FACTS_DNS_PRESENT] = "present",
	[FACTS_DNS_ABSENT] = "absent",
};
static const char *const auth_words[] = {
	[FACTS_AUTH_UNKNOWN] = "unknown",
	[FACTS_AUTH_NONE] = "none",
	[FACTS_AUTH_PASS] = "pass",
	[FACTS_AUTH_FAIL] = "fail",
};

/* Members as they stand in the body, before they mean anything. */
struct members {
	const char *message_id, *original_id;
	const char *mail_dns, *spf, *dkim;
	json_int_t external, internal, unanswered;
	const json_t *recipients;
	bool sent_here;
};

static int check_length(const char *name, const char *text, size_t max, struct error *error)
{
	size_t size = text ? strlen(text) : 0;

	return size <= max ? 0
			   : error_set(error, -EINVAL,
				       "member '%s': found %zu bytes, expected %zu at most", name,
				       size, max);
}

static int read_word(const char *name, const char *text, const char *const *words, size_t n_words,
		     unsigned *ret_value, struct error *error)
{
	unsigned value = 0;

	if (!text)
		return 0;
	while (value < n_words && strcmp(words[value], text) != 0)
		value++;
	if (value == n_words)
		return error_set(
			error, -EINVAL,
			"member '%s': found '%.64s', expected 'unknown', '%s'%s%s%s or '%s'", name,
			text, words[1], n_words > 3 ? ", '" : "", n_words > 3 ? words[2] : "",
			n_words > 3 ? "'" : "", words[n_words - 1]);
	*ret_value = value;
	return 0;
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

		if (!address || strlen(address) >= POLICY_NAME_SIZE)
			return error_set(error, -EINVAL,
					 "member 'recipients': found something else at %zu, "
					 "expected addresses shorter than %d bytes",
					 i + 1, POLICY_NAME_SIZE);
		mailbox_parse(address, mailbox);
		if (identity_matches(&config->internal_domains, identity_domain(mailbox)))
			facts->recipients_internal++;
		else
			facts->recipients_external++;
	}
	return 0;
}

static int read_numbers(const struct members *members, const struct config *config,
			struct facts *facts, struct error *error)
{
	int code;

	if (members->recipients && (members->external || members->internal))
		return error_set(error, -EINVAL,
				 "member 'recipients': not expected with numbers of them");
	if (members->recipients)
		return count_recipients(members->recipients, config, facts, error);
	code = read_count("recipients_external", members->external, &facts->recipients_external,
			  error);
	if (code == 0)
		code = read_count("recipients_internal", members->internal,
				  &facts->recipients_internal, error);
	return code;
}

static int read_words(const struct members *members, struct facts *facts, struct error *error)
{
	unsigned dns = 0, spf = 0, dkim = 0;
	int code = read_word("mail_dns", members->mail_dns, dns_words, 3, &dns, error);

	if (code == 0)
		code = read_word("spf", members->spf, auth_words, 4, &spf, error);
	if (code == 0)
		code = read_word("dkim", members->dkim, auth_words, 4, &dkim, error);
	facts->mail_dns = (enum facts_dns)dns;
	facts->spf = (enum facts_auth)spf;
	facts->dkim = (enum facts_auth)dkim;
	return code;
}

static int check_lengths(const struct judge_message *message, const struct members *members,
			 struct error *error)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{"user", message->facts.user},
		{"envelope_from", message->facts.envelope_from},
		{"header_from", message->facts.header_from},
		{"client", message->facts.client},
		{"sender", message->facts.sender},
		{"tenant", message->facts.tenant},
		{"bounce_to", message->bounce_to},
		{"unknown_recipient", message->unknown_recipient},
	};
	int code = check_length("message_id", members->message_id, FACTS_ID_MAX, error);

	if (code == 0)
		code = check_length("original_id", members->original_id, FACTS_ID_MAX, error);
	for (size_t i = 0; code == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		code = check_length(texts[i].name, texts[i].text, POLICY_NAME_SIZE - 1, error);
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

int facts_read(const json_t *body, const struct config *config, struct judge_message *ret_message,
	       struct error *error)
{
	struct judge_message message = {.origin = SURGE_ORIGIN_UNKNOWN};
	struct facts *facts = &message.facts;
	struct members members = {.message_id = NULL};
	const struct field fields[] = {
		{"message_id", FIELD_STRING, false, &members.message_id},
		{"user", FIELD_STRING, false, &facts->user},
		{"envelope_from", FIELD_STRING, false, &facts->envelope_from},
		{"header_from", FIELD_STRING, false, &facts->header_from},
		{"client", FIELD_STRING, false, &facts->client},
		{"sender", FIELD_STRING, false, &facts->sender},
		{"tenant", FIELD_STRING, false, &facts->tenant},
		{"recipients_external", FIELD_INTEGER, false, &members.external},
		{"recipients_internal", FIELD_INTEGER, false, &members.internal},
		{"recipients", FIELD_ARRAY, false, &members.recipients},
		{"unanswered", FIELD_INTEGER, false, &members.unanswered},
		{"bounce", FIELD_BOOLEAN, false, &facts->bounce},
		{"automatic", FIELD_BOOLEAN, false, &facts->automatic},
		{"spam", FIELD_BOOLEAN, false, &facts->spam},
		{"mail_dns", FIELD_STRING, false, &members.mail_dns},
		{"spf", FIELD_STRING, false, &members.spf},
		{"dkim", FIELD_STRING, false, &members.dkim},
		{"bounce_to", FIELD_STRING, false, &message.bounce_to},
		{"unknown_recipient", FIELD_STRING, false, &message.unknown_recipient},
		{"original_id", FIELD_STRING, false, &members.original_id},
		{"sent_here", FIELD_BOOLEAN, false, &members.sent_here},
	};
	int code = fields_read(body, fields, sizeof(fields) / sizeof(fields[0]), error);

	if (code == 0)
		code = check_lengths(&message, &members, error);
	if (code == 0)
		code = read_numbers(&members, config, facts, error);
	if (code == 0)
		code = read_count("unanswered", members.unanswered, &message.unanswered, error);
	if (code == 0)
		code = read_words(&members, facts, error);
	if (code < 0)
		return code;
	/* The body is ours alone, and no member is read again. */
	facts->message_id = facts_message_id((char *)members.message_id);
	message.original_id = facts_message_id((char *)members.original_id);
	if (json_object_get(body, "sent_here"))
		message.origin = members.sent_here ? SURGE_SENT_HERE : SURGE_NOT_SENT_HERE;
	*ret_message = message;
	/* As the milter and the socketmap have it: one sender, however an MTA writes it. */
	if (facts->envelope_from) {
		mailbox_parse(facts->envelope_from, ret_message->mailbox);
		ret_message->facts.envelope_from = ret_message->mailbox;
	}
	return 0;
}

/* ---- the other way */

/* False: no memory. Texts were checked. */
static bool set_text(json_t *body, const char *name, const char *text)
{
	return !text || json_object_set_new(body, name, json_string(text)) == 0;
}

static bool set_flag(json_t *body, const char *name, bool flag)
{
	return !flag || json_object_set_new(body, name, json_true()) == 0;
}

static bool set_count(json_t *body, const char *name, uint32_t count)
{
	if (count > FACTS_RECIPIENTS_MAX)
		count = FACTS_RECIPIENTS_MAX;
	return json_object_set_new(body, name, json_integer(count)) == 0;
}

/* jansson refuses what is no UTF-8 (RFC 3629). */
static bool is_utf8(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;
	bool good = !text || string;

	json_decref(string);
	return good;
}

static int check_texts(const struct judge_message *message, struct error *error)
{
	const struct facts *facts = &message->facts;
	const struct members members = {.message_id = facts->message_id,
					.original_id = message->original_id};
	const char *const texts[] = {
		facts->message_id,    facts->user,	  facts->envelope_from,
		facts->header_from,   facts->client,	  facts->sender,
		facts->tenant,	      message->bounce_to, message->unknown_recipient,
		message->original_id,
	};
	int code = check_lengths(message, &members, error);

	for (size_t i = 0; code == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!is_utf8(texts[i]))
			code = error_set(error, -EINVAL, "facts: found a text that is no UTF-8");
	return code;
}

static bool set_texts(json_t *body, const struct judge_message *message)
{
	const struct facts *facts = &message->facts;

	return set_text(body, "message_id", facts->message_id) &&
	       set_text(body, "user", facts->user) &&
	       set_text(body, "envelope_from", facts->envelope_from) &&
	       set_text(body, "header_from", facts->header_from) &&
	       set_text(body, "client", facts->client) && set_text(body, "sender", facts->sender) &&
	       set_text(body, "tenant", facts->tenant) &&
	       set_text(body, "bounce_to", message->bounce_to) &&
	       set_text(body, "unknown_recipient", message->unknown_recipient) &&
	       set_text(body, "original_id", message->original_id);
}

static bool set_words(json_t *body, const struct facts *facts)
{
	return (!facts->mail_dns || set_text(body, "mail_dns", dns_words[facts->mail_dns])) &&
	       (!facts->spf || set_text(body, "spf", auth_words[facts->spf])) &&
	       (!facts->dkim || set_text(body, "dkim", auth_words[facts->dkim]));
}

static bool set_flags(json_t *body, const struct judge_message *message)
{
	return set_flag(body, "bounce", message->facts.bounce) &&
	       set_flag(body, "automatic", message->facts.automatic) &&
	       set_flag(body, "spam", message->facts.spam) &&
	       (message->origin == SURGE_ORIGIN_UNKNOWN ||
		json_object_set_new(body, "sent_here",
				    json_boolean(message->origin == SURGE_SENT_HERE)) == 0);
}

int facts_write(const struct judge_message *message, json_t **ret_body, struct error *error)
{
	const struct facts *facts = &message->facts;
	int code = check_texts(message, error);
	json_t *body;

	if (code < 0)
		return code;
	body = json_object();
	if (!body || !set_texts(body, message) || !set_words(body, facts) ||
	    !set_flags(body, message) ||
	    !set_count(body, "recipients_external", facts->recipients_external) ||
	    !set_count(body, "recipients_internal", facts->recipients_internal) ||
	    (message->unanswered && !set_count(body, "unanswered", message->unanswered))) {
		json_decref(body);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_body = body;
	return 0;
}
