// SPDX-License-Identifier: BSD-2-Clause
/* One function per route: reads the arguments, calls control/, answers with a view. */
#include "api/routes.h"

#include <errno.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "api/fields.h"
#include "base/address.h"
#include "base/error.h"
#include "base/names.h"
#include "base/version.h"
#include "control/control.h"
#include "control/view.h"

static int get_status(const struct call *call, json_t **ret, struct error *error)
{
	const struct api *api = call->api;
	json_t *view = NULL;
	json_t *status;
	int code = view_status(api->control, &view, error);

	if (code < 0)
		return code;
	status = json_pack("{s:s, s:O, s:o, s:O}", "version", version(), "datapath",
			   json_object_get(view, "datapath"), "agent", api->agent(api->data),
			   "pools", json_object_get(view, "pools"));
	json_decref(view);
	if (!status)
		return error_set(error, -ENOMEM, "out of memory");
	*ret = status;
	return 0;
}

static int get_pools(const struct call *call, json_t **ret, struct error *error)
{
	return view_pools(call->api->control, ret, error);
}

static int view_pool(const struct call *call, json_t **ret, struct error *error)
{
	json_t *pools = NULL;
	json_t *pool;
	size_t i;
	int code = view_pools(call->api->control, &pools, error);

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
	const struct field fields[] = {{"state", FIELD_STRING, true, ret_word}};

	return fields_read(call->body, fields, 1, error);
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
	code = control_set_pool(call->api->control, call->names[0], state, error);
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
	code = control_set_address(call->api->control, call->names[0], &address, state, error);
	return code < 0 ? code : view_pool(call, ret, error);
}

static int get_senders(const struct call *call, json_t **ret, struct error *error)
{
	return view_senders(call->api->control, call->request->now_ns, call->request->now_sec, ret,
			    error);
}

static int get_sender(const struct call *call, json_t **ret, struct error *error)
{
	return view_sender(call->api->control, call->names[0], call->request->now_ns,
			   call->request->now_sec, ret, error);
}

static int read_verdict(const struct call *call, struct control_verdict *ret_verdict,
			struct error *error)
{
	const char *action;
	json_int_t for_sec = 0;
	struct control_verdict verdict = {.pool = NULL};
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

static int put_verdict(const struct call *call, json_t **ret, struct error *error)
{
	struct control_verdict verdict;
	int code = read_verdict(call, &verdict, error);

	if (code < 0)
		return code;
	code = control_set_verdict(call->api->control, call->names[0], &verdict,
				   call->request->now_ns, call->request->now_sec, error);
	return code < 0 ? code : get_sender(call, ret, error);
}

static int delete_verdict(const struct call *call, json_t **ret, struct error *error)
{
	int code = control_clear_verdict(call->api->control, call->names[0], error);

	return code < 0 ? code : get_sender(call, ret, error);
}

static int delete_flows(const struct call *call, json_t **ret, struct error *error)
{
	int code = control_cut(call->api->control, call->names[0], call->request->now_ns, error);

	return code < 0 ? code : get_sender(call, ret, error);
}

static int get_flows(const struct call *call, json_t **ret, struct error *error)
{
	const char *sender = evhttp_find_header(call->query, "sender");
	const char *limit_text = evhttp_find_header(call->query, "limit");
	unsigned long limit = API_FLOWS_DEFAULT;

	if (limit_text) {
		char *end;

		limit = strtoul(limit_text, &end, 10);
		if (*end || limit < 1 || limit > API_FLOWS_MAX)
			return error_set(error, -EINVAL,
					 "parameter 'limit': found '%.64s', expected 1 to %d",
					 limit_text, API_FLOWS_MAX);
	}
	return view_flows(call->api->control, sender, call->request->now_ns, limit, ret, error);
}

const struct route routes[] = {
	{.method = API_GET, .path = "/v1/status", .handle = get_status},
	{.method = API_GET, .path = "/v1/pools", .handle = get_pools},
	{.method = API_PATCH, .path = "/v1/pools/*", .handle = patch_pool, .takes_body = true},
	{.method = API_PATCH,
	 .path = "/v1/pools/*/addresses/*",
	 .handle = patch_address,
	 .takes_body = true},
	{.method = API_GET, .path = "/v1/senders", .handle = get_senders},
	{.method = API_GET, .path = "/v1/senders/*", .handle = get_sender},
	{.method = API_PUT,
	 .path = "/v1/senders/*/verdict",
	 .handle = put_verdict,
	 .takes_body = true},
	{.method = API_DELETE, .path = "/v1/senders/*/verdict", .handle = delete_verdict},
	{.method = API_GET, .path = "/v1/flows", .handle = get_flows, .query = {"sender", "limit"}},
	{.method = API_DELETE, .path = "/v1/senders/*/flows", .handle = delete_flows},
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);
