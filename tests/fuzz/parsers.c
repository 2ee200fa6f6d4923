/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds any bytes to our parsers, and looks at what they make of them; see parsers.h. */
#include "fuzz/parsers.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "config/config.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "host/journal.h"
#include "mta/lookup.h"
#include "mta/netstring.h"
#include "state/state.h"
#include "unit/fake_datapath.h"
#include "unit/state_null.h"
#include "wire/decision.h"

#define FAIL(error, ...) error_set(error, -EBADMSG, __VA_ARGS__)

#define NOW_NS	(1000 * NS_PER_SEC)
#define NOW_SEC 1700000000

#define WORD_BYTES_MAX (16 << 10) /* of a request line: the transport takes no more (server.h) */

/* In memory: the journal syncs what it writes. */
static char directory[] = "/dev/shm/postern-fuzz-XXXXXX";
static char file[64];

static void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "parsers: cannot %s: %s\n", what, strerror(errno));
	abort();
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	_cleanup_(fclose_p) FILE *out = NULL;

	snprintf(file, sizeof(file), "%s/%s", directory, name);
	out = fopen(file, "we");
	must(out && fwrite(bytes, 1, size, out) == size && !fflush(out), "write a file");
}

void parsers_open(void)
{
	must(mkdtemp(directory), "make a directory");
}

static void stop(void);

void parsers_close(void)
{
	stop();
	unlink(file);
	rmdir(directory);
}

/* ---- configuration */

/* Of the form FILE:LINE: found …, expected …, in one printable line. */
static bool is_well_formed(const char *text)
{
	const char *rest = text + strlen(file);
	char *end;

	if (strncmp(text, file, strlen(file)) != 0 || *rest != ':')
		return false;
	for (const char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c) && *c != '\t')
			return false;
	return strtol(rest + 1, &end, 10) >= 1 && strncmp(end, ": found ", 8) == 0 &&
	       strstr(end, ", expected ");
}

int parsers_config(const uint8_t *data, size_t size, struct error *error)
{
	struct error refusal = {.text = ""};
	struct config *config = NULL;
	int r;

	write_file("postern.conf", data, size);
	r = config_load(file, &config, &refusal);
	config_free(config);
	if (r && r != -EINVAL)
		return FAIL(error, "refused with %s: %s", strerror(-r), refusal.text);
	if (r && !is_well_formed(refusal.text))
		return FAIL(error, "refused with '%s'", refusal.text);
	return 0;
}

/* ---- API */

static const char configuration[] = "pool \"normal\" {\n"
				    "  addresses = { \"192.0.2.10\", \"2001:db8::10\" }\n"
				    "  handles = { \"100.127.0.1\" }\n"
				    "}\n"
				    "pool \"high-risk\" { addresses = { \"192.0.2.20\" } }\n"
				    "sender \"tenant-17\" { source = { \"10.1.7.0/24\" } }\n";

static json_t *describe_agent(void *data)
{
	(void)data;
	return json_object();
}

/* One for all requests, as an agent is: to start it takes a hundred times as long as to answer. */
static struct {
	struct fake_datapath *fake;
	struct config *config;
	struct state *state;
	struct api api;
} service;

static void start(void)
{
	const struct now now = {.ns = NOW_NS, .sec = NOW_SEC};
	const struct judge_hooks hooks = {.data = NULL};
	struct error error;

	write_file("postern.conf", configuration, strlen(configuration));
	must(!config_load(file, &service.config, &error), "load the configuration");
	service.fake = fake_datapath_new();
	must(!state_null_open(&service.state), "make a state");
	must(!steering_new(service.config, &service.fake->datapath, service.state,
			   &service.api.steering, &error),
	     "make a steering");
	must(!judge_open(service.config, service.api.steering, service.state, &hooks, &now,
			 &service.api.judge, &error),
	     "open the judge");
	must(!steering_sync(service.api.steering, &now, &error), "write the maps");
	service.api.agent = describe_agent;
}

static int judge_response(const struct api_response *response, struct error *error)
{
	const char *reason = json_string_value(json_object_get(response->body, "error"));
	_cleanup_(free_p) char *text = NULL;

	if (response->text || response->follows)
		return response->status == 200 && !response->body
			       ? 0
			       : FAIL(error, "status %d with two answers", response->status);
	if (!response->body)
		return FAIL(error, "status %d without a document", response->status);
	text = json_dumps(response->body, JSON_ENCODE_ANY);
	if (!text)
		return FAIL(error, "status %d with a document that is no JSON", response->status);
	if ((response->status == 405) != (response->allow[0] != '\0'))
		return FAIL(error, "status %d with Allow '%s'", response->status, response->allow);
	switch (response->status) {
	case 200:
		return 0;
	case 400:
	case 404:
	case 405:
	case 413:
		return reason && *reason ? 0
					 : FAIL(error, "status %d, no reason", response->status);
	default:
		return FAIL(error, "status %d: %s", response->status, reason ? reason : "");
	}
}

static enum api_method method_of(const char *word)
{
	enum api_method method = API_GET;

	while (method < API_OTHER && strcmp(word, api_method_name(method)) != 0)
		method++;
	return method;
}

/* The first line taken apart in a copy of its own, so that reading past it is seen. */
static int request(const uint8_t *data, size_t size, struct error *error)
{
	const uint8_t *newline = memchr(data, '\n', size);
	size_t line_size = newline ? (size_t)(newline - data) : size;
	_cleanup_(free_p) char *line = strndup((const char *)data, line_size);
	_cleanup_(free_p) char *body = NULL;
	struct api_response response = {0};
	struct api_request asked = {.now = {.ns = NOW_NS, .sec = NOW_SEC}};
	char *blank;
	int r;

	must(line, "copy a line");
	blank = strchr(line, ' ');
	if (!blank || line_size > WORD_BYTES_MAX)
		return 0;
	*blank = '\0';
	asked.method = method_of(line);
	asked.uri = blank + 1;
	if (newline) {
		asked.body_size = size - line_size - 1;
		body = malloc(asked.body_size);
		must(body || !asked.body_size, "copy a body");
		if (body)
			memcpy(body, newline + 1, asked.body_size);
		asked.body = body;
	}
	api_handle(&service.api, &asked, &response);
	r = judge_response(&response, error);
	json_decref(response.body);
	free(response.text);
	return r;
}

static void stop(void)
{
	if (!service.fake)
		return;
	judge_close(service.api.judge);
	steering_free(service.api.steering);
	state_free(service.state);
	datapath_free(&service.fake->datapath);
	config_free(service.config);
}

int parsers_api(const uint8_t *data, size_t size, struct error *error)
{
	if (!service.fake)
		start();
	return request(data, size, error);
}

/* ---- socketmap */

static bool is_reply(const char *reply, size_t size)
{
	static const char *const begins[] = {"OK ", "NOTFOUND ", "PERM "};

	for (size_t i = 0; i < size; i++)
		if (!isprint((unsigned char)reply[i]))
			return false;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(reply, begins[i], strlen(begins[i])) == 0)
			return size == strlen(reply) && size < LOOKUP_REPLY_MAX;
	return false;
}

/* Written again it is what was read; cut short it asks for more. */
static int check_netstring(const char *text, size_t taken, const struct netstring *string,
			   struct error *error)
{
	struct netstring cut;
	char head[32];
	int size = snprintf(head, sizeof(head), "%zu:", string->size);

	if (taken != (size_t)size + string->size + 1 || memcmp(text, head, (size_t)size) != 0 ||
	    string->bytes != text + size || text[taken - 1] != ',')
		return FAIL(error, "%zu bytes were read as %zu", taken, string->size);
	for (size_t i = 0; i < taken; i++)
		if (netstring_read(text, i, LOOKUP_REQUEST_MAX, &cut) != 0)
			return FAIL(error, "%zu of %zu bytes were enough", i, taken);
	return 0;
}

static int ask(const struct netstring *request, struct error *error)
{
	const struct now now = {.ns = NOW_NS, .sec = NOW_SEC};
	struct policy_stats before, after;
	char reply[LOOKUP_REPLY_MAX];
	size_t size;

	policy_stats(judge_policy(service.api.judge), &before);
	size = lookup_reply(service.api.judge, request->bytes, request->size, &now, reply);
	policy_stats(judge_policy(service.api.judge), &after);
	if (!is_reply(reply, size))
		return FAIL(error, "answered '%s'", reply);
	return memcmp(&before, &after, sizeof(before)) ? FAIL(error, "asking counted") : 0;
}

/*
 * As a connection is read, in a copy of its own for each request, so that reading past it is
 * seen.
 */
int parsers_socketmap(const uint8_t *data, size_t size, struct error *error)
{
	long taken = 1;
	int r = 0;

	if (!service.fake)
		start();
	while (r == 0 && taken > 0) {
		_cleanup_(free_p) char *text = malloc(size + !size);
		struct netstring request;

		must(text, "copy what comes in");
		memcpy(text, data, size);
		taken = netstring_read(text, size, LOOKUP_REQUEST_MAX, &request);
		if (taken > (long)size || (taken < 0 && taken != -EPROTO && taken != -EMSGSIZE))
			return FAIL(error, "%ld of %zu bytes were taken", taken, size);
		if (taken <= 0)
			break;
		r = check_netstring(text, (size_t)taken, &request, error);
		if (r == 0)
			r = ask(&request, error);
		data += taken;
		size -= (size_t)taken;
	}
	if (r == 0 && taken == 0 && size >= NETSTRING_SPACE(LOOKUP_REQUEST_MAX))
		return FAIL(error, "%zu bytes are not enough", size);
	return r;
}

/* ---- journal */

static struct journal *read_journal(void)
{
	struct journal *journal = NULL;
	struct error error;

	must(!journal_open(directory, &journal, &error), "read the journal");
	return journal;
}

static bool is_same(const struct journal_entry *a, const struct journal_entry *b)
{
	return a->kind == b->kind && !strcmp(a->what, b->what) && !a->detail == !b->detail &&
	       (!a->detail || !strcmp(a->detail, b->detail));
}

/* Both without the first entry of the one before. */
static int compare(const struct journal *before, const struct journal *after, struct error *error)
{
	if (journal_count(after) + 1 != journal_count(before))
		return FAIL(error, "%zu entries became %zu", journal_count(before),
			    journal_count(after));
	for (size_t i = 0; i < journal_count(after); i++)
		if (!is_same(journal_get(before, i + 1), journal_get(after, i)))
			return FAIL(error, "entry %zu has become another one", i + 1);
	return 0;
}

int parsers_journal(const uint8_t *data, size_t size, struct error *error)
{
	struct journal *before, *changed, *after;
	int r = 0;

	write_file("journal", data, size);
	before = read_journal();
	if (journal_count(before)) {
		changed = read_journal();
		r = journal_remove(changed, 0, error);
		after = read_journal();
		r = r ? r : compare(before, after, error);
		journal_free(changed);
		journal_free(after);
	}
	journal_free(before);
	return r;
}

/* ---- documents */

static const struct {
	const char *name;
	void (*print)(const json_t *document, FILE *out);
} printers[] = {
	{"status", cli_print_status},
	{"pools", cli_print_pools},
	{"senders", cli_print_senders},
	{"sender", cli_print_sender},
	{"flows", cli_print_flows},
	{"decision", cli_print_decision},
	{"explained sender", cli_print_explained_sender},
	{"event", cli_print_event},
	{"top", cli_print_top},
};

/* U+0080 to U+009F (C1) are control characters, too. */
static bool is_harmless(const char *text)
{
	for (; *text; text++) {
		const unsigned char *byte = (const unsigned char *)text;

		if ((byte[0] < ' ' && byte[0] != '\n') || byte[0] == 0x7f)
			return false;
		if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0)
			return false;
	}
	return true;
}

static int check_printer(size_t i, const json_t *document, struct error *error)
{
	_cleanup_(free_p) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must(out, "open a stream");
	printers[i].print(document, out);
	fclose(out);
	return is_harmless(text) ? 0 : FAIL(error, "%s: printed '%s'", printers[i].name, text);
}

static bool is_header_word(const char *text)
{
	for (; *text; text++)
		if (!isgraph((unsigned char)*text))
			return false;
	return true;
}

static int check_decision(const json_t *document, struct error *error)
{
	struct received_decision decision;
	struct error ignored;

	if (decision_read(document, &decision, &ignored) < 0)
		return 0;
	if (!is_header_word(decision.pool) || !is_header_word(decision.lane) ||
	    !is_header_word(decision.status) || !is_header_word(decision.until))
		return FAIL(error, "a decision with more than words");
	if (decision.action == DECISION_STEER)
		return decision.lane[0] && !decision.pool[0] ? FAIL(error, "a lane without a pool")
							     : 0;
	return decision.status[0] == (decision.action == DECISION_DEFER ? '4' : '5')
		       ? 0
		       : FAIL(error, "status '%s'", decision.status);
}

int parsers_document(const uint8_t *data, size_t size, struct error *error)
{
	json_t *document = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
	int r = document ? check_decision(document, error) : 0;

	if (document)
		words_disarm(document);
	for (size_t i = 0; r == 0 && document && i < sizeof(printers) / sizeof(printers[0]); i++)
		r = check_printer(i, document, error);
	json_decref(document);
	return r;
}
