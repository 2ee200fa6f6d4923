/* SPDX-License-Identifier: BSD-2-Clause */
/* Senders, their flows and verdicts. A change is answered with the sender as it now is. */
#include <errno.h>
#include <event2/http.h>

#include "api/call.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "judge/judge.h"
#include "steering/steering.h"
#include "view/view.h"
#include "wire/json_fields.h"

int route_senders(const struct call *call, json_t **ret, struct error *error)
{
	unsigned long limit;
	int code = call_limit(call, API_SENDERS_DEFAULT, API_SENDERS_MAX, &limit, error);

	return code < 0 ? code
			: view_senders(call->api->steering, call_policy(call), limit,
				       &call->request->now, ret, error);
}

int route_sender(const struct call *call, json_t **ret, struct error *error)
{
	return view_sender(call->api->steering, call_policy(call), call->names[0],
			   &call->request->now, ret, error);
}

/* ---- flows */

int route_flows(const struct call *call, json_t **ret, struct error *error)
{
	const char *sender = evhttp_find_header(call->query, "sender");
	unsigned long limit;
	int code = call_limit(call, API_FLOWS_DEFAULT, API_FLOWS_MAX, &limit, error);

	return code < 0 ? code
			: view_flows(call->api->steering, sender, call->request->now.ns, limit, ret,
				     error);
}

int route_cut_flows(const struct call *call, json_t **ret, struct error *error)
{
	int code = steering_cut(call->api->steering, call->names[0], call->request->now.ns, error);

	return code < 0 ? code : route_sender(call, ret, error);
}

/* ---- verdicts */

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

static int read_verdict(const struct call *call, struct manual_order *ret_verdict, bool *ret_cut,
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
		.until_sec = order.for_sec ? call->request->now.sec + order.for_sec : 0,
	};
	*ret_cut = order.cut;
	return 0;
}

/* Until the map had the new verdict, flows were opened by the old one: the time is read again. */
static int cut_old_flows(const struct call *call, struct error *error)
{
	int code = steering_cut(call->api->steering, call->names[0], clock_monotonic_ns(), error);

	return code == -ENOENT ? 0 : code; /* a sender without a selector has no flows */
}

int route_set_verdict(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = call_now(call);
	struct manual_order verdict;
	bool cut = false;
	int code = call_needs_judge(call, error);

	if (code == 0)
		code = read_verdict(call, &verdict, &cut, error);
	if (code == 0)
		code = judge_set_verdict(call->api->judge, call->names[0], &verdict, &now, error);
	if (code == 0 && cut)
		code = cut_old_flows(call, error);
	return code < 0 ? code : route_sender(call, ret, error);
}

int route_clear_verdict(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = call_now(call);
	int code = call_needs_judge(call, error);

	if (code == 0)
		code = judge_clear_verdict(call->api->judge, call->names[0], &now, error);
	return code < 0 ? code : route_sender(call, ret, error);
}

int route_release(const struct call *call, json_t **ret, struct error *error)
{
	const struct now now = call_now(call);
	int code = call_needs_judge(call, error);

	if (code == 0)
		code = judge_release(call->api->judge, call->names[0], &now, error);
	return code < 0 ? code : route_sender(call, ret, error);
}
