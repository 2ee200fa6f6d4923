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

static struct now now_of(const struct call *call)
{
	return (struct now){call->request->now_ns, call->request->now_sec};
}

/* ---- messages */

int route_message(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = now_of(call);
	struct message_facts message;
	struct message_decision answer;
	int code = need_judge(call, error);

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

static int answer_explained(const struct call *call, const struct judge_explanation *explanation,
			    struct error *error)
{
	call->response->text_type = API_CONTENT_TYPE;
	return view_explanation(call->api->steering, explanation, &call->response->text, error);
}

int route_decision(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = now_of(call);
	struct judge_explanation explanation;
	int code = need_judge(call, error);

	(void)ret;
	if (code == 0)
		code = judge_explain(call->api->judge, facts_message_id(call->names[0]), &now,
				     &explanation, error);
	return code < 0 ? code : answer_explained(call, &explanation, error);
}

int route_decision_of_sender(const struct call *call, json_t **ret, struct error *error)
{
	const char *sender = evhttp_find_header(call->query, "sender");
	const struct now now = now_of(call);
	struct judge_explanation explanation;
	int code = need_judge(call, error);

	(void)ret;
	if (code == 0 && !sender)
		code = error_set(error, -EINVAL, "parameter 'sender' is missing, expected a name");
	if (code == 0)
		code = judge_explain_sender(call->api->judge, sender, &now, &explanation, error);
	return code < 0 ? code : answer_explained(call, &explanation, error);
}

/* ---- senders */

struct reported {
	const char *sender, *message_id;
};
static const struct json_field reported_fields[] = {
	{"sender", FIELD_STRING, false, offsetof(struct reported, sender), 0},
	{"message_id", FIELD_STRING, false, offsetof(struct reported, message_id), 0},
};

/* The sender of the message that the body names; borrowed from the explanation. */
static int find_reported(const struct call *call, struct judge_explanation *explanation,
			 const char **ret_sender, struct error *error)
{
	const struct now now = now_of(call);
	const char *id = NULL;
	int code = facts_take_message_id(call->body, "message_id", &id, error);

	if (code == 0)
		code = judge_explain(call->api->judge, id, &now, explanation, error);
	if (code == 0)
		*ret_sender = explanation->kept.decision.sender;
	return code;
}

/* The sender that the body names, or the sender of the message that it names. */
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
	const struct now now = now_of(call);
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
	const struct now now = now_of(call);
	int code = need_judge(call, error);

	if (code == 0)
		code = judge_release(call->api->judge, call->names[0], &now, error);
	return code < 0 ? code : route_sender(call, ret, error);
}

struct order {
	const char *action, *pool;
	json_int_t for_sec;
	bool cut;
};
static const struct json_field order_fields[] = {
	{"action", FIELD_STRING, true, offsetof(struct order, action), 0},
	{"pool", FIELD_STRING, false, offsetof(struct order, pool), 0},
	{"for_sec", FIELD_INTEGER, false, offsetof(struct order, for_sec), 0},
	{"cut", FIELD_BOOLEAN, false, offsetof(struct order, cut), 0},
};

static int read_verdict(const struct call *call, struct manual_order *ret_verdict,
			struct error *error)
{
	struct order order = {.pool = NULL};
	enum verdict_action action;
	int code = json_fields_read(call->body, order_fields, 4, &order, error);

	if (code < 0)
		return code;
	if (verdict_action_parse(order.action, &action) < 0)
		return error_set(
			error, -EINVAL,
			"member 'action': found '%.64s', expected 'steer', 'drop' or 'pass'",
			order.action);
	if ((action == VERDICT_STEER) != (order.pool != NULL))
		return error_set(error, -EINVAL, "member 'pool': %s with action '%s'",
				 order.pool ? "not expected" : "is missing, expected a name",
				 order.action);
	if (json_object_get(call->body, "for_sec") &&
	    (order.for_sec < 1 || order.for_sec > API_FOR_MAX_SEC))
		return error_set(error, -EINVAL,
				 "member 'for_sec': found %lld, expected 1 to %lld seconds",
				 (long long)order.for_sec, API_FOR_MAX_SEC);
	*ret_verdict = (struct manual_order){
		.action = action,
		.pool = order.pool,
		.until_sec = order.for_sec ? call->request->now_sec + order.for_sec : 0,
		.cut = order.cut,
	};
	return 0;
}

int route_set_verdict(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = now_of(call);
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
	const struct now now = now_of(call);
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
