/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes that the judge answers: messages, reports, verdicts by hand, why, what happens. */
#include <errno.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "wire/facts.h"
#include "wire/json_fields.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "base/error.h"
#include "base/names.h"
#include "wire/decision.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "view/engine.h"

static int need_judge(const struct call *call, struct error *error)
{
	return call->api->judge ? 0
				: error_set(error, -EOPNOTSUPP,
					    "the agent is not running, and only it knows");
}

static struct judge_time now_of(const struct call *call)
{
	return (struct judge_time){call->request->now_ns, call->request->now_sec};
}

/* ---- messages */

int route_message(const struct call *call, json_t **ret, struct error *error)
{
	const struct judge_time now = now_of(call);
	struct judge_message message;
	struct judge_answer answer;
	int code = need_judge(call, error);

	(void)ret;
	call->response->text_type = API_CONTENT_TYPE;
	if (code == 0)
		code = facts_read(call->body, steering_config(call->api->steering), &message,
				  error);
	if (code == 0)
		code = judge_message(call->api->judge, &message, &now, &answer, error);
	if (code == 0)
		code = answer_print(&answer, message.facts.message_id, &call->response->text,
				    error);
	return code;
}

static int explain(const struct call *call, char *message_id,
		   struct judge_explanation *ret_explanation, struct error *error)
{
	const struct judge_time now = now_of(call);

	return judge_explain(call->api->judge, facts_message_id(message_id), &now, ret_explanation,
			     error);
}

int route_decision(const struct call *call, json_t **ret, struct error *error)
{
	struct judge_explanation explanation;
	int code = need_judge(call, error);

	if (code == 0)
		code = explain(call, call->names[0], &explanation, error);
	return code < 0 ? code : view_explanation(call->api->steering, &explanation, ret, error);
}

int route_decision_of_sender(const struct call *call, json_t **ret, struct error *error)
{
	const char *sender = evhttp_find_header(call->query, "sender");
	const struct judge_time now = now_of(call);
	struct judge_explanation explanation;
	int code = need_judge(call, error);

	if (code == 0 && !sender)
		code = error_set(error, -EINVAL, "parameter 'sender' is missing, expected a name");
	if (code == 0)
		code = judge_explain_sender(call->api->judge, sender, &now, &explanation, error);
	return code < 0 ? code : view_explanation(call->api->steering, &explanation, ret, error);
}

/* ---- senders */

/* The name of the body, or of who sent the message that it names. */
static int read_reported(const struct call *call, struct judge_explanation *explanation,
			 const char **ret_sender, struct error *error)
{
	const char *sender = NULL, *message_id = NULL;
	const struct field fields[] = {
		{"sender", FIELD_STRING, false, &sender},
		{"message_id", FIELD_STRING, false, &message_id},
	};
	int code = fields_read(call->body, fields, 2, error);

	if (code == 0 && !sender == !message_id)
		code = error_set(error, -EINVAL, "expected one of 'sender' and 'message_id'");
	if (code == 0 && message_id) {
		code = explain(call, (char *)message_id, explanation, error);
		sender = explanation->kept.decision.sender;
	}
	if (code == 0)
		*ret_sender = sender;
	return code;
}

int route_report(const struct call *call, json_t **ret, struct error *error)
{
	const struct judge_time now = now_of(call);
	struct judge_explanation explanation;
	const char *sender = NULL;
	int code = need_judge(call, error);

	if (code == 0)
		code = read_reported(call, &explanation, &sender, error);
	if (code == 0)
		code = judge_report(call->api->judge, sender, &now, error);
	if (code < 0)
		return code;
	*ret = json_pack("{s:s}", "sender", sender);
	return *ret ? 0 : error_set(error, -ENOMEM, "out of memory");
}

int route_release(const struct call *call, json_t **ret, struct error *error)
{
	const struct judge_time now = now_of(call);
	int code = need_judge(call, error);

	if (code == 0)
		code = judge_release(call->api->judge, call->names[0], &now, error);
	return code < 0 ? code : route_sender(call, ret, error);
}

static int read_verdict(const struct call *call, struct manual_order *ret_verdict,
			struct error *error)
{
	const char *action;
	json_int_t for_sec = 0;
	struct manual_order verdict = {.pool = NULL};
	const struct field fields[] = {
		{"action", FIELD_STRING, true, &action},
		{"pool", FIELD_STRING, false, &verdict.pool},
		{"for_sec", FIELD_INTEGER, false, &for_sec},
		{"cut", FIELD_BOOLEAN, false, &verdict.cut},
	};
	int code = fields_read(call->body, fields, sizeof(fields) / sizeof(fields[0]), error);

	if (code < 0)
		return code;
	if (verdict_action_parse(action, &verdict.action) < 0)
		return error_set(
			error, -EINVAL,
			"member 'action': found '%.64s', expected 'steer', 'drop' or 'pass'",
			action);
	if ((verdict.action == VERDICT_STEER) != (verdict.pool != NULL))
		return error_set(error, -EINVAL, "member 'pool': %s with action '%s'",
				 verdict.pool ? "not expected" : "is missing, expected a name",
				 action);
	if (json_object_get(call->body, "for_sec") && (for_sec < 1 || for_sec > API_FOR_MAX_SEC))
		return error_set(error, -EINVAL,
				 "member 'for_sec': found %lld, expected 1 to %lld seconds",
				 (long long)for_sec, API_FOR_MAX_SEC);
	if (for_sec)
		verdict.until_sec = call->request->now_sec + for_sec;
	*ret_verdict = verdict;
	return 0;
}

int route_set_verdict(const struct call *call, json_t **ret, struct error *error)
{
	const struct judge_time now = now_of(call);
	struct manual_order verdict;
	int code = need_judge(call, error);

	if (code == 0)
		code = read_verdict(call, &verdict, error);
	if (code == 0)
		code = judge_set_verdict(call->api->judge, call->names[0], &verdict, &now, error);
	return code < 0 ? code : route_sender(call, ret, error);
}

int route_clear_verdict(const struct call *call, json_t **ret, struct error *error)
{
	const struct judge_time now = now_of(call);
	int code = need_judge(call, error);

	if (code == 0)
		code = judge_clear_verdict(call->api->judge, call->names[0], &now, error);
	return code < 0 ? code : route_sender(call, ret, error);
}

/* ---- what happens */

int route_events(const struct call *call, json_t **ret, struct error *error)
{
	int code = need_judge(call, error);

	(void)ret;
	call->response->follows = code == 0;
	return code;
}

int route_metrics(const struct call *call, json_t **ret, struct error *error)
{
	int code = need_judge(call, error);

	(void)ret;
	call->response->text_type = METRICS_CONTENT_TYPE;
	return code < 0 ? code
			: metrics_print(call->api, call->request->now_sec, &call->response->text,
					error);
}
