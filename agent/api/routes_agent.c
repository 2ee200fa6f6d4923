/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent itself: does it answer, and its configuration. */
#include <errno.h>

#include "api/routes.h"
#include "base/error.h"

/* Work for an answer: none. So its time tells whether the agent's loop turns. */
int route_alive(const struct call *call, json_t **ret, struct error *error)
{
	(void)call;
	*ret = json_pack("{s:b}", "alive", 1);
	return *ret ? 0 : error_set(error, -ENOMEM, "out of memory");
}

/* Replaces the steering: nothing of this call may borrow from it. */
int route_reload(const struct call *call, json_t **ret, struct error *error)
{
	const struct api *api = call->api;
	uint64_t number = 0;
	int code;

	if (!api->reload)
		return error_set(error, -EOPNOTSUPP, "only the agent can reload");
	code = api->reload(api->data, &number, error);
	if (code == -EINPROGRESS) {
		call->response->reload = number;
		return 0;
	}
	if (code < 0)
		return code;
	*ret = json_pack("{s:b}", "reloaded", 1);
	return *ret ? 0 : error_set(error, -ENOMEM, "out of memory");
}
