/* SPDX-License-Identifier: BSD-2-Clause */
/* The status, and pools and their addresses. */
#include <errno.h>
#include <string.h>

#include "api/attached.h"
#include "api/routes.h"
#include "base/address.h"
#include "base/error.h"
#include "base/names.h"
#include "steering/steering.h"
#include "view/view.h"
#include "wire/json_fields.h"

int route_status(const struct call *call, json_t **ret, struct error *error)
{
	const struct api *api = call->api;
	struct hooked_interfaces interfaces;
	int code;

	attached_read(steering_config(api->steering), &interfaces);
	code = view_status(api->steering, &interfaces, call->request->now.ns, api->agent(api->data),
			   ret, error);
	attached_done(&interfaces);
	return code;
}

int route_pools(const struct call *call, json_t **ret, struct error *error)
{
	return view_pools(call->api->steering, ret, error);
}

/* The pool as it now is. */
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

int route_set_pool(const struct call *call, json_t **ret, struct error *error)
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

int route_set_address(const struct call *call, json_t **ret, struct error *error)
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
