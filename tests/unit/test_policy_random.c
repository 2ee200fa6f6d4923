/* SPDX-License-Identifier: BSD-2-Clause */
/* Random mail against a naive counter that remembers every recipient. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy_fixture.h"

TestSuite(policy_random, .init = config_file_setup, .fini = config_file_teardown);

#define SENT_MAX 4000

struct sent {
	int64_t time;
	uint32_t recipients;
};

static uint32_t recipients_since(const struct sent *sent, size_t count, int64_t since_sec)
{
	uint32_t sum = 0;

	while (count-- > 0 && sent[count].time > since_sec)
		sum += sent[count].recipients;
	return sum;
}

ParameterizedTestParameters(policy_random, random_mail_never_passes_a_limit_in_any_window)
{
	static unsigned seeds[12];

	for (unsigned i = 0; i < 12; i++)
		seeds[i] = i;
	return cr_make_param_array(unsigned, seeds, 12);
}

ParameterizedTest(unsigned *seed, policy_random, random_mail_never_passes_a_limit_in_any_window)
{
	const uint32_t per_hour = 20 + *seed * 7, per_day = 3 * per_hour;
	struct sent *sent = calloc(SENT_MAX, sizeof(*sent));
	size_t count = 0, early = 0;
	int64_t now = NOON;
	struct policy_fixture *fixture;
	char text[256];

	snprintf(text, sizeof(text),
		 "policy \"default\" { on_limit = \"defer\" recipients_external_per_hour = %u "
		 "recipients_per_day = %u messages_per_minute = 10000 }\n",
		 per_hour, per_day);
	fixture = policy_fixture_new(text);
	srand(*seed);
	for (unsigned i = 0; i < SENT_MAX; i++) {
		uint32_t n = 1 + (uint32_t)rand() % 9;
		bool fits_strictly;

		now += rand() % (rand() % 30 ? 200 : 8000);
		fits_strictly = recipients_since(sent, count, now - 3600 - 300) + n <= per_hour &&
				recipients_since(sent, count, now - DAY - 3600) + n <= per_day;
		if (policy_fixture_send(fixture, n, now).action != DECISION_STEER) {
			cr_assert(!fits_strictly, "deferred more than one sub-bucket early");
			early++;
			continue;
		}
		sent[count++] = (struct sent){now, n};
		cr_assert_leq(recipients_since(sent, count, now - 3600), per_hour);
		cr_assert_leq(recipients_since(sent, count, now - DAY), per_day);
	}
	cr_expect_gt(early, 0);
	policy_fixture_free(fixture);
	free(sent);
}
