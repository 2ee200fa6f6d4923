/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, and the output for people. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/option.h"
#include "cli/words.h"

static const struct command commands[] = {
	{"up", "", 0, "brings it up", NULL, NULL},
	{"pool list", "", 0, "lists", NULL, NULL},
	{"pool drain", "NAME ADDRESS", 0, "drains", NULL, NULL},
	{"sender set", "NAME POOL", OPTION_FOR | OPTION_CUT, "sets", NULL, "More about it."},
	{"flow list", "[SENDER]", 0, "flows", NULL, NULL},
	{"flow cut", "SENDER", OPTION_NOW, "cuts", NULL, NULL},
	{"mta postfix", "[master|main]", 0, "prints", NULL, NULL},
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Finds the command of `line`; returns its words or the error's text. */
static const char *find(const char *line, char ***ret_arguments)
{
	static char copy[128];
	static char *words[16];
	static struct error error;
	const struct command *command = NULL;
	char *rest = copy;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	while (rest && *rest)
		words[n++] = strsep(&rest, " ");
	words[n] = NULL;
	if (command_find(commands, N_COMMANDS, words, &command, ret_arguments, &error) < 0)
		return error.text;
	return command->words;
}

struct line_case {
	char line[48];
	char expected[128];
};

ParameterizedTestParameters(cli, a_line_finds_its_command_or_lists_the_possible_words)
{
	static struct line_case cases[] = {
		{"up", "up"},
		{"pool drain normal 192.0.2.1", "pool drain"},
		{"flow list", "flow list"},
		{"flow list tenant-17", "flow list"},
		{"mta postfix main", "mta postfix"},
		{"", "expected a command: up, pool, sender, flow, mta"},
		{"pool", "expected a command after pool: list, drain"},
		{"pol", "unknown command 'pol', expected one of: up, pool, sender, flow, mta"},
		{"pool lst", "unknown command 'pool lst', expected after pool: list, drain"},
		{"pools list",
		 "unknown command 'pools', expected one of: up, pool, sender, flow, mta"},
		{"mta postfix mainx", "'mta postfix': found 'mainx', expected [master|main]"},
		{"pool drain", "'pool drain': expected NAME ADDRESS"},
		{"pool drain normal", "'pool drain': expected ADDRESS"},
		{"pool list normal", "'pool list': found 'normal', expected no argument"},
		{"pool drain a b c", "'pool drain': found 'c', expected nothing more"},
		{"mta postfix exim", "'mta postfix': found 'exim', expected [master|main]"},
		{"mta postfix mai", "'mta postfix': found 'mai', expected [master|main]"},
	};

	return cr_make_param_array(struct line_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct line_case *test, cli, a_line_finds_its_command_or_lists_the_possible_words)
{
	char **arguments;

	cr_assert_str_eq(find(test->line, &arguments), test->expected);
}

Test(cli, arguments_are_the_words_after_the_command)
{
	char **arguments;

	find("pool drain normal 192.0.2.1", &arguments);
	cr_assert_str_eq(arguments[0], "normal");
	cr_assert_str_eq(arguments[1], "192.0.2.1");
	cr_assert_null(arguments[2]);
}

/* The output of `print`. */
static char *printed(const json_t *document, void (*print)(const json_t *document, FILE *out))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print(document, out);
	fclose(out);
	return text;
}

static void help_prints(char **words, const char *expected)
{
	_cleanup_(free_p) char *text = NULL;
	struct error error;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cr_assert_eq(command_print_help(commands, N_COMMANDS, words, out, &error), 0);
	fclose(out);
	cr_assert_str_eq(text, expected);
}

Test(cli, help_of_one_command_tells_its_options_and_more)
{
	char *words[] = {"sender", "set", NULL};

	help_prints(words,
		    "usage: postern [-c FILE] [-j] sender set NAME POOL [--for TIME] [--cut]\n"
		    "\nsets.\n"
		    "--for TIME: it ends by itself after 90s, 15m, 2h, 7d.\n"
		    "--cut: the sender's live flows end too, each at its next packet.\n"
		    "\nMore about it.\n");
}

Test(cli, help_explains_now_and_its_limits)
{
	char *words[] = {"flow", "cut", NULL};

	help_prints(words,
		    "usage: postern [-c FILE] [-j] flow cut SENDER [--now]\n"
		    "\ncuts.\n"
		    "--now (root): this host's sockets of these flows close at once, without "
		    "waiting for a\npacket. Forwarded connections have no socket here.\n");
}

Test(cli, help_of_a_first_word_lists_its_commands)
{
	char *words[] = {"pool", NULL};

	help_prints(words, "  pool list\n      lists\n"
			   "  pool drain NAME ADDRESS\n      drains\n");
}

Test(cli, help_of_an_unknown_command_is_an_error)
{
	char *words[] = {"pool", "paint", NULL};
	struct error error;

	cr_assert_eq(command_print_help(commands, N_COMMANDS, words, stdout, &error), -EINVAL);
	cr_assert_not_null(strstr(error.text, "list, drain"), "%s", error.text);
}

static void print_columns(const json_t *unused, FILE *out)
{
	struct columns *columns = columns_new("NAME|>COUNT|LAST");

	(void)unused;
	columns_add(columns, "%s", "a");
	columns_add(columns, "%d", 12345678);
	columns_add(columns, "%s", "x");
	columns_add(columns, "%s", "größer");
	columns_add(columns, "%d", 1);
	columns_add(columns, "%s", "");
	columns_add(columns, "%s", "bad\033[2J\n");
	columns_add(columns, "%d", 0);
	columns_add(columns, "%s", "y");
	columns_print(columns, out);
}

Test(cli, columns_are_aligned_and_harmless)
{
	_cleanup_(free_p) char *text = printed(NULL, print_columns);

	cr_assert_str_eq(text, "NAME         COUNT  LAST\n"
			       "a         12345678  x\n"
			       "größer           1  -\n"
			       "bad?[2J?         0  y\n");
}

struct duration_case {
	long long sec;
	char expected[16];
};

ParameterizedTestParameters(cli, a_duration_has_the_largest_unit_of_which_there_are_two)
{
	static struct duration_case cases[] = {
		{-5, "0s"},	 {0, "0s"},	 {1, "1s"},	  {119, "119s"},
		{120, "2m"},	 {900, "15m"},	 {7199, "119m"},  {7200, "2h"},
		{172799, "47h"}, {172800, "2d"}, {864000, "10d"},
	};

	return cr_make_param_array(struct duration_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct duration_case *test, cli,
		  a_duration_has_the_largest_unit_of_which_there_are_two)
{
	char buffer[WORDS_SIZE];

	cr_assert_str_eq(words_duration(test->sec, buffer), test->expected);
}

Test(cli, an_end_reads_as_the_time_that_is_left)
{
	char buffer[WORDS_SIZE];

	cr_assert_str_eq(words_until("2023-11-14T22:28:20Z", 1700000000, buffer), "in 15m");
	cr_assert_str_eq(words_until("2023-11-14T22:13:20Z", 1700000000, buffer), "now");
	cr_assert_str_eq(words_until(NULL, 1700000000, buffer), "");
	cr_assert_str_eq(words_until("tomorrow", 1700000000, buffer), "tomorrow");
}

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *document = json_loads(text, 0, &error);

	cr_assert_not_null(document, "%s at %d", error.text, error.position);
	return document;
}

static void prints(const char *document, void (*print)(const json_t *document, FILE *out),
		   const char *expected)
{
	json_t *parsed = parse(document);
	_cleanup_(free_p) char *text = printed(parsed, print);

	cr_assert_str_eq(text, expected);
	json_decref(parsed);
}

Test(cli, pools_are_listed_address_by_address)
{
	prints("[{\"name\":\"normal\",\"state\":\"enabled\",\"when_empty\":\"hold\",\"addresses\":["
	       "{\"address\":\"192.0.2.10\",\"weight\":1,\"state\":\"active\",\"flows\":12},"
	       "{\"address\":\"2001:db8::10\",\"weight\":20,\"state\":\"draining\",\"flows\":3}]}]",
	       cli_print_pools,
	       "POOL    STATE    ADDRESS       WEIGHT  ADDRESS STATE  FLOWS  WHEN EMPTY\n"
	       "normal  enabled  192.0.2.10         1  active            12  hold\n"
	       "normal  enabled  2001:db8::10      20  draining           3  hold\n");
}

Test(cli, senders_without_a_pool_or_an_end_show_dashes)
{
	prints("[{\"name\":\"webmail\",\"selectors\":[\"uid 33\",\"mark 7\"],"
	       "\"verdict\":{\"action\":\"drop\",\"pool\":null,\"reason\":\"manual\",\"until\":"
	       "null},"
	       "\"usage\":{\"flows\":0,\"connections\":5,\"refused\":2}}]",
	       cli_print_senders,
	       "SENDER   ACTION  POOL  REASON  UNTIL  FLOWS  CONNECTIONS  REFUSED  SELECTORS\n"
	       "webmail  drop    -     manual  -          0            5        2  uid 33, mark "
	       "7\n");
}

Test(cli, one_sender_is_shown_line_by_line)
{
	prints("{\"name\":\"tenant-17\",\"selectors\":[\"source 10.1.7.0/24\"],"
	       "\"verdict\":{\"action\":\"steer\",\"pool\":\"high-risk\",\"reason\":\"manual\","
	       "\"until\":\"2001-01-01T00:00:00Z\"},"
	       "\"usage\":{\"flows\":1,\"connections\":5,\"refused\":2}}",
	       cli_print_sender,
	       "sender       tenant-17\n"
	       "selectors    source 10.1.7.0/24\n"
	       "verdict      steer to high-risk, reason manual, until 2001-01-01T00:00:00Z (now)\n"
	       "flows        1\n"
	       "connections  5\n"
	       "refused      2\n");
}

Test(cli, flows_show_both_sides_of_the_translation)
{
	prints("[{\"sender\":\"tenant-17\",\"source\":\"10.1.7.3:40000\","
	       "\"destination\":\"203.0.113.5:25\",\"pool\":\"normal\",\"address\":\"192.0.2.10:"
	       "40000\","
	       "\"state\":\"established\",\"packets\":10,\"bytes\":5000,\"age_sec\":61,"
	       "\"decider\":\"b\",\"others\":[\"a\",\"b\"]}]",
	       cli_print_flows,
	       "SENDER     ALSO            SOURCE          ADDRESS           DESTINATION     POOL  "
	       "  STATE        PACKETS  BYTES  AGE\n"
	       "tenant-17  a, b (decides)  10.1.7.3:40000  192.0.2.10:40000  203.0.113.5:25  "
	       "normal  established  "
	       "     10   5000  61s\n");
}

Test(cli, status_of_nothing_up_says_what_to_do)
{
	prints("{\"version\":\"1\",\"datapath\":{\"attached\":false},\"agent\":{\"running\":false},"
	       "\"milter\":null,\"pools\":[]}",
	       cli_print_status,
	       "postern   1\n"
	       "datapath  not up; run 'postern up'\n"
	       "agent     not running\n");
}

Test(cli, status_of_a_milter_that_is_down_says_what_to_do)
{
	prints("{\"version\":\"1\",\"datapath\":{\"attached\":false},\"agent\":{\"running\":false},"
	       "\"milter\":{\"running\":false,\"since\":null},\"pools\":[]}",
	       cli_print_status,
	       "postern   1\n"
	       "datapath  not up; run 'postern up'\n"
	       "agent     not running\n"
	       "milter    NOT running, mail is not judged; run 'systemctl start postern-milter'\n");
}

Test(cli, status_shows_the_guard_what_is_lost_and_what_was_held)
{
	prints("{\"version\":\"1\",\"datapath\":{\"attached\":true,\"interfaces\":"
	       "[{\"name\":\"eth0\",\"egress\":\"tcx\",\"ingress\":\"tcx\"}],\"flows\":0,"
	       "\"flows_max\":1024,\"counters\":{}},"
	       "\"guard\":{\"running\":true,\"since\":\"2026-11-30T22:10:00Z\"},"
	       "\"hold\":{\"host\":false,\"connections\":3,\"packets\":2,\"forwarded\":0},"
	       "\"host\":[{\"kind\":\"interface\",\"name\":\"eth0\",\"state\":\"present\","
	       "\"held\":false,\"put_back\":1,\"age_sec\":90,\"again_sec\":null,"
	       "\"cause\":\"the egress hook is gone\"},"
	       "{\"kind\":\"address\",\"name\":\"192.0.2.1\",\"state\":\"given-up\","
	       "\"held\":true,\"put_back\":10,\"age_sec\":3,\"again_sec\":597,"
	       "\"cause\":\"no interface has the address\"},"
	       "{\"kind\":\"handle\",\"name\":\"100.127.0.1\",\"state\":\"present\","
	       "\"held\":false,\"put_back\":4,\"age_sec\":3,\"again_sec\":null}],"
	       "\"agent\":{\"running\":false},\"pools\":[{\"name\":\"normal\",\"state\":"
	       "\"enabled\",\"addresses\":[{\"address\":\"192.0.2.1\",\"weight\":1,\"state\":"
	       "\"active\",\"held\":true,\"flows\":2}]}]}",
	       cli_print_status,
	       "postern   1\n"
	       "datapath  attached\n"
	       "flows     0 of 1024\n"
	       "guard     running since 2026-11-30T22:10:00Z\n"
	       "held      refused connections 3, local packets 2, forwarded SYNs 0\n"
	       "agent     not running\n"
	       "\n"
	       "INTERFACE  EGRESS  INGRESS\n"
	       "eth0       tcx     tcx\n"
	       "\n"
	       "PART       NAME       STATE     MAIL  PUT BACK  TRIED AGAIN IN  SINCE  LAST LOSS\n"
	       "interface  eth0       present   -            1               -    90s  the egress "
	       "hook is gone\n"
	       "address    192.0.2.1  given-up  held        10              9m     3s  no "
	       "interface "
	       "has the address\n"
	       "\n"
	       "POOL    STATE    ACTIVE ADDRESSES  FLOWS\n"
	       "normal  enabled            0 of 1      2\n"
	       "\n"
	       "COUNTER  VALUE  MEANING\n"
	       "-            0  nothing was counted yet\n");
}

Test(cli, status_of_a_guard_that_is_down_and_a_host_that_holds_says_what_to_do)
{
	prints("{\"version\":\"1\",\"datapath\":{\"attached\":false},"
	       "\"guard\":{\"running\":false,\"since\":null},"
	       "\"hold\":{\"host\":true,\"connections\":0,\"packets\":0,\"forwarded\":0},"
	       "\"agent\":{\"running\":false},\"milter\":null,\"pools\":[]}",
	       cli_print_status,
	       "postern   1\n"
	       "datapath  not up; run 'postern up'\n"
	       "guard     NOT running, what the host loses stays lost; run 'systemctl start "
	       "postern'\n"
	       "hold      HOLDS all mail of this host until 'postern up' succeeds\n"
	       "agent     not running\n");
}

Test(cli, status_shows_counters_that_are_not_zero_and_the_last_errors)
{
	prints("{\"version\":\"1\",\"datapath\":{\"attached\":true,\"interfaces\":"
	       "[{\"name\":\"eth0\",\"egress\":\"tcx\",\"ingress\":\"tcx\"}],\"flows\":3,"
	       "\"flows_max\":1024,\"counters\":{\"flows_opened\":12,\"passed\":0}},"
	       "\"agent\":{\"running\":true,\"pid\":7,\"user\":\"postern\",\"uptime_sec\":7300,"
	       "\"state\":\"durable\",\"errors\":[{\"what\":\"dropped_table_full\",\"text\":"
	       "\"full\","
	       "\"sender\":\"a\",\"pool\":\"\",\"source\":\"10.0.0.1:5\",\"destination\":\"10.0.0."
	       "2:25\","
	       "\"count\":4,\"age_sec\":3}]},"
	       "\"milter\":{\"running\":true,\"since\":\"2026-11-30T22:10:00Z\"},"
	       "\"pools\":[{\"name\":\"normal\",\"state\":\"enabled\",\"addresses\":["
	       "{\"address\":\"192.0.2.1\",\"weight\":1,\"state\":\"active\",\"flows\":2},"
	       "{\"address\":\"192.0.2.2\",\"weight\":1,\"state\":\"disabled\",\"flows\":1}]}]}",
	       cli_print_status,
	       "postern   1\n"
	       "datapath  attached\n"
	       "flows     3 of 1024\n"
	       "agent     running as postern, pid 7, for 2h\n"
	       "state     durable\n"
	       "milter    running since 2026-11-30T22:10:00Z\n"
	       "\n"
	       "INTERFACE  EGRESS  INGRESS\n"
	       "eth0       tcx     tcx\n"
	       "\n"
	       "POOL    STATE    ACTIVE ADDRESSES  FLOWS\n"
	       "normal  enabled            1 of 2      3\n"
	       "\n"
	       "COUNTER       VALUE  MEANING\n"
	       "flows_opened     12  flows opened\n"
	       "\n"
	       "AGE  TIMES  SENDER  POOL  SOURCE      DESTINATION  LAST ERRORS\n"
	       " 3s      4  a       -     10.0.0.1:5  10.0.0.2:25  full\n");
}

Test(cli, json_is_one_document)
{
	_cleanup_(free_p) char *text = NULL;
	size_t size;
	struct error error;
	struct cli cli = {.json = true, .out = open_memstream(&text, &size)};

	cr_assert_eq(cli_show(&cli, parse("[{\"name\":\"normal\"}]"), cli_print_pools, &error), 0);
	fclose(cli.out);
	cr_assert_str_eq(text, "[\n  {\n    \"name\": \"normal\"\n  }\n]\n");
}

Test(cli, output_that_cannot_be_written_is_an_error)
{
	struct error error;
	struct cli cli = {.json = true, .out = fopen("/dev/full", "w")};

	cr_assert_eq(cli_show(&cli, parse("[]"), NULL, &error), -EIO);
	fclose(cli.out);
}

Test(cli, names_become_segments_of_a_path)
{
	_cleanup_(free_p) char *uri = CLI_URI("senders", "handle/high-risk?", "verdict");

	cr_assert_str_eq(uri, "/v1/senders/handle%2Fhigh-risk%3F/verdict");
}
