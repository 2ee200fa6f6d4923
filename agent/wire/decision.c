/* SPDX-License-Identifier: BSD-2-Clause */
/* Members one after another into a text that grows; what is not plain ASCII is left to jansson. */
#include "wire/decision.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/names.h"
#include "config/config.h"
#include "judge/judge.h"
#include "wire/values.h"
#include "pool/lane.h"

#define ROOM_FIRST 2048 /* most fit */

struct text {
	char *bytes;
	size_t size, room;
	bool failed;
};

static void put(struct text *text, const char *bytes, size_t size)
{
	if (text->size + size >= text->room) {
		size_t room = 2 * text->room + size + ROOM_FIRST;
		char *more = realloc(text->bytes, room);

		if (!more) {
			text->failed = true;
			return;
		}
		text->bytes = more;
		text->room = room;
	}
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
	text->bytes[text->size] = '\0';
}

static void put_text(struct text *text, const char *bytes)
{
	put(text, bytes, strlen(bytes));
}

/* `,"name":`, without the comma where it is the first. */
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

/* Takes the value over. */
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

static void add_handles(struct text *text, const struct judge_answer *answer)
{
	put_name(text, "handles");
	put(text, "{", 1);
	add_text(text, "ipv4", *answer->handle_ipv4 ? answer->handle_ipv4 : NULL);
	add_text(text, "ipv6", *answer->handle_ipv6 ? answer->handle_ipv6 : NULL);
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

int answer_print(const struct judge_answer *answer, const char *message_id, char **ret_text,
		 struct error *error)
{
	const struct decision *decision = &answer->decision;
	struct text text = {.bytes = NULL};

	put(&text, "{", 1);
	add_text(&text, "message_id", message_id);
	add_text(&text, "action", decision_action_name(decision->action));
	add_text(&text, "pool", answer->pool);
	add_text(&text, "lane", answer->lane ? answer->lane->name : NULL);
	add_text(&text, "helo", answer->lane ? answer->lane->helo : NULL);
	add_handles(&text, answer);
	add_text(&text, "reason", reason_name(decision->reason));
	add_text(&text, "status", decision->status);
	if (decision->until_sec)
		add_json(&text, "until", value_time(decision->until_sec));
	else
		add_text(&text, "until", NULL);
	add_text(&text, "sender", *decision->sender ? decision->sender : NULL);
	add_text(&text, "identity", identity_kind_name(decision->identity));
	add_text(&text, "policy", decision->policy);
	add_text(&text, "tenant", decision->tenant);
	add_steps(&text, decision);
	put(&text, "}", 1);
	if (text.failed) {
		free(text.bytes);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_text = text.bytes;
	return 0;
}
