/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages, decisions about them, reports of spam, events. Only an agent answers these. */
#include <errno.h>
#include <event2/http.h>

#include "api/call.h"
#include "api/metrics.h"
#include "api/routes.h"
#include "base/error.h"
#include "judge/judge.h"
#include "steering/steering.h"
#include "view/engine.h"
#include "wire/decision.h"
#include "wire/facts.h"
#include "wire/json_fields.h"

int route_message(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = call_now(call);
	struct message_facts message;
	struct message_decision answer;
	int code = call_needs_judge(call, error);

	(void)ret;
	call->response->text_type = API_CONTENT_TYPE;
	if (code == 0)
		code = facts_read(call->body, steering_config(call->api->steering), &message,
				  error);
	if (code == 0)
		code = judge_message(call->api->judge, &message, &now, &answer, error);
	if (code == 0)
		code = decision_print(&answer, message.facts.message_id, &call->response->text,
				      error);
	return code;
}

/* ---- decisions */

static int answer_explained(const struct call *call, const struct judge_explanation *explanation,
			    struct error *error)
{
	call->response->text_type = API_CONTENT_TYPE;
	return view_explanation(call->api->steering, explanation, &call->response->text, error);
}

int route_decision(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = call_now(call);
	struct judge_explanation explanation;
	int code = call_needs_judge(call, error);

	(void)ret;
	if (code == 0)
		code = judge_explain(call->api->judge, facts_message_id(call->names[0]), &now,
				     &explanation, error);
	return code < 0 ? code : answer_explained(call, &explanation, error);
}

int route_decision_of_sender(const struct call *call, json_t **ret, struct error *error)
{
	const char *sender = evhttp_find_header(call->query, "sender");
	const struct now now = call_now(call);
	struct judge_explanation explanation;
	int code = call_needs_judge(call, error);

	(void)ret;
	if (code == 0 && !sender)
		code = error_set(error, -EINVAL, "parameter 'sender' is missing, expected a name");
	if (code == 0)
		code = judge_explain_sender(call->api->judge, sender, &now, &explanation, error);
	return code < 0 ? code : answer_explained(call, &explanation, error);
}

/* ---- reports */

struct reported {
	const char *sender, *message_id;
};
static const struct json_field reported_fields[] = {
	{"sender", FIELD_STRING, false, offsetof(struct reported, sender), 0},
	{"message_id", FIELD_STRING, false, offsetof(struct reported, message_id), 0},
};

/* The sender of the body's message; borrowed from the explanation. */
static int find_reported(const struct call *call, struct judge_explanation *explanation,
			 const char **ret_sender, struct error *error)
{
	const struct now now = call_now(call);
	const char *id = NULL;
	int code = facts_take_message_id(call->body, "message_id", &id, error);

	if (code == 0)
		code = judge_explain(call->api->judge, id, &now, explanation, error);
	if (code == 0)
		*ret_sender = explanation->record.decision.sender;
	return code;
}

/* The body's sender, or the sender of the body's message. */
static int read_reported(const struct call *call, struct judge_explanation *explanation,
			 const char **ret_sender, struct error *error)
{
	struct reported reported = {NULL, NULL};
	int code = json_fields_read(call->body, reported_fields, 2, &reported, error);

	if (code == 0 && !reported.sender == !reported.message_id)
		code = error_set(error, -EINVAL, "expected one of 'sender' and 'message_id'");
	if (code == 0 && reported.message_id)
		code = find_reported(call, explanation, &reported.sender, error);
	if (code == 0)
		*ret_sender = reported.sender;
	return code;
}

int route_report(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = call_now(call);
	struct judge_explanation explanation;
	const char *sender = NULL;
	int code = call_needs_judge(call, error);

	if (code == 0)
		code = read_reported(call, &explanation, &sender, error);
	if (code == 0)
		code = judge_report(call->api->judge, sender, &now, error);
	if (code < 0)
		return code;
	*ret = json_pack("{s:s}", "sender", sender);
	return *ret ? 0 : error_set(error, -ENOMEM, "out of memory");
}

/* ---- events and metrics */

int route_events(const struct call *call, json_t **ret, struct error *error)
{
	int code = call_needs_judge(call, error);

	(void)ret;
	call->response->follows = code == 0;
	return code;
}

int route_metrics(const struct call *call, json_t **ret, struct error *error)
{
	int code = call_needs_judge(call, error);

	(void)ret;
	call->response->text_type = METRICS_CONTENT_TYPE;
	return code < 0 ? code
			: metrics_print(call->api, call->request->now.sec, &call->response->text,
					error);
}
