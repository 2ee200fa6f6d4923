/* SPDX-License-Identifier: BSD-2-Clause */
/* Decisions, written by the agent and read by the milter. */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/names.h"
#include "policy/message.h"
#include "wire/decision.h"

TestSuite(wire_decision);

static struct error error;

static struct received_decision again(const struct message_decision *message)
{
	struct received_decision read;
	char *text;
	json_t *document;

	cr_assert_eq(decision_print(message, "7@example.net", &text, &error), 0);
	document = json_loads(text, 0, NULL);
	cr_assert_eq(decision_read(document, &read, &error), 0, "%s: %s", text, error.text);
	json_decref(document);
	free(text);
	return read;
}

Test(wire_decision, a_steered_message_keeps_pool_lane_and_sender)
{
	const struct lane lane = {.name = "postern-normal"};
	const struct message_decision message = {
		.decision = {.action = DECISION_STEER, .sender = "b\xc3\xbc \"b\" \\"},
		.pool = "normal",
		.lane = &lane,
	};
	struct received_decision read = again(&message);

	cr_expect_eq(read.action, DECISION_STEER);
	cr_expect_str_eq(read.pool, "normal");
	cr_expect_str_eq(read.lane, "postern-normal");
	cr_expect_str_eq(read.sender, message.decision.sender);
	cr_expect_str_empty(read.status);
	cr_expect_str_empty(read.until);
}

Test(wire_decision, every_reason_arrives_as_itself)
{
	for (enum reason reason = REASON_GOOD; reason < REASONS; reason++) {
		const struct message_decision message = {
			.decision = {.action = DECISION_REJECT,
				     .reason = reason,
				     .status = "5.7.711",
				     .until_sec = 1699963200},
		};
		struct received_decision read = again(&message);

		cr_expect_eq(read.reason, reason, "%s", reason_name(reason));
		cr_expect_str_eq(read.status, "5.7.711");
		cr_expect_str_eq(read.until, "2023-11-14T12:00:00Z");
	}
}

static int read_text(const char *text, struct received_decision *ret_decision)
{
	json_t *document = json_loads(text, 0, NULL);
	int code = decision_read(document, ret_decision, &error);

	cr_assert_not_null(document, "%s", text);
	json_decref(document);
	return code;
}

Test(wire_decision, a_reason_of_another_version_leaves_the_action)
{
	struct received_decision read;

	cr_assert_eq(
		read_text("{\"action\": \"defer\", \"status\": \"4.7.1\", \"reason\": \"moon\"}",
			  &read),
		0);
	cr_expect_eq(read.action, DECISION_DEFER);
	cr_expect_eq(read.reason, REASON_GOOD);
}

Test(wire_decision, a_contradiction_is_no_decision)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"action\": 1}",
		"{\"action\": \"invalid\"}",
		"{\"action\": \"steer\", \"lane\": \"postern-normal\"}",
		"{\"action\": \"steer\", \"pool\": \"a b\"}",
		"{\"action\": \"steer\", \"pool\": 7}",
		"{\"action\": \"steer\", \"reason\": 7}",
		"{\"action\": \"defer\"}",
		"{\"action\": \"defer\", \"status\": \"5.7.1\"}",
		"{\"action\": \"reject\", \"status\": \"4.7.1\"}",
		"{\"action\": \"reject\", \"status\": \"5.7.1 \"}",
	};
	struct received_decision read = {.pool = "untouched"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_expect_eq(read_text(texts[i], &read), -EPROTO, "%s", texts[i]);
	cr_expect_str_eq(read.pool, "untouched");
}
