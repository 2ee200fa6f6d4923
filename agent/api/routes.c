/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per route: reads the arguments, calls steering/, answers with a view. The judge's are in routes_judge.c. */
#include "api/routes.h"

#include <ctype.h>
#include <errno.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "wire/json_fields.h"
#include "api/attached.h"
#include "base/address.h"
#include "base/error.h"
#include "base/names.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "view/view.h"

static int get_status(const struct call *call, json_t **ret, struct error *error)
{
	const struct api *api = call->api;
	struct hooked_interfaces interfaces;
	int code;

	attached_read(steering_config(api->steering), &interfaces);
	code = view_status(api->steering, &interfaces, api->agent(api->data), ret, error);
	attached_done(&interfaces);
	return code;
}

static int get_pools(const struct call *call, json_t **ret, struct error *error)
{
	return view_pools(call->api->steering, ret, error);
}

static int view_pool(const struct call *call, json_t **ret, struct error *error)
{
	json_t *pools = NULL;
	json_t *pool;
	size_t i;
	int code = view_pools(call->api->steering, &pools, error);

	if (code < 0)
		return code;
	code = error_set(error, -ENOENT, "no pool '%s'", call->names[0]);
	json_array_foreach (pools, i, pool) {
		if (strcmp(json_string_value(json_object_get(pool, "name")), call->names[0]) != 0)
			continue;
		*ret = json_incref(pool);
		code = 0;
		break;
	}
	json_decref(pools);
	return code;
}

/* The body {"state": "…"}; borrowed from the call. */
static int read_state(const struct call *call, const char **ret_word, struct error *error)
{
	static const struct json_field field = {"state", FIELD_STRING, true, 0, 0};

	return json_fields_read(call->body, &field, 1, ret_word, error);
}

static int patch_pool(const struct call *call, json_t **ret, struct error *error)
{
	enum pool_state state;
	const char *word;
	int code = read_state(call, &word, error);

	if (code < 0)
		return code;
	if (pool_state_parse(word, &state) < 0)
		return error_set(error, -EINVAL,
				 "member 'state': found '%.64s', expected 'enabled' or 'disabled'",
				 word);
	code = steering_set_pool(call->api->steering, call->names[0], state, error);
	return code < 0 ? code : view_pool(call, ret, error);
}

static int patch_address(const struct call *call, json_t **ret, struct error *error)
{
	struct address address;
	enum address_state state;
	const char *word;
	int code = read_state(call, &word, error);

	if (code < 0)
		return code;
	if (address_state_parse(word, &state) < 0)
		return error_set(error, -EINVAL,
				 "member 'state': found '%.64s', expected 'active', 'draining' or "
				 "'disabled'",
				 word);
	if (address_parse(call->names[1], &address) < 0)
		return error_set(error, -ENOENT, "found '%.64s', expected an address of pool '%s'",
				 call->names[1], call->names[0]);
	code = steering_set_address(call->api->steering, call->names[0], &address, state, error);
	return code < 0 ? code : view_pool(call, ret, error);
}

/* The parameter "limit", `limit_default` where it is missing. */
static int read_limit(const struct call *call, unsigned long limit_default, unsigned long limit_max,
		      unsigned long *ret_limit, struct error *error)
{
	const char *text = evhttp_find_header(call->query, "limit");
	unsigned long limit = limit_default;
	char *end;

	if (text) {
		limit = strtoul(text, &end, 10);
		/* strtoul() alone takes signs, and so the largest numbers for small ones. */
		if (!isdigit((unsigned char)*text) || *end || limit < 1 || limit > limit_max)
			return error_set(error, -EINVAL,
					 "parameter 'limit': found '%.64s', expected 1 to %lu",
					 text, limit_max);
	}
	*ret_limit = limit;
	return 0;
}

static struct policy *policy_of(const struct call *call)
{
	return call->api->judge ? judge_policy(call->api->judge) : NULL;
}

static int get_senders(const struct call *call, json_t **ret, struct error *error)
{
	unsigned long limit;
	int code = read_limit(call, API_SENDERS_DEFAULT, API_SENDERS_MAX, &limit, error);

	return code < 0 ? code
			: view_senders(call->api->steering, policy_of(call), limit,
				       call->request->now_ns, call->request->now_sec, ret, error);
}

int route_sender(const struct call *call, json_t **ret, struct error *error)
{
	return view_sender(call->api->steering, policy_of(call), call->names[0],
			   call->request->now_ns, call->request->now_sec, ret, error);
}

static int delete_flows(const struct call *call, json_t **ret, struct error *error)
{
	int code = steering_cut(call->api->steering, call->names[0], call->request->now_ns, error);

	return code < 0 ? code : route_sender(call, ret, error);
}

static int get_flows(const struct call *call, json_t **ret, struct error *error)
{
	const char *sender = evhttp_find_header(call->query, "sender");
	unsigned long limit;
	int code = read_limit(call, API_FLOWS_DEFAULT, API_FLOWS_MAX, &limit, error);

	return code < 0 ? code
			: view_flows(call->api->steering, sender, call->request->now_ns, limit, ret,
				     error);
}

const struct route routes[] = {
	{.method = API_GET, .path = "/v1/status", .handle = get_status},
	{.method = API_GET, .path = "/v1/pools", .handle = get_pools},
	{.method = API_PATCH, .path = "/v1/pools/*", .handle = patch_pool, .takes_body = true},
	{.method = API_PATCH,
	 .path = "/v1/pools/*/addresses/*",
	 .handle = patch_address,
	 .takes_body = true},
	{.method = API_GET, .path = "/v1/senders", .handle = get_senders, .query = {"limit"}},
	{.method = API_GET, .path = "/v1/senders/*", .handle = route_sender},
	{.method = API_PUT,
	 .path = "/v1/senders/*/verdict",
	 .handle = route_set_verdict,
	 .takes_body = true},
	{.method = API_DELETE, .path = "/v1/senders/*/verdict", .handle = route_clear_verdict},
	{.method = API_GET, .path = "/v1/flows", .handle = get_flows, .query = {"sender", "limit"}},
	{.method = API_DELETE, .path = "/v1/senders/*/flows", .handle = delete_flows},
	{.method = API_POST, .path = "/v1/senders/*/release", .handle = route_release},
	{.method = API_POST, .path = "/v1/messages", .handle = route_message, .takes_body = true},
	{.method = API_POST, .path = "/v1/reports", .handle = route_report, .takes_body = true},
	{.method = API_GET, .path = "/v1/decisions/*", .handle = route_decision},
	{.method = API_GET,
	 .path = "/v1/decisions",
	 .handle = route_decision_of_sender,
	 .query = {"sender"}},
	{.method = API_GET, .path = "/v1/events", .handle = route_events},
	{.method = API_GET, .path = "/metrics", .handle = route_metrics},
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);
