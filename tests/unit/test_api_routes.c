/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes about pools and senders, and all refusals. test_api_routes_message.c has the rest. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "steering/steering.h"
#include "unit/api_fixture.h"

TestSuite(api_routes, .init = api_fixture_open, .fini = api_fixture_close);

static struct verdict verdict_in_map(const char *name)
{
	const struct steering_sender *sender = steering_sender_find(api_fixture_api.steering, name);
	struct verdict verdict;

	cr_assert_not_null(sender);
	cr_assert_eq(api_fixture_fake->datapath.ops->get(&api_fixture_fake->datapath, MAP_VERDICT,
							 &sender->id, &verdict),
		     0);
	return verdict;
}

Test(api_routes, status_has_version_datapath_pools_and_the_agent)
{
	json_t *status = api_fixture_done(API_GET, "/v1/status", NULL);

	cr_assert_not_null(api_fixture_string(status, "version"));
	cr_assert(json_is_object(json_object_get(status, "datapath")));
	cr_assert_eq(json_array_size(json_object_get(status, "pools")), 2);
	cr_assert_str_eq(api_fixture_string(json_object_get(status, "agent"), "user"), "postern");
	json_decref(status);
}

Test(api_routes, pools_are_listed_with_their_addresses)
{
	json_t *pools = api_fixture_done(API_GET, "/v1/pools", NULL);
	const json_t *normal = json_array_get(pools, 0);

	cr_assert_eq(json_array_size(pools), 2);
	cr_assert_str_eq(api_fixture_string(normal, "name"), "normal");
	cr_assert_eq(json_array_size(json_object_get(normal, "addresses")), 2);
	json_decref(pools);
}

Test(api_routes, a_pool_is_disabled_and_the_answer_shows_it)
{
	json_t *pool =
		api_fixture_done(API_PATCH, "/v1/pools/high-risk", "{\"state\":\"disabled\"}");
	__u32 id = POOL_HIGH_RISK;
	struct pool_entry entry;

	cr_assert_str_eq(api_fixture_string(pool, "name"), "high-risk");
	cr_assert_str_eq(api_fixture_string(pool, "state"), "disabled");
	cr_assert_eq(api_fixture_fake->datapath.ops->get(&api_fixture_fake->datapath, MAP_POOLS,
							 &id, &entry),
		     0);
	cr_assert_eq(entry.state, POOL_DISABLED);
	json_decref(pool);
}

Test(api_routes, an_address_is_drained_in_any_spelling)
{
	json_t *pool =
		api_fixture_done(API_PATCH, "/v1/pools/normal/addresses/2001%3Adb8%3A0%3A0%3A%3A10",
				 "{\"state\":\"draining\"}");
	const json_t *address = json_array_get(json_object_get(pool, "addresses"), 1);

	cr_assert_str_eq(api_fixture_string(address, "address"), "2001:db8::10");
	cr_assert_str_eq(api_fixture_string(address, "state"), "draining");
	json_decref(pool);
}

Test(api_routes, a_sender_is_steered_until_the_end_of_its_verdict)
{
	json_t *sender =
		api_fixture_done(API_PUT, "/v1/senders/tenant-17/verdict",
				 "{\"action\":\"steer\",\"pool\":\"high-risk\",\"for_sec\":600}");
	const json_t *verdict = json_object_get(sender, "verdict");
	struct verdict in_map = verdict_in_map("tenant-17");

	cr_assert_str_eq(api_fixture_string(verdict, "pool"), "high-risk");
	cr_assert_str_eq(api_fixture_string(verdict, "reason"), "manual");
	cr_assert_str_eq(api_fixture_string(verdict, "until"), "2023-11-14T22:23:20Z");
	cr_assert_eq(in_map.pool, POOL_HIGH_RISK);
	cr_assert_eq(in_map.until_ns, NOW_NS + 600 * NS_PER_SEC);
	cr_assert_eq(in_map.cut_ns, 0);
	json_decref(sender);
}

/* Flows opened between the request and the write to the map follow the old verdict. */
Test(api_routes, a_verdict_with_cut_ends_live_flows)
{
	const uint64_t before = clock_monotonic_ns();

	json_decref(api_fixture_done(API_PUT, "/v1/senders/Tenant-17/verdict",
				     "{\"action\":\"drop\",\"cut\":true}"));
	cr_assert_eq(verdict_in_map("tenant-17").action, VERDICT_DROP);
	cr_assert_eq(verdict_in_map("tenant-17").reason, REASON_MANUAL);
	cr_assert_gt(verdict_in_map("tenant-17").cut_ns, before);
	cr_assert_leq(verdict_in_map("tenant-17").cut_ns, clock_monotonic_ns());
}

Test(api_routes, a_manual_verdict_is_removed)
{
	json_decref(api_fixture_done(API_PUT, "/v1/senders/tenant-17/verdict",
				     "{\"action\":\"pass\"}"));
	cr_assert_eq(verdict_in_map("tenant-17").action, VERDICT_PASS);
	json_decref(api_fixture_done(API_DELETE, "/v1/senders/tenant-17/verdict", NULL));
	cr_assert_eq(verdict_in_map("tenant-17").action, VERDICT_STEER);
	cr_assert_eq(verdict_in_map("tenant-17").pool, POOL_NORMAL);
}

Test(api_routes, flows_are_cut_without_a_change_of_verdict)
{
	json_decref(api_fixture_done(API_DELETE, "/v1/senders/tenant-17/flows", NULL));
	cr_assert_eq(verdict_in_map("tenant-17").cut_ns, NOW_NS);
	cr_assert_eq(verdict_in_map("tenant-17").pool, POOL_NORMAL);
}

Test(api_routes, a_name_with_a_slash_is_one_segment)
{
	json_t *sender = api_fixture_done(API_GET, "/v1/senders/handle%2Fnormal", NULL);

	cr_assert_str_eq(api_fixture_string(sender, "name"), "handle/normal");
	json_decref(sender);
}

Test(api_routes, senders_are_listed)
{
	json_t *senders = api_fixture_done(API_GET, "/v1/senders", NULL);

	cr_assert_eq(json_array_size(senders), 3); /* (unknown), handle/normal, tenant-17 */
	json_decref(senders);
}

static void put_flow(uint32_t sender, uint16_t source_port)
{
	const struct flow_key key = {.source_port = source_port, .destination_port = 25};
	const struct flow flow = {.sender = sender, .opened_ns = 1};

	cr_assert_eq(api_fixture_fake->datapath.ops->put(&api_fixture_fake->datapath, MAP_FLOWS,
							 &key, &flow),
		     0);
}

Test(api_routes, flows_are_listed_by_sender_and_up_to_a_limit)
{
	json_t *flows;

	put_flow(SENDER_UNKNOWN, 1);
	put_flow(SENDER_UNKNOWN, 2);
	put_flow(steering_sender_find(api_fixture_api.steering, "tenant-17")->id, 3);
	flows = api_fixture_done(API_GET, "/v1/flows", NULL);
	cr_assert_eq(json_array_size(flows), 3);
	json_decref(flows);
	flows = api_fixture_done(API_GET, "/v1/flows?sender=tenant-17", NULL);
	cr_assert_eq(json_array_size(flows), 1);
	json_decref(flows);
	flows = api_fixture_done(API_GET, "/v1/flows?limit=2", NULL);
	cr_assert_eq(json_array_size(flows), 2);
	json_decref(flows);
}

struct refusal {
	enum api_method method;
	int status;
	char uri[64];
	char body[96];
	char reason[160];
};

#define VERDICT "/v1/senders/tenant-17/verdict"

static struct refusal refusals[] = {
	{API_GET, 404, "/", "", "no such path"},
	{API_GET, 404, "/v1/pool", "", "no such path"},
	{API_GET, 404, "/v1/pools/", "", "no such path"},
	{API_GET, 404, "/v2/status", "", "no such path"},
	{API_GET, 404, "/v1/senders/tenant-17/verdict/x", "", "no such path"},
	{API_GET, 400, "/v1/pools%zz", "", "path: not a valid URI"},
	{API_GET, 400, "not a uri", "", "path: not a valid URI"},
	{API_GET, 400, "/v1/senders/a%00b", "", "path: a name has a NUL byte in it"},
	{API_GET, 404, "/v1/senders/tenant-18", "", "no sender 'tenant-18'"},
	{API_GET, 404, "/v1/senders/%ff", "", "no sender '?'"},
	{API_GET, 404, "/v1/flows?sender=x", "", "no sender 'x'"},
	{API_GET, 400, "/v1/flows?sendr=x", "", "unknown parameter 'sendr'"},
	{API_GET, 400, "/v1/status?x=1", "", "unknown parameter 'x'"},
	{API_GET, 400, "/v1/flows?limit=0", "",
	 "parameter 'limit': found '0', expected 1 to 100000"},
	{API_GET, 400, "/v1/flows?limit=1x", "",
	 "parameter 'limit': found '1x', expected 1 to 100000"},
	{API_GET, 400, "/v1/flows?limit=-18446744073709551615", "",
	 "parameter 'limit': found '-18446744073709551615', expected 1 to 100000"},
	{API_GET, 400, "/v1/flows?limit=-1", "",
	 "parameter 'limit': found '-1', expected 1 to 100000"},
	{API_PATCH, 400, "/v1/pools/normal", "", "body: found nothing, expected a JSON object"},
	{API_PATCH, 400, "/v1/pools/normal", "{",
	 "body: not JSON: line 1, column 1: string or '}' expected near end of file"},
	{API_PATCH, 400, "/v1/pools/normal", "[]", "body: found an array, expected an object"},
	{API_PATCH, 400, "/v1/pools/normal", "{}", "member 'state' is missing, expected a string"},
	{API_PATCH, 400, "/v1/pools/normal", "{\"state\":1}",
	 "member 'state': found an integer, expected a string"},
	{API_PATCH, 400, "/v1/pools/normal", "{\"state\":\"off\"}",
	 "member 'state': found 'off', expected 'enabled' or 'disabled'"},
	{API_PATCH, 400, "/v1/pools/normal", "{\"state\":\"enabled\",\"x\":1}",
	 "unknown member 'x', expected one of 'state'"},
	{API_PATCH, 404, "/v1/pools/norml", "{\"state\":\"enabled\"}", "no pool 'norml'"},
	{API_PATCH, 404, "/v1/pools/normal/addresses/x", "{\"state\":\"active\"}",
	 "found 'x', expected an address of pool 'normal'"},
	{API_PATCH, 404, "/v1/pools/normal/addresses/192.0.2.20", "{\"state\":\"active\"}",
	 "no address '192.0.2.20' in pool 'normal'"},
	{API_PATCH, 400, "/v1/pools/normal/addresses/192.0.2.10", "{\"state\":\"gone\"}",
	 "member 'state': found 'gone', expected 'active', 'draining' or 'disabled'"},
	{API_PUT, 404, "/v1/senders/nobody/verdict", "{\"action\":\"drop\"}", "no sender 'nobody'"},
	{API_PUT, 400, VERDICT, "{\"action\":\"eat\"}",
	 "member 'action': found 'eat', expected 'steer', 'drop' or 'pass'"},
	{API_PUT, 400, VERDICT, "{\"action\":\"steer\"}",
	 "member 'pool': is missing, expected a name with action 'steer'"},
	{API_PUT, 400, VERDICT, "{\"action\":\"drop\",\"pool\":\"normal\"}",
	 "member 'pool': not expected with action 'drop'"},
	{API_PUT, 400, VERDICT, "{\"action\":\"steer\",\"pool\":\"nowhere\"}", "no pool 'nowhere'"},
	{API_PUT, 400, VERDICT, "{\"action\":\"drop\",\"for_sec\":0}",
	 "member 'for_sec': found 0, expected 1 to 315360000 seconds"},
	{API_PUT, 400, VERDICT, "{\"action\":\"drop\",\"for_sec\":315360001}",
	 "member 'for_sec': found 315360001, expected 1 to 315360000 seconds"},
	{API_PUT, 400, VERDICT, "{\"action\":\"drop\",\"for_sec\":1.5}",
	 "member 'for_sec': found a number with a fraction, expected an integer"},
	{API_PUT, 400, VERDICT, "{\"action\":\"drop\",\"cut\":\"yes\"}",
	 "member 'cut': found a string, expected true or false"},
	{API_PUT, 400, VERDICT, "{\"action\":null}",
	 "member 'action': found null, expected a string"},
	{API_PUT, 400, VERDICT, "{\"action\":\"drop\",\"action\":\"pass\"}",
	 "body: not JSON: line 1, column 25: duplicate object key near '\"action\"'"},
	{API_DELETE, 404, "/v1/senders/nobody/verdict", "", "no sender 'nobody'"},
	{API_DELETE, 404, "/v1/senders/nobody/flows", "", "no sender 'nobody'"},
	{API_POST, 404, "/v1/senders/tenant-17/release", "",
	 "'tenant-17' is neither restricted nor high-risk for spam"},
	{API_POST, 400, "/v1/messages", "", "body: found nothing, expected a JSON object"},
	{API_POST, 400, "/v1/messages", "[]", "body: found an array, expected an object"},
	{API_POST, 400, "/v1/messages", "{\"user\":1}",
	 "member 'user': found an integer, expected a string"},
	{API_POST, 400, "/v1/messages", "{\"user\":\"a\\u0000b\"}",
	 "body: not JSON: line 1, column 18: \\u0000 is not allowed without "
	 "JSON_ALLOW_NUL near '\"a\\u0000b\"'"},
	{API_POST, 400, "/v1/messages", "{\"recipients_external\":-1}",
	 "member 'recipients_external': found -1, expected 0 to 1000000"},
	{API_POST, 400, "/v1/messages", "{\"recipients_internal\":1000001}",
	 "member 'recipients_internal': found 1000001, expected 0 to 1000000"},
	{API_POST, 400, "/v1/messages", "{\"recipients\":[1]}",
	 "member 'recipients': found something else at 1, expected addresses shorter than "
	 "256 bytes"},
	{API_POST, 400, "/v1/messages", "{\"recipients\":[],\"recipients_external\":1}",
	 "member 'recipients': not expected with numbers of them"},
	{API_POST, 400, "/v1/messages", "{\"spf\":\"softfail\"}",
	 "member 'spf': found 'softfail', expected 'unknown', 'none', 'pass' or 'fail'"},
	{API_POST, 400, "/v1/messages", "{\"mail_dns\":\"no\"}",
	 "member 'mail_dns': found 'no', expected 'unknown', 'present' or 'absent'"},
	{API_POST, 400, "/v1/reports", "{}", "expected one of 'sender' and 'message_id'"},
	{API_POST, 400, "/v1/reports", "{\"sender\":\"\"}",
	 "found '', expected a name of 1 to 255 bytes"},
	{API_POST, 404, "/v1/reports", "{\"message_id\":\"<x>\"}",
	 "no decision about 'x' in the last hour"},
	{API_GET, 404, "/v1/decisions/x", "", "no decision about 'x' in the last hour"},
	{API_GET, 404, "/v1/decisions?sender=x", "",
	 "no decision about sender 'x' in the last hour"},
	{API_GET, 400, "/v1/decisions", "", "parameter 'sender' is missing, expected a name"},
	{API_GET, 400, "/v1/senders?limit=10001", "",
	 "parameter 'limit': found '10001', expected 1 to 10000"},
	{API_DELETE, 405, "/v1/messages", "", "method not allowed, expected one of POST"},
};

ParameterizedTestParameters(api_routes, impossible_requests_are_refused_with_the_reason)
{
	return cr_make_param_array(struct refusal, refusals,
				   sizeof(refusals) / sizeof(refusals[0]));
}

ParameterizedTest(struct refusal *test, api_routes, impossible_requests_are_refused_with_the_reason)
{
	unsigned writes = api_fixture_fake->writes;

	api_fixture_refused(test->method, test->uri, test->body, test->status, test->reason);
	cr_assert_eq(api_fixture_fake->writes, writes);
}

Test(api_routes, another_method_is_answered_with_the_allowed_ones)
{
	struct api_response response = api_fixture_handle(API_OTHER, VERDICT, NULL);

	cr_assert_eq(response.status, 405);
	cr_assert_str_eq(response.allow, "PUT, DELETE");
	cr_assert_str_eq(api_fixture_string(response.body, "error"),
			 "method not allowed, expected one of PUT, DELETE");
	json_decref(response.body);
}

Test(api_routes, a_body_over_the_limit_is_refused_and_a_body_at_the_limit_is_read)
{
	_cleanup_(free_p) char *body = malloc(API_BODY_MAX_BYTES + 2);
	struct api_response response;

	memset(body, ' ', API_BODY_MAX_BYTES + 1);
	body[API_BODY_MAX_BYTES + 1] = '\0';
	api_fixture_refused(API_PATCH, "/v1/pools/normal", body, 413,
			    "body: found 65537 bytes, expected 65536 at most");
	body[API_BODY_MAX_BYTES] = '\0';
	memcpy(body, "{\"state\":\"enabled\"}", strlen("{\"state\":\"enabled\"}"));
	response = api_fixture_handle(API_PATCH, "/v1/pools/normal", body);
	cr_assert_eq(response.status, 200);
	json_decref(response.body);
}

Test(api_routes, a_map_that_cannot_be_written_is_an_error_of_the_server)
{
	struct api_response response;

	api_fixture_fake->writes_left = 1; /* the second write fails */
	response = api_fixture_handle(API_PUT, VERDICT, "{\"action\":\"drop\"}");
	cr_assert_eq(response.status, 500);
	cr_assert_eq(verdict_in_map("tenant-17").action, VERDICT_STEER);
	json_decref(response.body);
}
