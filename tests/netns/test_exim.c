/* SPDX-License-Identifier: BSD-2-Clause */
/* Exim follows the agent's answer, message by message. netns_alike has the rules. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/exim.h"
#include "netns/inbox.h"
#include "netns/postern.h"

TestSuite(netns_exim, .init = world_init, .fini = world_done, .timeout = 60);

struct sent {
	struct mail mail;
	const char *pool;
};

static void expect_leave(const struct sent *sent, size_t n)
{
	for (size_t i = 0; i < n; i++)
		smtp_send(&sent[i].mail);
	for (size_t i = 0; i < n; i++)
		exim_expect_left(sent[i].mail.id, sent[i].pool);
	exim_expect_empty();
}
#define EXPECT_LEAVE(sent) expect_leave(sent, sizeof(sent) / sizeof((sent)[0]))

#define FROM .from = "<a@example.net>"

Test(netns_exim, every_message_leaves_by_the_pool_that_explain_names)
{
	static const struct sent sent[] = {
		{{.id = "clean", FROM}, "normal"},
		{{.id = "spam", FROM, .headers = "X-Spam-Flag: YES\r\n"}, "high-risk"},
		{{.id = "null", .from = "<>"}, "high-risk"},
		{{.id = "neither", .from = "<a@neither.example>"}, "high-risk"},
		{{.id = "servfail", .from = "<a@servfail.example>"}, "normal"},
		{{.id = "foreign", .from = "<a@example.org>"}, "relay"},
		{{.id = "six", FROM, .to = "<b@aaaa-only.example>"}, "normal"},
		{{.id = "six-spam",
		  FROM,
		  .to = "<b@aaaa-only.example>",
		  .headers = "X-Spam: yes\r\n"},
		 "high-risk"},
	};
	struct capture *capture;

	exim_begin(EXIM_DOMAINS);
	capture = capture_start();
	EXPECT_LEAVE(sent);
	expect_pools_only(capture);
}

#define LONG_LABEL "l123456789-123456789-123456789-123456789-123456789-123456789-12"

Test(netns_exim, bytes_of_every_kind_are_asked_about_as_they_are)
{
	static const struct sent sent[] = {
		{{.id = "quotes", .from = "<\"a\\\"b\"@example.net>"}, "normal"},
		{{.id = "backslash", .from = "<\"a\\\\\"@example.net>"}, "normal"},
		{{.id = "comma", .from = "<\"a,{b}[c]:d\"@example.net>"}, "normal"},
		{{.id = "expansion", .from = "<\"${run{/bin/false}}\"@example.net>"}, "normal"},
		{{.id = "id,\",\"lane\":\"postern-normal\"}\\", .from = "<>"}, "high-risk"},
		{{.id = "[{,}]", FROM}, "normal"},
		{{.id = "b\303\274cher", .from = "<b\303\274cher@example.net> SMTPUTF8"}, "normal"},
		{{.id = "domain", .from = "<a@b\303\274cher.example> SMTPUTF8"}, "normal"},
		{{.id = "long", .from = "<l@" LONG_LABEL "." LONG_LABEL "." LONG_LABEL ".example>"},
		 "high-risk"},
		{{.id = "user", FROM, .user = "bob \"\\ {$x}\r\n\001@example.net"}, "normal"},
		{{.id = "author", FROM, .author = "\"\\\"\" <\"a:b\"@c>, \377<<>,;:\\\""},
		 "normal"},
		{{.id = "garbage",
		  FROM,
		  .headers = "X-Spam-Flag\377\200: YES\r\nAuto-Submitted: \355\240\200\r\n"},
		 "normal"},
		{{.id = "to", FROM, .to = "<\"a,x@example.net,b\\\"\"@example.org>"}, "normal"},
	};
	/*
	 * A control character, a byte that starts no character, a surrogate, an overlong form, a
	 * value past the last character, a truncated character.
	 */
	static const struct mail garbled = {
		.id = "g\001\377\355\240\200\340\200\200\364\220\200\200\303", FROM};
	char id[1200 + 1] = "";
	const struct mail endless = {.id = id, FROM, .user = id};
	_cleanup_(free_p) char *facts = NULL;

	exim_begin(EXIM_DOMAINS);
	EXPECT_LEAVE(sent);
	memset(id, '0', sizeof(id) - 1);
	smtp_send(&endless);
	free(postern_must("explain $(printf %%0998d) | grep $(printf %%094d)"));
	smtp_send(&garbled);
	exim_expect_letter(garbled.id, "normal");
	free(postern_must("explain g$(printf %%013d | tr 0 '?')"));
	facts = postern_must("-j explain quotes | jq -j .facts.envelope_from");
	cr_expect_str_eq(facts, "\"a\\\"b\"@example.net");
	free(facts);
	facts = postern_must("-j explain 'b\303\274cher' | jq -j .facts.envelope_from");
	cr_expect_str_eq(facts, "b\303\274cher@example.net");
	free(facts);
	facts = postern_must("-j explain user | jq -j .facts.user");
	cr_expect_str_eq(facts, "bob \"\\ {$x}\\r\\n\\001@example.net");
	free(facts);
	facts = postern_must("-j explain to | jq -c '.facts|[.recipients_external,"
			     ".recipients_internal]'");
	cr_expect_str_eq(facts, "[1,0]\n");
}

/*
 * Exim's variables show the first 64 KiB of all headers together, and of all headers of one name.
 */
Test(netns_exim, headers_of_a_hundred_kilobytes_hide_no_mark)
{
	static const struct {
		const char *id, *line, *last, *pool;
	} cases[] = {
		{"behind", "X-Other: xxxxxxxxxxxxxxxxxxxxxxxx\r\n", "X-Spam-Flag: YES\r\n",
		 "high-risk"},
		{"folded", "X-Other: xxxxxxxxxxxxxxxxxxxxxxxx\r\n",
		 "X-Rspamd-Action:\r\n add\r\n header\r\n", "high-risk"},
		{"below", "X-Other: xxxxxxxxxxxxxxxxxxxxxxxx\r\n",
		 "X-Spam-Flag: NO,\r\n YES: no mark\r\n", "normal"},
		{"crowd", "X-Spam-Flag: NO\r\n", "X-Spam-Flag: YES\r\n", "high-risk"},
		{"clean", "X-Other: xxxxxxxxxxxxxxxxxxxxxxxx\r\n", "X-Spam-Flag: NO\r\n", "normal"},
	};
	static char headers[101000];

	exim_begin(EXIM_DOMAINS);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *end = headers;

		while (end < headers + 100000)
			end = stpcpy(end, cases[i].line);
		strcpy(end, cases[i].last);
		smtp_send(&(struct mail){.id = cases[i].id, FROM, .headers = headers});
		exim_expect_left(cases[i].id, cases[i].pool);
	}
}

/* ---- mail from Exim itself */

static bool bounced(char *ret_id, size_t size)
{
	_cleanup_inbox_ struct inbox inbox = inbox_read();

	for (size_t i = 0; i < inbox.count; i++)
		if (strstr(inbox.letters[i].envelope, "X-Mail-Args: <>") &&
		    strstr(inbox.letters[i].envelope, "X-Rcpt-Args: <a@example.net>"))
			return snprintf(ret_id, size, "%s", inbox.letters[i].id);
	return false;
}

Test(netns_exim, its_own_bounce_is_high_risk_and_can_be_explained)
{
	const struct mail mail = {.id = "refused", FROM, .to = "<nobody@local.example>"};
	char id[160];

	exim_begin(EXIM_DOMAINS);
	smtp_send(&mail);
	cr_assert(wait_for(bounced(id, sizeof(id)), 15000), "no bounce arrived");
	exim_expect_left(id, "high-risk");
	exim_expect_empty();
}

/* ---- limits */

Test(netns_exim, from_the_message_on_that_is_over_the_limit_all_are_high_risk)
{
	char id[24];
	int fd;

	exim_begin(EXIM_DOMAINS "policy \"few\" { senders = \"a@example.net\""
				" recipients_external_per_hour = 3 }\n");
	fd = smtp_open();
	for (int i = 0; i < 6; i++) {
		_cleanup_(free_p) char *reply = NULL;
		const struct mail mail = {.id = id, FROM};

		snprintf(id, sizeof(id), "number-%d", i);
		reply = smtp_give(fd, &mail);
		cr_assert_eq(*reply, '2', "%s", reply);
		exim_expect_left(id, i < 3 ? "normal" : "high-risk");
	}
	close(fd);
}

Test(netns_exim, a_restricted_sender_is_refused_and_so_is_its_program)
{
	const struct mail first = {.id = "first", FROM, .user = "a@example.net"};
	const struct mail second = {
		.id = "second", .from = "<other@example.net>", .user = "a@example.net"};
	_cleanup_result_ struct result result = {0};

	exim_begin(EXIM_DOMAINS "policy \"few\" { senders = \"a@example.net\""
				" recipients_external_per_hour = 1 on_limit = \"restrict\" }\n");
	smtp_send(&first);
	exim_expect_refused(&second, "550 5.1.8 ");
	result = exim_sendmail("local", "a@example.net");
	cr_expect_neq(result.status, 0);
	cr_expect(strstr(result.text, "5.1.8"), "%s", result.text);
	exim_expect_left("first", "normal");
	free(postern_must("sender release a@example.net"));
	smtp_send(&second);
	/* The sender is over its limit of this hour. */
	exim_expect_left("second", "high-risk");
	exim_expect_empty();
}

Test(netns_exim, mail_over_a_limit_that_defers_gets_a_temporary_reply)
{
	const struct mail first = {.id = "first", FROM}, second = {.id = "second", FROM};

	exim_begin(EXIM_DOMAINS "policy \"few\" { senders = \"a@example.net\""
				" recipients_external_per_hour = 1 on_limit = \"defer\" }\n");
	smtp_send(&first);
	exim_expect_refused(&second, "451 4.7.1 ");
}

/* ---- agent away */

Test(netns_exim, without_the_agent_mail_is_accepted_and_evident_risks_leave_by_high_risk)
{
	static const struct sent sent[] = {
		{{.id = "clean", FROM}, "normal"},
		{{.id = "spam", FROM, .headers = "X-Spam-Flag: YES\r\n"}, "high-risk"},
		{{.id = "null", .from = "<>"}, "high-risk"},
		{{.id = "neither", .from = "<a@neither.example>"}, "high-risk"},
	};
	_cleanup_result_ struct result result = {0};

	host_stop(exim_begin(EXIM_DOMAINS), SIGKILL);
	for (size_t i = 0; i < 4; i++)
		smtp_send(&sent[i].mail);
	result = exim_sendmail("local", "a@example.net");
	cr_expect_eq(result.status, 0, "%s", result.text);
	for (size_t i = 0; i < 4; i++)
		exim_expect_letter(sent[i].mail.id, sent[i].pool);
	exim_expect_letter("local", "normal");
	exim_expect_empty();
}

Test(netns_exim, with_on_agent_down_defer_mail_comes_again)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail bounce = {.id = "null", .from = "<>"};

	host_stop(exim_begin(EXIM_DOMAINS "on_agent_down = \"defer\"\n"), SIGKILL);
	exim_expect_refused(&clean, "451 4.7.1 ");
	exim_expect_refused(&bounce, "451 4.7.1 ");
	postern_agent();
	smtp_send(&clean);
	exim_expect_left("clean", "normal");
}

/* A stopped agent: it accepts the connection and stays silent. */
Test(netns_exim, an_agent_that_does_not_answer_in_time_is_away)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail spam = {.id = "spam", FROM, .headers = "X-Spam: yes\r\n"};
	pid_t agent = exim_begin(EXIM_DOMAINS);

	cr_assert_eq(kill(agent, SIGSTOP), 0);
	smtp_send(&clean);
	smtp_send(&spam);
	cr_assert_eq(kill(agent, SIGCONT), 0);
	exim_expect_letter("clean", "normal");
	exim_expect_letter("spam", "high-risk");
}
