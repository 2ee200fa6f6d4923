/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every document of postern(8) against a real agent: each command with -j and each route of the
 * API. No member is printed that the page lacks, and none stands on the page that is never
 * printed.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/routes.h"
#include "base/cleanup.h"
#include "common/documents.h"
#include "netns/http.h"
#include "netns/postern.h"
#include "policy/policy.h"
#include "wire/event.h"

TestSuite(netns_documents, .init = world_init, .fini = world_done, .timeout = 120);

static struct documents *documents;
static const struct origin tenant = {.host = TENANT};
static const struct origin other = {.host = TENANT, .bind = TENANT_OTHER};

#define ID     "<1@example.net>"
#define URI_ID "1%40example.net"

static void check(const char *type, const json_t *value, const char *what)
{
	char why[1024];
	_cleanup_(free_p) char *text = json_dumps(value, JSON_ENCODE_ANY);

	cr_assert_not_null(value, "%s: no JSON", what);
	cr_expect(documents_match(documents, type, value, why, sizeof(why)), "%s: %s in %s", what,
		  why, text);
}

/* ---- commands */

static void command(const char *head, const char *arguments)
{
	const struct document_row *row = documents_find(&documents->commands, head);
	_cleanup_result_ struct result result =
		postern_run("-j %s 2>/dev/null", *arguments ? arguments : head);
	json_t *document = json_loads(result.text, 0, NULL);

	cr_assert_not_null(row, "'%s' is not documented", head);
	/* 3: not all is well; without the agent the test asks, too. */
	cr_assert(result.status == 0 || (result.status == 3 && strcmp(head, "status") == 0),
		  "%s: exit %d: %s", head, result.status, result.text);
	check(row->type, document, head);
	json_decref(document);
}

/* "  pool drain NAME ADDRESS" -> "pool drain"; false: no command's line. */
static bool read_help_line(const char *line, char ret_command[64])
{
	size_t size = 0;

	if (strncmp(line, "  ", 2) != 0 || !islower((unsigned char)line[2]))
		return false;
	for (line += 2; islower((unsigned char)*line) || *line == ' '; line++)
		ret_command[size++] = *line;
	while (size && ret_command[size - 1] == ' ')
		size--;
	ret_command[size] = '\0';
	return size > 0;
}

static void expect_documented(const char *name)
{
	static const char *const silent[] = {"up",  "down",  "agent",  "milter",
					     "run", "guard", "reload", "help"};

	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (strcmp(name, silent[i]) == 0)
			return;
	cr_expect_not_null(documents_find(&documents->commands, name), "'%s'", name);
}

static size_t expect_all_commands_documented(void)
{
	_cleanup_(free_p) char *help = postern_must("help");
	size_t count = 0;
	char name[64];

	for (char *line = strtok(help, "\n"); line; line = strtok(NULL, "\n")) {
		if (!read_help_line(line, name))
			continue;
		expect_documented(name);
		count++;
	}
	return count;
}

/* ---- routes */

/* "GET /v1/pools/{pool}" of the page against "/v1/pools/ *" of the table. */
static bool is_route(const char *head, const struct route *route)
{
	const char *path = strchr(head, ' ') + 1;
	const char *pattern = route->path;

	if (strncmp(head, api_method_name(route->method), strcspn(head, " ")) != 0)
		return false;
	for (; *pattern && *path && *path != '?'; pattern++, path++) {
		if (*pattern == '*' && *path == '{')
			path += strcspn(path, "}");
		else if (*pattern != *path)
			return false;
	}
	return !*pattern && (!*path || *path == '?');
}

static void expect_all_routes_documented(void)
{
	for (size_t i = 0; i < n_routes; i++) {
		bool found = false;

		for (size_t j = 0; j < documents->routes.count; j++)
			found |= strchr(documents->routes.rows[j].head, ' ') &&
				 is_route(documents->routes.rows[j].head, &routes[i]);
		cr_expect(found, "%s %s", api_method_name(routes[i].method), routes[i].path);
	}
}

static int api = -1;

static void route(const char *head, const char *uri, const char *body)
{
	const struct document_row *row = documents_find(&documents->routes, head);
	_cleanup_(free_p) char *method = strndup(head, strcspn(head, " "));
	json_t *request = body ? json_loads(body, 0, NULL) : NULL;
	json_t *answer;
	int status;

	cr_assert_not_null(row, "%s", head);
	cr_assert_eq(!body, !row->body, "%s", head);
	if (body)
		check(row->body, request, head);
	answer = http_ask(api, method, uri, body, &status);
	cr_assert_eq(status, 200, "%s: %d", head, status);
	check(row->type, answer, head);
	json_decref(answer);
	json_decref(request);
}

/* The error that an unknown member gets names all that there are. */
static void expect_all_facts_documented(void)
{
	const struct document_row *facts = documents_find(&documents->routes, "facts");
	json_t *answer;
	int status;
	char *error;
	size_t count = 0;

	answer = http_ask(api, "POST", "/v1/messages", "{\"nonsense\": 1}", &status);
	cr_assert_eq(status, 400);
	error = strdup(json_string_value(json_object_get(answer, "error")));
	for (char *name = strtok(strstr(error, "one of"), "'"); (name = strtok(NULL, "'"));) {
		char member[64];

		if (*name == ',')
			continue;
		snprintf(member, sizeof(member), "\"%s\"?:", name);
		cr_expect(memmem(facts->type, (size_t)(strstr(facts->type, "}") - facts->type),
				 member, strlen(member)),
			  "%s is not documented", member);
		count++;
	}
	cr_assert_gt(count, 15);
	free(error);
	json_decref(answer);
}

/* ---- a host where everything has happened */

static const char policies[] =
	"policy \"few\" { senders = { \"tenant-7\" } recipients_external_per_hour = 10 }\n"
	"policy \"harsh\" { senders = { \"*@harsh.example\" } recipients_per_day = 5\n"
	"  on_limit = \"restrict-today\" }\n"
	"policy \"spam\" { senders = { \"*@spam.example\" } reports_per_day = 2 }\n"
	"tenant \"shop\" { domains = { \"shop.example\" } recipients_per_day = 1000 }\n"
	"milter = \"unix:%s/run/milter.sock\"\n"
	"senders_tracked_max = 1024\n";

static const char facts[] =
	"{\"message_id\": \"" ID "\", \"user\": \"a@shop.example\", \"envelope_from\": "
	"\"a@shop.example\", \"header_from\": \"a@shop.example\", \"client\": \"10.1.7.2\", "
	"\"sender\": \"tenant-7\", \"tenant\": \"shop\", \"recipients_external\": 1, "
	"\"recipients_internal\": 1, \"unanswered\": 1, \"bounce\": false, \"automatic\": false, "
	"\"spam\": false, \"mail_dns\": \"present\", \"spf\": \"pass\", \"dkim\": \"none\", "
	"\"bounce_to\": \"a@shop.example\", \"unknown_recipient\": \"x@example.org\", "
	"\"original_id\": \"<0@example.net>\", \"sent_here\": true}";

static void post(const char *body)
{
	route("POST /v1/messages", "/v1/messages", body);
}

static void send_all_kinds_of_mail(void)
{
	post(facts);
	post("{\"sender\": \"tenant-7\", \"recipients\": [\"a@example.org\"]}");
	/* A warning, then over the limit; a rejection with a status and an end. */
	post("{\"sender\": \"tenant-7\", \"recipients_external\": 8}");
	post("{\"sender\": \"tenant-7\", \"recipients_external\": 2}");
	post("{\"user\": \"a@harsh.example\", \"recipients_external\": 6}");
	post("{\"user\": \"a@spam.example\", \"recipients_external\": 1}");
	for (int i = 0; i < 25; i++)
		http_message(api,
			     "{\"envelope_from\": \"\", \"bounce_to\": \"a@shop.example\", "
			     "\"unknown_recipient\": \"x%d@example.org\"}",
			     i);
}

/* Name servers that do not answer. */
static void send_mail_of_unknown_domains(void)
{
	for (int i = 0; i < 8; i++)
		json_decref(http_message(
			api, "{\"envelope_from\": \"a@%d.example\", \"mail_dns\": \"unknown\"}",
			i));
}

static void start_milter(void)
{
	_cleanup_(free_p) char *configuration = NULL;
	const char *argv[] = {getenv("POSTERN"), "-c", NULL, "milter", NULL};

	cr_assert_gt(asprintf(&configuration, "%s/postern.conf", world.directory), 0);
	argv[2] = configuration;
	host_start(MAIL, "milter", argv);
	cr_assert(
		wait_for(host_succeeds(MAIL, "test -S %s/run/milter.sock", world.directory), 5000));
}

/* Somebody removes a handle until the guard gives it up. */
static void lose_handle(void)
{
	free(host_must(MAIL, "for i in $(seq 11); do until ip address del " HANDLE_RELAY6
			     "/128 dev lo 2>/dev/null; do sleep 0.01; done; done"));
	cr_assert(wait_for(postern_host_has(HANDLE_RELAY6, "GIVEN_UP", 10), 5000));
}

static void show_all(void)
{
	char arguments[128];

	command("check", "");
	command("status", "");
	command("pool list", "");
	command("sender list", "");
	command("sender show", "sender show tenant-7");
	command("sender show", "sender show a@harsh.example");
	command("explain", "explain '" ID "'");
	command("explain --sender", "explain --sender tenant-7");
	command("top", "");
	command("flow list", "");
	command("mta postfix", "");
	free(host_must(MAIL, "cd %s && touch main.cf master.cf", world.directory));
	snprintf(arguments, sizeof(arguments), "mta postfix install %s", world.directory);
	command("mta postfix install", arguments);
	snprintf(arguments, sizeof(arguments), "mta postfix remove %s", world.directory);
	command("mta postfix remove", arguments);
	command("mta exim", "");
	route("GET /v1/alive", "/v1/alive", NULL);
	route("GET /v1/status", "/v1/status", NULL);
	route("GET /v1/pools", "/v1/pools", NULL);
	route("GET /v1/senders?limit=N", "/v1/senders?limit=5", NULL);
	route("GET /v1/senders/{name}", "/v1/senders/a%40harsh.example", NULL);
	route("GET /v1/flows?sender=NAME&limit=N", "/v1/flows", NULL);
	route("GET /v1/decisions/{id}", "/v1/decisions/" URI_ID, NULL);
	route("GET /v1/decisions?sender=NAME", "/v1/decisions?sender=a%40shop.example", NULL);
}

static void change_by_commands(void)
{
	command("pool disable", "pool disable relay");
	command("pool enable", "pool enable relay");
	free(postern_must("pool disable normal"));
	command("explain", "explain '" ID "'");
	free(postern_must("pool enable normal"));
	command("pool drain", "pool drain relay 192.0.2.30");
	command("pool activate", "pool activate relay 192.0.2.30");
	command("sender set", "sender set tenant-8 relay --for 1h");
	command("sender block", "sender block tenant-8 --cut");
	command("sender clear", "sender clear tenant-8");
	command("sender release", "sender release a@harsh.example");
	command("flow cut", "flow cut tenant-8");
}

static void change_by_routes(void)
{
	const char *verdict = "PUT /v1/senders/{name}/verdict";

	route("PATCH /v1/pools/{pool}", "/v1/pools/relay", "{\"state\": \"enabled\"}");
	route("PATCH /v1/pools/{pool}/addresses/{address}", "/v1/pools/relay/addresses/192.0.2.30",
	      "{\"state\": \"active\"}");
	route(verdict, "/v1/senders/tenant-8/verdict",
	      "{\"action\": \"steer\", \"pool\": \"relay\", \"for_sec\": 600, \"cut\": true}");
	route("DELETE /v1/senders/{name}/verdict", "/v1/senders/tenant-8/verdict", NULL);
	route("DELETE /v1/senders/{name}/flows", "/v1/senders/tenant-8/flows", NULL);
	route("POST /v1/reload", "/v1/reload", NULL);
	for (int i = 0; i < 2; i++)
		route("POST /v1/reports", "/v1/reports", "{\"sender\": \"a@spam.example\"}");
	route("POST /v1/reports", "/v1/reports", "{\"message_id\": \"" ID "\"}");
	route("POST /v1/senders/{name}/release", "/v1/senders/a%40spam.example/release", NULL);
}

/* Drops of connections become errors, one of them with the pool that has nothing to offer. */
static void have_errors(void)
{
	free(postern_must("sender block tenant-8"));
	expect_refused(receiver_open(2525), &other, RECEIVER_IPV4);
	free(postern_must("sender set tenant-8 relay"));
	free(postern_must("pool disable relay"));
	expect_refused(receiver_open(2526), &other, RECEIVER_IPV4);
	cr_assert(wait_for(postern_printed("error", "\"pool\":\"relay\""), 5000));
	free(postern_must("sender clear tenant-8"));
}

/* ---- events */

static json_t *unlikely_event(const struct wire_event *event)
{
	json_t *document = event_json(event);

	check(documents_find(&documents->definitions, "event")->type, document, "event");
	return document;
}

/* A disk that fills up, more senders than there is space for, a clock that leaps. */
static void print_unlikely_events(void)
{
	const struct policy_event full = {
		.kind = POLICY_STANDINGS_FULL, .sender = "a@b", .limit = CONFIG_LIMITS};
	const struct policy_event limit = {.kind = POLICY_WARNING, .tenant = "shop"};

	json_decref(unlikely_event(
		&(struct wire_event){.kind = WIRE_EVENT_POLICY, .now_sec = 1, .policy = &full}));
	json_decref(unlikely_event(
		&(struct wire_event){.kind = WIRE_EVENT_POLICY, .now_sec = 1, .policy = &limit}));
	json_decref(unlikely_event(&(struct wire_event){
		.kind = WIRE_EVENT_STATE, .now_sec = 1, .trouble = "no space"}));
	json_decref(unlikely_event(&(struct wire_event){
		.kind = WIRE_EVENT_CLOCK, .now_sec = 1, .clock = {7200, "leapt"}}));
}

/* A pool address that somebody has removed. */
static void print_host_event(void)
{
	json_decref(unlikely_event(&(struct wire_event){.kind = WIRE_EVENT_HOST,
							.now_sec = 1,
							.host = {.part = "address",
								 .name = "192.0.2.10",
								 .pool = "normal",
								 .state = "put-back",
								 .put_back = 1,
								 .cause = "gone"}}));
}

static size_t check_events(void)
{
	const struct document_row *row = documents_find(&documents->commands, "events");
	_cleanup_(free_p) char *log = host_must(MAIL, "cat %s/events.log", world.directory);
	size_t count = 0;

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *event = json_loads(line, 0, NULL);

		check(row->type, event, line);
		json_decref(event);
		count++;
	}
	return count;
}

Test(netns_documents, every_printed_member_is_documented_and_every_documented_one_printed)
{
	int receiver = receiver_open(25);
	struct setup everything = {.more = NULL};
	_cleanup_(free_p) char *more = NULL;
	char names[4096];

	cr_assert_gt(asprintf(&more, policies, world.directory), 0);
	everything.more = more;
	documents = documents_read();
	postern_configure(&everything);
	command("status", "");
	postern_guard();
	postern_agent();
	start_milter();
	api = http_connect();
	postern_follow();
	{
		_cleanup_talk_ struct talk talk = talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

		send_all_kinds_of_mail();
		send_mail_of_unknown_domains();
		have_errors();
		lose_handle();
		show_all();
		change_by_routes();
		change_by_commands();
		cr_assert(talk_lives(&talk));
	}
	cr_assert(wait_for(postern_printed("restriction-ended", "harsh"), 5000));
	cr_assert_gt(check_events(), 8);
	print_unlikely_events();
	print_host_event();
	cr_expect_gt(expect_all_commands_documented(), 15);
	expect_all_routes_documented();
	expect_all_facts_documented();
	cr_expect_eq(documents_unseen(documents, names, sizeof(names)), 0, "never printed:%s",
		     names);
}
