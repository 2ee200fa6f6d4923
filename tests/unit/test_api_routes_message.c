/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes that the judge answers: messages, decisions, reports, metrics, events. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/facts.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "unit/api_fixture.h"

TestSuite(api_routes_message, .init = api_fixture_open, .fini = api_fixture_close);

static json_t *message(const char *body)
{
	return api_fixture_done(API_POST, "/v1/messages", body);
}

Test(api_routes_message, a_message_is_answered_with_pool_handles_and_why)
{
	json_t *answer = message("{\"message_id\":\"<1@x>\",\"user\":\"bob@example.net\","
				 "\"recipients_external\":3}");
	const json_t *steps = json_object_get(answer, "why");
	const json_t *last = json_array_get(steps, json_array_size(steps) - 1);

	cr_assert_str_eq(api_fixture_string(answer, "action"), "steer");
	cr_assert_str_eq(api_fixture_string(answer, "pool"), "normal");
	cr_assert_str_eq(api_fixture_string(answer, "lane"), "postern-normal");
	cr_assert_str_eq(api_fixture_string(answer, "helo"), "out.example.net");
	cr_assert_str_eq(api_fixture_string(json_object_get(answer, "handles"), "ipv4"),
			 "100.127.0.1");
	cr_assert(json_is_null(json_object_get(json_object_get(answer, "handles"), "ipv6")));
	cr_assert_str_eq(api_fixture_string(answer, "reason"), "good");
	cr_assert_str_eq(api_fixture_string(answer, "sender"), "bob@example.net");
	cr_assert_str_eq(api_fixture_string(answer, "identity"), "user");
	cr_assert_str_eq(api_fixture_string(answer, "policy"), "default");
	cr_assert_str_eq(api_fixture_string(answer, "message_id"), "1@x");
	cr_assert_str_eq(api_fixture_string(last, "rule"), "good");
	cr_assert_str_eq(api_fixture_string(last, "outcome"), "matched");
	json_decref(answer);
}

static long long count_of(const char *sender, const char *limit)
{
	_cleanup_(free_p) char *uri = NULL;
	json_t *view;
	long long count;

	cr_assert_gt(asprintf(&uri, "/v1/senders/%s", sender), 0);
	view = api_fixture_done(API_GET, uri, NULL);
	count = json_integer_value(
		json_object_get(json_object_get(json_object_get(view, "windows"), limit), "count"));
	json_decref(view);
	return count;
}

/* In the answer, whose JSON is not printed by jansson, and in the stored decision. */
Test(api_routes_message, names_of_any_letters_come_back_unchanged)
{
	static const char id[] = "a\"b\\c\t\x01\xc3\xa9@x";
	json_t *answer = message(
		"{\"message_id\":\"a\\\"b\\\\c\\t\\u0001\xc3\xa9@x\",\"user\":\"b\\\"\xc3\xb6\"}");
	json_t *kept = api_fixture_done(API_GET, "/v1/decisions/a%22b%5cc%09%01%c3%a9@x", NULL);

	cr_assert_str_eq(api_fixture_string(answer, "message_id"), id);
	cr_assert_str_eq(api_fixture_string(answer, "sender"), "b\"\xc3\xb6");
	cr_assert_str_eq(api_fixture_string(kept, "message_id"), id);
	cr_assert_str_eq(api_fixture_string(kept, "sender"), "b\"\xc3\xb6");
	json_decref(answer);
	json_decref(kept);
}

Test(api_routes_message, recipients_are_counted_by_internal_domains)
{
	json_decref(message("{\"user\":\"bob\",\"recipients\":[\"a@example.net\","
			    "\"b@EXAMPLE.net\",\"c@sub.example.net\",\"d@far.example\",\"e\","
			    "\"other!x\",\"\\\"x@far.example\\\"\"]}"));
	/* Three have no domain, one of them with an '@' in its quotes. */
	cr_assert_eq(count_of("bob", "recipients_internal_per_hour"), 5);
	cr_assert_eq(count_of("bob", "recipients_external_per_hour"), 2);
}

Test(api_routes_message, all_spellings_of_an_envelope_sender_are_one_sender)
{
	static const char *const written[] = {
		"bob@b\u00fccher.example",
		"<@relay.example:\\\"bob\\\"@B\u00dcCHER.example.>",
		"Bob@xn--bcher-kva.example",
	};
	char body[160];

	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		snprintf(body, sizeof(body),
			 "{\"envelope_from\":\"%s\",\"recipients\":[\"<a@far.example>\"]}",
			 written[i]);
		json_decref(message(body));
	}
	cr_assert_eq(count_of("bob@xn--bcher-kva.example", "recipients_external_per_hour"), 3);
}

Test(api_routes_message, every_fact_reaches_the_rules)
{
	static const struct {
		const char *body, *reason;
	} cases[] = {
		{"{\"envelope_from\":\"\"}", "bounce"},
		{"{\"bounce\":true,\"envelope_from\":\"a@b.example\"}", "bounce"},
		{"{\"mail_dns\":\"absent\",\"envelope_from\":\"a@b.example\"}", "no-mail-dns"},
		{"{\"spam\":true,\"user\":\"a\"}", "spam"},
		{"{\"user\":\"c\",\"recipients_external\":10001}", "over-limit"},
		{"{\"user\":\"b\",\"automatic\":true,\"recipients_external\":1}", "good"},
		{"{\"sender\":\"tenant-17\"}", "good"},
		{"{\"client\":\"10.9.9.9\"}", "good"},
		{"{}", "unknown-sender"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *answer = message(cases[i].body);

		cr_assert_str_eq(api_fixture_string(answer, "reason"), cases[i].reason, "%s: %s",
				 cases[i].body, api_fixture_string(answer, "reason"));
		json_decref(answer);
	}
	cr_assert_eq(count_of("b", "recipients_external_per_hour"), 0, "an automatic reply");
}

Test(api_routes_message, a_decision_is_explained_by_its_message_or_its_sender)
{
	json_t *decision;

	json_decref(message("{\"message_id\":\"<1@x>\",\"user\":\"bob\",\"client\":\"10.0.0.1\","
			    "\"spf\":\"fail\",\"recipients_external\":3}"));
	decision = api_fixture_done(API_GET, "/v1/decisions/%3C1@x%3E", NULL);
	cr_assert_str_eq(api_fixture_string(decision, "message_id"), "1@x");
	cr_assert_str_eq(api_fixture_string(decision, "time"), "2023-11-14T22:13:20Z");
	cr_assert_str_eq(api_fixture_string(json_object_get(decision, "facts"), "client"),
			 "10.0.0.1");
	cr_assert_str_eq(api_fixture_string(json_object_get(decision, "facts"), "spf"), "fail");
	json_decref(decision);
	decision = api_fixture_done(API_GET, "/v1/decisions/1@x", NULL);
	json_decref(decision);
	decision = api_fixture_done(API_GET, "/v1/decisions?sender=BOB", NULL);
	cr_assert_str_eq(api_fixture_string(decision, "sender"), "bob");
	json_decref(decision);
}

Test(api_routes_message, a_sender_seen_in_messages_only_has_windows_and_no_usage)
{
	json_t *view;

	json_decref(message("{\"user\":\"bob\",\"recipients_external\":3}"));
	view = api_fixture_done(API_GET, "/v1/senders/bob", NULL);
	cr_assert_eq(json_array_size(json_object_get(view, "selectors")), 0);
	cr_assert(json_is_null(json_object_get(view, "usage")));
	cr_assert_str_eq(api_fixture_string(json_object_get(view, "verdict"), "reason"), "good");
	json_decref(view);
	cr_assert_eq(count_of("bob", "recipients_external_per_hour"), 3);
}

Test(api_routes_message, senders_with_a_standing_and_no_selector_come_last_in_the_list)
{
	json_t *senders;

	json_decref(message("{\"user\":\"bob\",\"recipients_external\":3}"));
	json_decref(api_fixture_done(API_PUT, "/v1/senders/bob/verdict", "{\"action\":\"drop\"}"));
	json_decref(api_fixture_done(API_PUT, "/v1/senders/tenant-17/verdict",
				     "{\"action\":\"drop\"}"));
	senders = api_fixture_done(API_GET, "/v1/senders", NULL);
	cr_assert_eq(json_array_size(senders), 4, "none of them twice");
	cr_assert_str_eq(api_fixture_string(json_array_get(senders, 3), "name"), "bob");
	json_decref(senders);
	senders = api_fixture_done(API_GET, "/v1/senders?limit=2", NULL);
	cr_assert_eq(json_array_size(senders), 2);
	json_decref(senders);
}

Test(api_routes_message, reports_name_a_sender_or_its_message)
{
	json_t *answer;

	json_decref(message("{\"message_id\":\"1@x\",\"user\":\"bob\"}"));
	answer = api_fixture_done(API_POST, "/v1/reports", "{\"message_id\":\"<1@x>\"}");
	cr_assert_str_eq(api_fixture_string(answer, "sender"), "bob");
	json_decref(answer);
	json_decref(api_fixture_done(API_POST, "/v1/reports", "{\"sender\":\"bob\"}"));
	answer = api_fixture_done(API_GET, "/v1/senders/bob", NULL);
	cr_assert_eq(
		json_integer_value(json_object_get(json_object_get(answer, "spam"), "reports")), 2);
	json_decref(answer);
}

Test(api_routes_message, a_report_of_a_message_means_its_sender_even_with_the_longest_name)
{
	char body[512], name[POLICY_NAME_SIZE];
	json_t *answer;

	snprintf(name, sizeof(name), "%0*d", POLICY_NAME_SIZE - 1, 0);
	snprintf(body, sizeof(body), "{\"message_id\":\"1@x\",\"user\":\"%s\"}", name);
	json_decref(message(body));
	answer = api_fixture_done(API_POST, "/v1/reports", "{\"message_id\":\"1@x\"}");
	cr_assert_str_eq(api_fixture_string(answer, "sender"), name);
	json_decref(answer);
}

Test(api_routes_message, metrics_are_text_in_prometheus_format)
{
	struct api_response response;
	const struct api_request request = {
		.method = API_GET, .uri = "/metrics", .now = {.sec = NOW_SEC}};

	json_decref(message("{\"user\":\"bob\"}"));
	api_handle(&api_fixture_api, &request, &response);
	cr_assert_eq(response.status, 200);
	cr_assert_null(response.body);
	cr_assert_not_null(strstr(response.text, "# TYPE postern_decisions_total counter\n"));
	cr_assert_not_null(strstr(response.text, "\npostern_decisions_total{reason=\"good\"} 1\n"));
	cr_assert_not_null(strstr(response.text, "\npostern_senders 1\n"));
	cr_assert_not_null(strstr(response.text, "\npostern_address_active{pool=\"normal\","
						 "address=\"2001:db8::10\"} 1\n"));
	/* Every line is a comment or one sample. */
	for (const char *line = response.text; *line; line = strchr(line, '\n') + 1)
		cr_assert(strncmp(line, "# ", 2) == 0 || strncmp(line, "postern_", 8) == 0, "%s",
			  line);
	free(response.text);
}

Test(api_routes_message, a_request_for_events_becomes_a_follower)
{
	struct api_response response;
	const struct api_request request = {.method = API_GET, .uri = "/v1/events"};

	api_handle(&api_fixture_api, &request, &response);
	cr_assert_eq(response.status, 200);
	cr_assert(response.follows);
}

Test(api_routes_message, without_a_judge_only_the_maps_are_shown)
{
	struct judge *judge = TAKE_PTR(api_fixture_api.judge);

	json_decref(api_fixture_done(API_GET, "/v1/senders/tenant-17", NULL));
	json_decref(api_fixture_done(API_GET, "/v1/senders", NULL));
	api_fixture_refused(API_GET, "/v1/events", NULL, 503,
			    "the agent is not running; only it can answer");
	api_fixture_refused(API_GET, "/metrics", NULL, 503,
			    "the agent is not running; only it can answer");
	api_fixture_refused(API_POST, "/v1/messages", "{}", 503,
			    "the agent is not running; only it can answer");
	api_fixture_refused(API_GET, "/v1/decisions/x", NULL, 503,
			    "the agent is not running; only it can answer");
	api_fixture_api.judge = judge;
}

Test(api_routes_message, texts_and_lists_are_accepted_at_their_limits_and_refused_above)
{
	_cleanup_(free_p) char *body = malloc(API_BODY_MAX_BYTES);
	char *end;

	snprintf(body, API_BODY_MAX_BYTES, "{\"user\":\"%0*d\"}", POLICY_NAME_SIZE - 1, 0);
	json_decref(message(body));
	snprintf(body, API_BODY_MAX_BYTES, "{\"user\":\"%0*d\"}", POLICY_NAME_SIZE, 0);
	api_fixture_refused(API_POST, "/v1/messages", body, 400,
			    "member 'user': found 256 bytes, expected 255 at most");
	snprintf(body, API_BODY_MAX_BYTES, "{\"message_id\":\"%0*d\"}", FACTS_ID_MAX, 0);
	json_decref(message(body));
	snprintf(body, API_BODY_MAX_BYTES, "{\"message_id\":\"%0*d\"}", FACTS_ID_MAX + 1, 0);
	api_fixture_refused(API_POST, "/v1/messages", body, 400,
			    "member 'message_id': found 999 bytes, expected 998 at most");
	end = stpcpy(body, "{\"recipients\":[\"a\"");
	for (int i = 1; i < FACTS_LIST_MAX; i++)
		end = stpcpy(end, ",\"a\"");
	strcpy(end, "]}");
	json_decref(message(body));
	strcpy(end, ",\"a\"]}");
	api_fixture_refused(API_POST, "/v1/messages", body, 400,
			    "member 'recipients': found 1001 of them, expected 1000 at most");
}

Test(api_routes_message, details_of_a_bounce_reach_the_surges)
{
	json_t *body = json_loads("{\"original_id\":\"<1@x>\",\"bounce_to\":\"a@b\","
				  "\"unknown_recipient\":\"c@d\",\"sent_here\":false}",
				  0, NULL);
	struct message_facts message;
	struct error error;

	cr_assert_eq(facts_read(body, steering_config(api_fixture_api.steering), &message, &error),
		     0);
	cr_assert_str_eq(message.original_id, "1@x");
	cr_assert_str_eq(message.bounce_to, "a@b");
	cr_assert_str_eq(message.unknown_recipient, "c@d");
	cr_assert_eq(message.origin, SURGE_NOT_SENT_HERE);
	json_object_set_new(body, "sent_here", json_true());
	cr_assert_eq(facts_read(body, steering_config(api_fixture_api.steering), &message, &error),
		     0);
	cr_assert_eq(message.origin, SURGE_SENT_HERE);
	json_object_del(body, "sent_here");
	cr_assert_eq(facts_read(body, steering_config(api_fixture_api.steering), &message, &error),
		     0);
	cr_assert_eq(message.origin, SURGE_ORIGIN_UNKNOWN);
	json_decref(body);
}
