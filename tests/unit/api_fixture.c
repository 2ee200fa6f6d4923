/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to api_handle() over a judge and a steering on maps in memory. */
#include "unit/api_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/error.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "state/state.h"
#include "unit/config_file.h"
#include "state_null.h"

static const char configuration[] = "pool \"normal\" {\n"
				    "  addresses = { \"192.0.2.10\", \"2001:db8::10\" }\n"
				    "  handles = { \"100.127.0.1\" }\n"
				    "  helo = \"out.example.net\"\n"
				    "}\n"
				    "pool \"high-risk\" {\n"
				    "  addresses = { \"192.0.2.20\" }\n"
				    "}\n"
				    "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n"
				    "internal_domains = { \"example.net\" }\n"
				    "policy \"default\" { messages_per_minute = 2 }\n"
				    "senders_tracked_max = 1024\n"
				    "decisions_max = 1024\n";

struct fake_datapath *api_fixture_fake;
static struct config *config;
static struct state *state;
static struct error error;
struct api api_fixture_api;

static json_t *describe_agent(void *data)
{
	return json_pack("{s:s}", "user", data);
}

void api_fixture_begin(struct config *by, uint64_t now_ns, int64_t now_sec)
{
	const struct now now = {.ns = now_ns, .sec = now_sec};
	const struct judge_hooks hooks = {.data = NULL};

	api_fixture_fake = fake_datapath_new();
	cr_assert_eq(state_null_open(&state), 0);
	cr_assert_eq(steering_new(by, &api_fixture_fake->datapath, state, &api_fixture_api.steering,
				  &error),
		     0, "%s", error.text);
	cr_assert_eq(judge_open(by, api_fixture_api.steering, state, &hooks, &now,
				&api_fixture_api.judge, &error),
		     0, "%s", error.text);
	cr_assert_eq(steering_sync(api_fixture_api.steering, &now, &error), 0, "%s", error.text);
	api_fixture_api.agent = describe_agent;
	api_fixture_api.data = "postern";
}

void api_fixture_open(void)
{
	config_file_setup();
	config = config_file_load(configuration);
	api_fixture_begin(config, NOW_NS, NOW_SEC);
}

void api_fixture_close(void)
{
	judge_close(api_fixture_api.judge);
	steering_free(api_fixture_api.steering);
	state_free(state);
	datapath_free(&api_fixture_fake->datapath);
	config_free(config);
	config_file_teardown();
}

struct api_response api_fixture_handle(enum api_method method, const char *uri, const char *body)
{
	const struct api_request request = {
		.method = method,
		.uri = uri,
		.body = body,
		.body_size = body ? strlen(body) : 0,
		.now = {.ns = NOW_NS, .sec = NOW_SEC},
	};
	struct api_response response;

	api_handle(&api_fixture_api, &request, &response);
	if (response.text) {
		cr_assert_str_eq(response.text_type, API_CONTENT_TYPE);
		response.body = json_loads(response.text, 0, NULL);
		free(response.text);
	}
	cr_assert_not_null(response.body);
	return response;
}

/* The document of a request that succeeds. */
json_t *api_fixture_done(enum api_method method, const char *uri, const char *body)
{
	struct api_response response = api_fixture_handle(method, uri, body);
	const char *reason = json_string_value(json_object_get(response.body, "error"));

	cr_assert_eq(response.status, 200, "%d: %s", response.status, reason);
	cr_assert_str_empty(response.allow);
	return response.body;
}

void api_fixture_refused(enum api_method method, const char *uri, const char *body, int status,
			 const char *reason)
{
	struct api_response response = api_fixture_handle(method, uri, body);

	cr_assert_eq(response.status, status, "%d", response.status);
	cr_assert_str_eq(json_string_value(json_object_get(response.body, "error")), reason);
	json_decref(response.body);
}

const char *api_fixture_string(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}
