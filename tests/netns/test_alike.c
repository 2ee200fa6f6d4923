/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One set of messages through Postfix with the milter, Exim and Haraka, beside one agent: the same
 * reason, pool and counts, but for the differences that postern(8) lists.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/alike.h"
#include "netns/exim.h"
#include "netns/haraka.h"
#include "netns/http.h"
#include "netns/mailhost.h"
#include "netns/nameserver.h"

#define OUTCOME_SIZE 128

TestSuite(netns_alike, .init = world_init, .fini = mailhost_done, .timeout = 180);

static const struct {
	const char *name;
	char letter;
	unsigned port;
} mtas[ALIKE_MTAS] = {
	[ALIKE_POSTFIX] = {"Postfix", 'p', SUBMISSION_PORT},
	[ALIKE_EXIM] = {"Exim", 'e', SUBMISSION_PORT + 1},
	[ALIKE_HARAKA] = {"Haraka", 'h', SUBMISSION_PORT + 2},
};

static int api = -1;
static int sessions[ALIKE_MTAS]; /* of clients that do not log in */

static const char conf[] =
	"authserv_ids = { \"mx.example.net\" }\n"
	"spam_marks = { \"rspamd\", \"spamassassin\", \"X-Own: bad\" }\n"
	"mail_dns_aaaa = true\n"
	"dns_timeout_ms = 1000\n"
	"mail_dns_null_mx = true\n"
	"policy \"few\" { senders = \"few*\" recipients_external_per_hour = 2 }\n"
	"policy \"harsh\" { senders = \"harsh*\" recipients_external_per_hour = 1"
	" on_limit = \"restrict\" }\n"
	"policy \"later\" { senders = \"later*\" recipients_external_per_hour = 2"
	" on_limit = \"defer\" }\n"
	"policy \"marked\" { senders = \"marked*\" spam_of_last = \"2 of 5\" }\n"
	"policy \"automatic\" { senders = \"automatic*\" automatic_per_day = 1 }\n"
	"policy \"all\" { senders = \"ann*\" messages_per_minute = 1000 }\n";

static void begin(void)
{
	haraka_need();
	mailhost_begin(&(struct mailhost_setup){.conf = conf, .no_scanner = true});
	exim_start(&(struct exim_setup){.port = mtas[ALIKE_EXIM].port});
	haraka_start(mtas[ALIKE_HARAKA].port);
	api = http_connect();
	for (enum alike_mta mta = 0; mta < ALIKE_MTAS; mta++)
		sessions[mta] = smtp_open_port(mtas[mta].port);
}

/* ---- what is sent */

/* With the letter of the MTA for each '~'; the caller's. */
static char *of_mta(const char *text, enum alike_mta mta)
{
	char *copy = text ? strdup(text) : NULL;

	for (char *c = copy; c && (c = strchr(c, '~'));)
		*c = mtas[mta].letter;
	return copy;
}

/* Returns the reply, the caller's. */
static char *send_by(enum alike_mta mta, struct mail mail, const char *id)
{
	_cleanup_(free_p) char *from = of_mta(mail.from, mta);
	_cleanup_(free_p) char *user = of_mta(mail.user, mta);
	_cleanup_(close_fd_p) int own = user ? smtp_open_port(mtas[mta].port) : -1;

	mail.id = id;
	mail.from = from;
	mail.user = mta == ALIKE_POSTFIX ? NULL : user;
	mail.login = mta == ALIKE_POSTFIX ? user : NULL;
	return smtp_give(own >= 0 ? own : sessions[mta], &mail);
}

/* ---- what became of it */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

static long long count_of(const json_t *sender, const char *limit)
{
	const json_t *window = json_object_get(json_object_get(sender, "windows"), limit);

	return json_integer_value(json_object_get(window, "count"));
}

/* Escapes every byte of the name. */
static json_t *ask_about(const char *what, const char *name, int *ret_status)
{
	char uri[1024];
	int at = snprintf(uri, sizeof(uri), "/v1/%s/", what);

	for (; *name; name++)
		at += snprintf(uri + at, sizeof(uri) - (size_t)at, "%%%02x", (unsigned char)*name);
	return http_ask(api, "GET", uri, NULL, ret_status);
}

static json_t *explain(const char *id)
{
	int status;
	json_t *decision = ask_about("decisions", id, &status);

	cr_assert_eq(status, 200, "nothing is known of <%s>", id);
	return decision;
}

static void tell_counts(const char *sender, char *ret_text, size_t size)
{
	int status;
	json_t *found = ask_about("senders", sender, &status);

	if (status == 200)
		snprintf(ret_text, size, "%lld %lld %lld %lld",
			 count_of(found, "recipients_external_per_hour"),
			 count_of(found, "recipients_internal_per_hour"),
			 count_of(found, "recipients_per_day"),
			 count_of(found, "messages_per_minute"));
	else
		snprintf(ret_text, size, "-");
	json_decref(found);
}

static void tell_outcome(const char *id, char ret_outcome[OUTCOME_SIZE])
{
	json_t *decision = explain(id);
	char counts[64];

	tell_counts(text_of(decision, "sender"), counts, sizeof(counts));
	snprintf(ret_outcome, OUTCOME_SIZE, "%s %s %s", text_of(decision, "pool"),
		 text_of(decision, "reason"), counts);
	json_decref(decision);
}

/* ---- the table */

static void name_letter(const struct alike_case *one, enum alike_mta mta, char ret_id[64])
{
	snprintf(ret_id, 64, "%s@%s", one->name, mtas[mta].name);
}

static const char *expected_of(const struct alike_case *one, enum alike_mta mta)
{
	const char *others[ALIKE_MTAS] = {NULL, one->exim, one->haraka};

	return others[mta] ? others[mta] : one->postfix;
}

static void expect_judged(const struct alike_case *one, enum alike_mta mta)
{
	const char *expected = expected_of(one, mta);
	char id[64], outcome[OUTCOME_SIZE];
	_cleanup_(free_p) char *reply = NULL;

	name_letter(one, mta, id);
	reply = send_by(mta, one->mail, id);
	if (*reply == '2')
		tell_outcome(id, outcome);
	else
		snprintf(outcome, sizeof(outcome), "%c%.6s", *reply, reply + strcspn(reply, " "));
	/* A deferral says when to try again. */
	if (*reply == '4')
		cr_expect(strstr(reply, " after 20"), "%s: %s", mtas[mta].name, reply);
	cr_expect_str_eq(outcome, expected, "%s, %s: '%s', not '%s'; %s", mtas[mta].name, one->name,
			 outcome, expected, reply);
	if (one->alone && *reply == '2') {
		_cleanup_letter_ struct letter letter = inbox_await(id);

		(void)letter;
	}
}

static void expect_left(const struct alike_case *one, enum alike_mta mta)
{
	const char *expected = expected_of(one, mta);
	_cleanup_letter_ struct letter letter = {0};
	char id[64], pool[16];

	if (one->stays || *expected == '5' || *expected == '4')
		return;
	name_letter(one, mta, id);
	letter = inbox_await(id);
	if (one->leaves[mta])
		expected = one->leaves[mta];
	snprintf(pool, sizeof(pool), "%.*s", (int)strcspn(expected, " "), expected);
	cr_expect_str_eq(pool_of(letter.client), pool, "%s, %s: left from %s", mtas[mta].name,
			 one->name, letter.client);
}

static void expect_the_same_reason_pool_and_counts(void)
{
	for (const struct alike_case *one = alike_cases; one->name; one++)
		for (enum alike_mta mta = 0; mta < ALIKE_MTAS; mta++)
			expect_judged(one, mta);
	for (const struct alike_case *one = alike_cases; one->name; one++)
		for (enum alike_mta mta = 0; mta < ALIKE_MTAS; mta++)
			expect_left(one, mta);
}

/* ---- real messages */

/* "bounce automatic spam" */
static void tell_kind(const char *id, char ret_kind[OUTCOME_SIZE])
{
	json_t *decision = explain(id);
	const json_t *facts = json_object_get(decision, "facts");

	snprintf(ret_kind, OUTCOME_SIZE, "%s%s%s",
		 json_is_true(json_object_get(facts, "bounce")) ? "bounce " : "",
		 json_is_true(json_object_get(facts, "automatic")) ? "automatic " : "",
		 json_is_true(json_object_get(facts, "spam")) ? "spam " : "");
	json_decref(decision);
}

static void expect_one_kind(const char *file)
{
	_cleanup_(free_p) char *text = read_text(file);
	const char *name = strrchr(file, '/') + 1;
	char kinds[ALIKE_MTAS][OUTCOME_SIZE], id[96];

	for (enum alike_mta mta = 0; mta < ALIKE_MTAS; mta++) {
		_cleanup_(free_p) char *reply = NULL;

		snprintf(id, sizeof(id), "%s@%s", name, mtas[mta].name);
		reply = send_by(mta, (struct mail){.from = "<ann~@example.net>", .whole = text},
				id);
		cr_assert_eq(*reply, '2', "%s, %s: %s", mtas[mta].name, name, reply);
		tell_kind(id, kinds[mta]);
		cr_expect_str_eq(kinds[mta], kinds[ALIKE_POSTFIX], "%s: '%s', '%s' by %s", name,
				 kinds[ALIKE_POSTFIX], kinds[mta], mtas[mta].name);
	}
}

static void expect_the_same_kinds_of_real_messages(void)
{
	glob_t files;

	cr_assert_eq(glob("tests/corpus/*.eml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		expect_one_kind(files.gl_pathv[i]);
	globfree(&files);
}

/* ---- differences */

/* Failures of one domain's recipients: in one of two intervals there are enough for a surge. */
static void send_surge(enum alike_mta mta)
{
	char to[64], id[64], surge[24];

	snprintf(surge, sizeof(surge), "s%c.many.example", mtas[mta].letter);
	for (unsigned n = 0; n < (mta == ALIKE_POSTFIX ? 40 : 20); n++) {
		_cleanup_(free_p) char *reply = NULL;

		snprintf(to, sizeof(to), "<ann-%u@%s>", n, surge);
		snprintf(id, sizeof(id), "%u@%s", n, surge);
		reply = send_by(mta,
				(struct mail){.from = "<>",
					      .author = "x@example.net",
					      .to = to,
					      .headers = REPORT_HEADERS,
					      .body = REPORT_BODY},
				id);
		cr_assert_eq(*reply, '2', "%s", reply);
	}
}

static void expect_only_the_milter_to_count_bounces_for_surges(void)
{
	postern_follow();
	for (enum alike_mta mta = ALIKE_MTAS; mta-- > 0;)
		send_surge(mta);
	cr_assert(wait_for(postern_printed("bounce-surge", "sp.many.example"), 5000));
	cr_expect_not(postern_printed("bounce-surge", "se.many.example"));
	cr_expect_not(postern_printed("bounce-surge", "sh.many.example"));
}

static bool has_case(const char *row)
{
	for (const struct alike_case *one = alike_cases; one->name; one++)
		if (one->row && strcmp(one->row, row) == 0)
			return true;
	return strcmp(row, ALIKE_SURGES) == 0;
}

static void expect_postern_8_to_list_each_difference(void)
{
	_cleanup_(free_p) char *text = read_text("tools/man/postern.8");
	const char *at = strstr(text, ".It Sy difference Ta Sy milter Ta Sy Exim Ta Sy Haraka\n");

	cr_assert_not_null(at);
	for (const char *const *row = alike_rows; *row; row++) {
		char begins[64];

		at = strchr(at, '\n') + 1;
		snprintf(begins, sizeof(begins), ".It %s Ta ", *row);
		cr_expect(strncmp(at, begins, strlen(begins)) == 0, "%s: %.60s", begins, at);
		cr_expect(has_case(*row), "no case shows: %s", *row);
	}
	cr_expect(strncmp(strchr(at, '\n') + 1, ".El\n", 4) == 0, "the table has more rows");
	for (const struct alike_case *one = alike_cases; one->name; one++)
		cr_expect_eq(one->row != NULL,
			     one->exim || one->haraka || one->leaves[ALIKE_POSTFIX], "%s",
			     one->name);
}

/* ---- hosts that take no mail */

static unsigned bounces_to(const char *recipient)
{
	_cleanup_inbox_ struct inbox inbox = inbox_read();
	unsigned count = 0;

	for (size_t i = 0; i < inbox.count; i++)
		count += strstr(inbox.letters[i].envelope, recipient) != NULL &&
			 strstr(inbox.letters[i].text, "5.1.10") != NULL;
	return count;
}

/* RFC 7505: "." is no host. Haraka would connect to this host. */
static void expect_haraka_to_return_mail_to_a_null_mx(void)
{
	static const char *const to[] = {"<b@null-mx.example>", "<b@null-mx-10.example>",
					 "<b@null-mx-two.example>"};

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++)
		free(send_by(ALIKE_HARAKA, (struct mail){.from = "<null@example.net>", .to = to[i]},
			     to[i] + 1));
	cr_assert(wait_for(bounces_to("<null@example.net>") == 3, 5000), "%u bounces",
		  bounces_to("<null@example.net>"));
}

/* ---- a block of what waits; netns_mail_wait and netns_exim_lanes have Postfix and Exim */

static bool haraka_says(const char *text)
{
	return host_succeeds(MAIL, "grep -q '%s' %s/haraka.log", text, world.directory);
}

/* Haraka tries again after five seconds. */
static void queue_mail_of_an_account_that_is_blocked(void)
{
	const struct mail mail = {.from = "<alias@example.net>", .user = "thief@example.net"};

	free(postern_must("pool disable normal"));
	free(send_by(ALIKE_HARAKA, mail, "queued@Haraka"));
	cr_assert(wait_for(haraka_says("Temp failing .* Tried all MXs"), 5000));
	free(postern_must("sender block thief@example.net"));
	free(postern_must("pool enable normal"));
}

static void expect_the_block_to_reach_it(void)
{
	_cleanup_inbox_ struct inbox inbox = {0};

	cr_expect(wait_for(haraka_says("no lane to bind to"), 10000));
	inbox = inbox_read();
	for (size_t i = 0; i < inbox.count; i++)
		cr_expect_neq(strcmp(inbox.letters[i].id, "queued@Haraka"), 0);
}

/* ---- name servers that are dead */

static void expect_unknown_mail_dns(enum alike_mta mta)
{
	char from[64], id[64];

	for (unsigned n = 0; n < 3; n++) {
		_cleanup_(free_p) char *reply = NULL;
		json_t *decision;

		snprintf(from, sizeof(from), "<ann@dead-%u~.many.example>", n);
		snprintf(id, sizeof(id), "dead-%u@%s", n, mtas[mta].name);
		reply = send_by(mta, (struct mail){.from = from}, id);
		cr_assert_eq(*reply, '2', "%s: %s", mtas[mta].name, reply);
		decision = explain(id);
		cr_expect_str_eq(text_of(json_object_get(decision, "facts"), "mail_dns"), "unknown",
				 "%s", mtas[mta].name);
		cr_expect_str_eq(text_of(decision, "reason"), "good", "%s", mtas[mta].name);
		json_decref(decision);
	}
}

/* Last in the test: nothing leaves any more. */
static void expect_all_to_say_that_mail_dns_is_unknown(void)
{
	_cleanup_(free_p) char *status = NULL;

	nameserver_signal(mailhost.nameserver, SIGKILL);
	nameserver_signal(mailhost.mta_nameserver, SIGKILL);
	for (enum alike_mta mta = 0; mta < ALIKE_MTAS; mta++)
		expect_unknown_mail_dns(mta);
	cr_expect(wait_for(postern_printed("mail-dns", "no-mail-dns matches nothing"), 5000));
	cr_expect_eq(postern_metric("postern_mail_dns_unknown"), 1);
	status = postern_must("status");
	cr_expect(strstr(status, "mail DNS  NOT answered since 20"), "%s", status);
}

Test(netns_alike, three_mail_servers_judge_alike)
{
	expect_postern_8_to_list_each_difference();
	begin();
	expect_the_same_reason_pool_and_counts();
	queue_mail_of_an_account_that_is_blocked();
	expect_the_same_kinds_of_real_messages();
	expect_only_the_milter_to_count_bounces_for_surges();
	expect_haraka_to_return_mail_to_a_null_mx();
	expect_the_block_to_reach_it();
	expect_all_to_say_that_mail_dns_is_unknown();
}
