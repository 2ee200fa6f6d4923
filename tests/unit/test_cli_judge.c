/* SPDX-License-Identifier: BSD-2-Clause */
/* The output for people: decisions, counts, events, activity. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/commands.h"

typedef void (*printer)(const json_t *document, FILE *out);

TestSuite(cli_judge);

static void prints(const char *document, printer print, const char *expected)
{
	json_t *parsed = json_loads(document, 0, NULL);
	_cleanup_(free_p) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_not_null(parsed);
	print(parsed, out);
	fclose(out);
	cr_assert_str_eq(text, expected);
	json_decref(parsed);
}

#define DECISION                                                                                   \
	"{\"message_id\":\"1@x\",\"time\":\"2026-01-01T00:00:00Z\",\"action\":\"steer\","          \
	"\"pool\":\"high-risk\",\"lane\":\"postern-high-risk\",\"handles\":{\"ipv4\":\"100.127.0." \
	"2\",\"ipv6\":\"fd70::2\"},"                                                               \
	"\"reason\":\"over-limit\",\"status\":null,\"until\":null,\"sender\":\"bob\","             \
	"\"identity\":\"user\",\"policy\":\"default\",\"tenant\":\"acme\",\"why\":["               \
	"{\"rule\":\"manual\",\"outcome\":\"passed\"},"                                            \
	"{\"rule\":\"over-limit\",\"outcome\":\"matched\",\"limit\":\"messages_per_minute\","      \
	"\"count\":30,\"adds\":1,\"max\":30}],"                                                    \
	"\"facts\":{\"user\":\"bob\",\"envelope_from\":\"b@x\",\"header_from\":null,"              \
	"\"client\":\"10.0.0.1\",\"sender\":null,\"tenant\":null,\"recipients_external\":3,"       \
	"\"recipients_internal\":1,\"bounce\":false,\"automatic\":false,\"spam\":true,"            \
	"\"mail_dns\":\"present\",\"spf\":\"pass\",\"dkim\":\"none\"},"                            \
	"\"addresses\":[{\"address\":\"192.0.2.20\",\"state\":\"active\"},"                        \
	"{\"address\":\"2001:db8::20\",\"state\":\"draining\"}],"                                  \
	"\"flows\":[{\"sender\":\"handle/high-risk\",\"source\":\"100.127.0.2:4000\","             \
	"\"destination\":\"198.51.100.25:25\",\"pool\":\"high-risk\","                             \
	"\"address\":\"192.0.2.20:4000\",\"state\":\"established\",\"packets\":9,"                 \
	"\"bytes\":900,\"age_sec\":5}]}"

#define DECISION_BEFORE                                                                            \
	"message    1@x, decided 2026-01-01T00:00:00Z\n"                                           \
	"sender     bob (by user), policy default, tenant acme\n"                                  \
	"facts      from <b@x>, user bob, client 10.0.0.1\n"                                       \
	"           recipients 3 external, 1 internal; bounce no, automatic no, spam yes\n"        \
	"           mail DNS present, SPF pass, DKIM none\n"                                       \
	"answer     steer to high-risk, reason over-limit; lane postern-high-risk; bind to "       \
	"100.127.0.2 or fd70::2\n"

#define DECISION_AFTER                                                                             \
	"\n"                                                                                       \
	"RULE        OUTCOME  LIMIT                COUNT  THIS  MAX\n"                             \
	"manual      passed   -                        -     -    -\n"                             \
	"over-limit  matched  messages_per_minute     30     1   30\n"                             \
	"\nConnections of handle/high-risk now:\n\n"                                               \
	"SENDER            ALSO  SOURCE            ADDRESS          DESTINATION       POOL       " \
	"STATE        PACKETS  BYTES  AGE\n"                                                       \
	"handle/high-risk  -     100.127.0.2:4000  192.0.2.20:4000  198.51.100.25:25  high-risk  " \
	"established        9    900   5s\n"

#define DECISION_TEXT                                                                              \
	DECISION_BEFORE                                                                            \
	"leaves by  192.0.2.20 active, 2001:db8::20 draining; one per sender and "                 \
	"destination\n" DECISION_AFTER

#define DECISION_TEXT_HELD                                                                         \
	DECISION_BEFORE                                                                            \
	"held       pool high-risk is disabled: no new connection leaves\n" DECISION_AFTER

Test(cli_judge, a_decision_is_shown_with_facts_answer_and_every_rule)
{
	prints(DECISION, cli_print_decision, DECISION_TEXT);
}

Test(cli_judge, a_pool_that_holds_is_explained_by_its_hold_and_not_by_its_addresses)
{
	_cleanup_(free_p) char *decision = strdup(DECISION);
	_cleanup_(free_p) char *held = NULL;

	cr_assert_geq(asprintf(&held, "{\"held\":\"is disabled\",%s", decision + 1), 0);
	prints(held, cli_print_decision, DECISION_TEXT_HELD);
}

Test(cli_judge, a_refusal_shows_its_status_and_its_end)
{
	prints("{\"message_id\":null,\"time\":\"t\",\"action\":\"reject\",\"pool\":null,"
	       "\"reason\":\"restricted\",\"status\":\"5.1.8\",\"until\":\"2026-01-02T00:00:00Z\","
	       "\"sender\":null,\"identity\":\"none\",\"policy\":\"default\",\"why\":[],"
	       "\"facts\":{}}",
	       cli_print_decision,
	       "message    , decided t\n"
	       "sender     nobody (by none), policy default\n"
	       "facts      from unknown\n"
	       "           recipients 0 external, 0 internal; bounce no, automatic no, spam no\n"
	       "           mail DNS , SPF , DKIM \n"
	       "answer     reject, reason restricted, status 5.1.8, until 2026-01-02T00:00:00Z\n"
	       "\n"
	       "RULE  OUTCOME  LIMIT  COUNT  THIS  MAX\n");
}

#define SENDER                                                                                     \
	"{\"name\":\"bob\",\"selectors\":[],\"verdict\":{\"action\":\"drop\",\"pool\":null,"       \
	"\"reason\":\"restricted\",\"until\":null},\"usage\":null,\"policy\":\"default\","         \
	"\"windows\":{\"messages_per_minute\":{\"count\":3,\"limit\":30},"                         \
	"\"connections_per_minute\":{\"count\":0,\"limit\":null}},"                                \
	"\"spam\":{\"marked\":1,\"of\":20,\"reports\":2},\"restricted\":true,"                     \
	"\"restricted_until\":null}"

#define SENDER_TEXT                                                                                \
	"sender       bob\n"                                                                       \
	"selectors    -\n"                                                                         \
	"verdict      drop, reason restricted\n"                                                   \
	"flows        0\n"                                                                         \
	"connections  0\n"                                                                         \
	"refused      0\n"                                                                         \
	"policy       default\n"                                                                   \
	"restricted   until released\n"                                                            \
	"spam         1 of the last 20 messages, 2 reports in a day\n"                             \
	"\n"                                                                                       \
	"LIMIT                   COUNT  MAX\n"                                                     \
	"messages_per_minute         3   30\n"                                                     \
	"connections_per_minute      0    -\n"

Test(cli_judge, a_sender_is_shown_with_its_counts_and_limits)
{
	prints(SENDER, cli_print_sender, SENDER_TEXT);
}

Test(cli_judge, a_sender_is_explained_by_its_verdict_and_its_last_message)
{
	prints("{\"sender\":" SENDER ",\"decision\":" DECISION "}", cli_print_explained_sender,
	       SENDER_TEXT "\nThe last message:\n\n" DECISION_TEXT);
	prints("{\"sender\":" SENDER ",\"decision\":null}", cli_print_explained_sender,
	       SENDER_TEXT "\nNo decision about a message of this sender in the last hour.\n");
}

Test(cli_judge, an_event_is_one_line)
{
	prints("{\"time\":\"2026-01-01T00:00:00Z\",\"event\":\"over-limit\",\"sender\":\"bob\","
	       "\"limit\":\"messages_per_minute\",\"count\":31,\"max\":30,\"baseline\":1.25,"
	       "\"pool\":null}",
	       cli_print_event,
	       "2026-01-01T00:00:00Z  over-limit  sender bob  limit messages_per_minute  count 31"
	       "  max 30  baseline 1.2\n");
}

#define ACTIVE(name, connections, messages)                                                        \
	"{\"name\":\"" name "\",\"selectors\":[],\"verdict\":{\"action\":\"steer\",\"pool\":"      \
	"\"normal\",\"reason\":\"good\",\"until\":null},\"usage\":{\"flows\":1,"                   \
	"\"connections\":" connections                                                             \
	",\"refused\":0},\"windows\":{\"messages_per_minute\":{\"count\":" messages                \
	"},\"recipients_external_per_hour\":{\"count\":4},"                                        \
	"\"recipients_internal_per_hour\":{\"count\":2}}}"

Test(cli_judge, top_shows_the_sender_with_most_connections_first)
{
	json_t *before = json_loads("[" ACTIVE("a", "10", "1") "," ACTIVE(
					    "b", "10", "9") "," ACTIVE("c", "10", "0") "]",
				    0, NULL);
	/* A new sender in between shifts all others by one. */
	json_t *after = json_loads("[" ACTIVE("A", "5", "0") "," ACTIVE("a", "10", "1") "," ACTIVE(
					   "b", "10", "9") "," ACTIVE("c", "25", "0") "]",
				   0, NULL);
	json_t *rows = cli_top_rows(before, after, 2);
	_cleanup_(free_p) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cli_print_top(rows, out);
	fclose(out);
	cr_assert_str_eq(text, "SENDER  ACTION  POOL    REASON  FLOWS  CONN/S  MESSAGES/MIN  "
			       "RECIPIENTS/H  REFUSED\n"
			       "c       steer   normal  good        1     7.5             0        "
			       "     6        0\n"
			       "b       steer   normal  good        1     0.0             9        "
			       "     6        0\n"
			       "a       steer   normal  good        1     0.0             1        "
			       "     6        0\n"
			       "A       steer   normal  good        1     0.0             0        "
			       "     6        0\n");
	json_decref(rows);
	json_object_set_new(json_object_get(json_array_get(after, 0), "verdict"), "pool",
			    json_null());
	rows = cli_top_rows(before, after, 2);
	cr_expect(json_is_null(json_object_get(json_array_get(rows, 3), "pool")), "as elsewhere");
	json_decref(before);
	json_decref(after);
	json_decref(rows);
}

/* Texts in mail are untrusted. */
Test(cli_judge, printed_texts_cannot_control_the_terminal)
{
	_cleanup_(free_p) char *text = NULL;
	size_t size;
	struct cli cli = {.out = open_memstream(&text, &size)};
	struct error error;

	cr_assert_eq(
		cli_show(&cli,
			 json_loads("{\"message_id\":\"a\\u001b[2J\",\"time\":\"t\",\"facts\":{"
				    "\"envelope_from\":\"b\\u009bc\\n\",\"user\":"
				    "\"\\u007fbj\u00f6rn\"},"
				    "\"why\":[{\"rule\":\"\\u0007\"}]}",
				    0, NULL),
			 cli_print_decision, &error),
		0);
	fclose(cli.out);
	cr_expect_not_null(strstr(text, "message    a?[2J, decided"), "%s", text);
	cr_expect_not_null(strstr(text, "from <b??c?>, user ?bj\u00f6rn\n"), "%s", text);
	for (const char *c = text; *c; c++)
		cr_expect(*c == '\n' || (unsigned char)*c >= ' ', "%s", text);
}
