/* SPDX-License-Identifier: BSD-2-Clause */
/* Members are appended to a growing text; jansson escapes the strings that are not plain ASCII. */
#include "wire/decision.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "config/config.h"
#include "policy/message.h"
#include "pool/pool.h"
#include "wire/facts.h"
#include "wire/json_fields.h"
#include "wire/values.h"

#define SPACE_FIRST 2048 /* enough for most decisions */

struct text {
	char *bytes;
	size_t size, space;
	bool failed;
};

static void put(struct text *text, const char *bytes, size_t size)
{
	if (text->size + size >= text->space) {
		size_t space = 2 * text->space + size + SPACE_FIRST;
		char *more = realloc(text->bytes, space);

		if (!more) {
			text->failed = true;
			return;
		}
		text->bytes = more;
		text->space = space;
	}
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
	text->bytes[text->size] = '\0';
}

static void put_text(struct text *text, const char *bytes)
{
	put(text, bytes, strlen(bytes));
}

/* `,"name":`, without the comma for the first member. */
static void put_name(struct text *text, const char *name)
{
	char last = text->size ? text->bytes[text->size - 1] : '{';

	put_text(text, last == '{' ? "\"" : ",\"");
	put_text(text, name);
	put(text, "\":", 2);
}

static bool is_plain(const char *string)
{
	for (; *string; string++)
		if (*string < ' ' || *string > '~' || *string == '"' || *string == '\\')
			return false;
	return true;
}

/* Consumes the value. */
static void add_json(struct text *text, const char *name, json_t *value)
{
	_cleanup_(free_p) char *printed = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	json_decref(value);
	put_name(text, name);
	if (printed)
		put_text(text, printed);
	else
		text->failed = true;
}

static void add_text(struct text *text, const char *name, const char *value)
{
	if (value && !is_plain(value)) {
		add_json(text, name, value_text(value));
		return;
	}
	put_name(text, name);
	if (!value) {
		put(text, "null", 4);
		return;
	}
	put(text, "\"", 1);
	put_text(text, value);
	put(text, "\"", 1);
}

static void add_number(struct text *text, const char *name, uint32_t number)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", number);
	put_name(text, name);
	put_text(text, digits);
}

static void add_handles(struct text *text, const struct message_decision *message)
{
	put_name(text, "handles");
	put(text, "{", 1);
	add_text(text, "ipv4", *message->handle_ipv4 ? message->handle_ipv4 : NULL);
	add_text(text, "ipv6", *message->handle_ipv6 ? message->handle_ipv6 : NULL);
	put(text, "}", 1);
}

static void put_step(struct text *text, const struct decision_step *step)
{
	put(text, "{", 1);
	add_text(text, "rule", reason_name(step->rule));
	add_text(text, "outcome", step_outcome_name(step->outcome));
	if (step->limit < CONFIG_LIMITS)
		add_text(text, "limit", config_limit_name(step->limit));
	if (step->limit < CONFIG_LIMITS || step->rule == REASON_SPAM) {
		add_number(text, "count", step->count);
		add_number(text, "adds", step->adds);
		add_number(text, "max", step->max);
	}
	put(text, "}", 1);
}

static void add_steps(struct text *text, const struct decision *decision)
{
	put_name(text, "why");
	put(text, "[", 1);
	for (unsigned i = 0; i < decision->n_steps; i++) {
		if (i)
			put(text, ",", 1);
		put_step(text, &decision->steps[i]);
	}
	put(text, "]", 1);
}

/* The pool's addresses as they are now; the destination chooses one of them. */
static json_t *addresses_json(const struct pool *pool)
{
	json_t *addresses = json_array();
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; pool && i < pool->n_addresses; i++)
		json_array_append_new(
			addresses, json_pack("{s:s, s:s, s:b}", "address",
					     address_format(&pool->addresses[i].address, text),
					     "state", address_state_name(pool->addresses[i].state),
					     "held", (int)pool->addresses[i].held));
	return addresses;
}

static void add_time(struct text *text, const char *name, int64_t sec)
{
	if (sec)
		add_json(text, name, value_time(sec));
	else
		add_text(text, name, NULL);
}

static void add_decision(struct text *text, const struct message_decision *message,
			 const char *message_id)
{
	const struct decision *decision = &message->decision;

	add_text(text, "message_id", message_id);
	add_text(text, "action", decision_action_name(decision->action));
	add_text(text, "pool", message->pool);
	add_text(text, "lane", message->lane ? message->lane->name : NULL);
	add_text(text, "helo", message->lane ? message->lane->helo : NULL);
	add_handles(text, message);
	add_text(text, "reason", reason_name(decision->reason));
	add_text(text, "status", decision->status);
	add_time(text, "until", decision->until_sec);
	add_text(text, "sender", *decision->sender ? decision->sender : NULL);
	add_text(text, "identity", identity_kind_name(decision->identity));
	add_text(text, "policy", decision->policy);
	add_text(text, "tenant", decision->tenant);
	add_steps(text, decision);
}

static int finish(struct text *text, char **ret_text, struct error *error)
{
	put(text, "}", 1);
	if (text->failed) {
		free(text->bytes);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_text = text->bytes;
	return 0;
}

int decision_print(const struct message_decision *message, const char *message_id, char **ret_text,
		   struct error *error)
{
	struct text text = {.bytes = NULL};

	put(&text, "{", 1);
	add_decision(&text, message, message_id);
	return finish(&text, ret_text, error);
}

int decision_print_explained(const struct message_decision *message,
			     const struct decision_context *context, char **ret_text,
			     struct error *error)
{
	struct text text = {.bytes = NULL};

	put(&text, "{", 1);
	add_decision(&text, message, context->facts->message_id);
	add_json(&text, "addresses", addresses_json(context->pool));
	add_text(&text, "held", context->held);
	add_time(&text, "time", context->time_sec);
	add_json(&text, "facts", facts_json(context->facts));
	return finish(&text, ret_text, error);
}

/* ---- reading */

/* A header or an SMTP reply takes it as it is: printable ASCII without blanks. */
static bool is_word(const char *text)
{
	for (; *text; text++)
		if (!isgraph((unsigned char)*text))
			return false;
	return true;
}

/* "" where the member is null or missing. False: no word, or too long. */
static bool read_word(const json_t *document, const char *name, char *ret_word, size_t size)
{
	const json_t *member = json_object_get(document, name);
	const char *text = json_string_value(member);

	ret_word[0] = '\0';
	if (!member || json_is_null(member))
		return true;
	if (!text || strlen(text) >= size || !is_word(text))
		return false;
	snprintf(ret_word, size, "%s", text);
	return true;
}

static bool read_action(const json_t *document, enum decision_action *ret_action)
{
	const char *text = json_string_value(json_object_get(document, "action"));

	return text && decision_action_parse(text, ret_action) == 0;
}

/*
 * An agent of another version may give a reason that this build does not know: the action
 * decides.
 */
static bool read_reason(const json_t *document, enum reason *ret_reason)
{
	const json_t *member = json_object_get(document, "reason");
	const char *text = json_string_value(member);

	*ret_reason = REASON_GOOD;
	if (!member || json_is_null(member))
		return true;
	if (text)
		reason_parse(text, ret_reason);
	return text != NULL;
}

/* class.subject.detail (RFC 3463), of the class that belongs to the action. */
static bool is_status(const char *text, char class)
{
	unsigned subject, detail;
	int end = 0;

	return text[0] == class && isdigit((unsigned char)text[2]) &&
	       sscanf(text + 1, ".%3u.%3u%n", &subject, &detail, &end) == 2 &&
	       text[1 + end] == '\0';
}

static bool is_consistent(const struct received_decision *decision)
{
	switch (decision->action) {
	case DECISION_STEER:
		return !decision->lane[0] || decision->pool[0];
	case DECISION_DEFER:
		return is_status(decision->status, '4');
	case DECISION_REJECT:
		return is_status(decision->status, '5');
	default:
		return false;
	}
}

static void read_sender(const json_t *document, char ret_sender[POLICY_NAME_SIZE])
{
	const char *text = json_string_value(json_object_get(document, "sender"));

	snprintf(ret_sender, POLICY_NAME_SIZE, "%s", text ? text : "");
}

/* The limit is in the last step: no rule is tried after the one that matched. */
static uint32_t read_max(const json_t *document)
{
	const json_t *why = json_object_get(document, "why");
	size_t steps = json_array_size(why);
	const json_t *last = steps ? json_array_get(why, steps - 1) : NULL;
	json_int_t max = json_integer_value(json_object_get(last, "max"));

	return max > 0 && max < UINT32_MAX ? (uint32_t)max : 0;
}

int decision_read(const json_t *document, struct received_decision *ret_decision,
		  struct error *error)
{
	struct received_decision decision = {.action = DECISION_STEER};

	if (!read_action(document, &decision.action) ||
	    !read_word(document, "pool", decision.pool, sizeof(decision.pool)) ||
	    !read_word(document, "lane", decision.lane, sizeof(decision.lane)) ||
	    !read_word(document, "status", decision.status, sizeof(decision.status)) ||
	    !read_word(document, "until", decision.until, sizeof(decision.until)) ||
	    !read_reason(document, &decision.reason) || !is_consistent(&decision))
		return error_set(error, -EPROTO, "the agent's answer is no decision");
	read_sender(document, decision.sender);
	decision.max = read_max(document);
	*ret_decision = decision;
	return 0;
}

/* ---- for people */

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

#define ROW(type, member) JSON_FIELD(type, wire_step, member)
static const struct json_field step_fields[] = {
	ROW(FIELD_STRING, rule), ROW(FIELD_STRING, outcome), ROW(FIELD_STRING, limit),
	ROW(FIELD_MAYBE, count), ROW(FIELD_MAYBE, adds),     ROW(FIELD_MAYBE, max),
};
#undef ROW

void wire_step_read(const json_t *document, struct wire_step *ret)
{
	json_fields_scan(document, step_fields, COUNT(step_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_handles, member)
static const struct json_field handles_fields[] = {
	ROW(FIELD_STRING, ipv4),
	ROW(FIELD_STRING, ipv6),
};
#undef ROW

void wire_handles_read(const json_t *document, struct wire_handles *ret)
{
	json_fields_scan(document, handles_fields, COUNT(handles_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_decision, member)
static const struct json_field decision_fields[] = {
	ROW(FIELD_STRING, message_id), ROW(FIELD_STRING, time),	    ROW(FIELD_STRING, action),
	ROW(FIELD_STRING, pool),       ROW(FIELD_STRING, lane),	    ROW(FIELD_STRING, helo),
	ROW(FIELD_STRING, reason),     ROW(FIELD_STRING, status),   ROW(FIELD_STRING, until),
	ROW(FIELD_STRING, sender),     ROW(FIELD_STRING, identity), ROW(FIELD_STRING, policy),
	ROW(FIELD_STRING, tenant),     ROW(FIELD_OBJECT, handles),  ROW(FIELD_OBJECT, facts),
	ROW(FIELD_ARRAY, why),	       ROW(FIELD_ARRAY, addresses), ROW(FIELD_ARRAY, flows),
	ROW(FIELD_STRING, held),
};
#undef ROW

void wire_decision_read(const json_t *document, struct wire_decision *ret)
{
	json_fields_scan(document, decision_fields, COUNT(decision_fields), ret);
}
