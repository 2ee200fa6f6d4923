// SPDX-License-Identifier: BSD-2-Clause
// A real Exim on the mail host with exactly what `postern mta exim` prints, a real name server, and
// receivers on the internet that write down who came.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/inbox.h"
#include "netns/nameserver.h"
#include "netns/postern.h"
#include "netns/smtp.h"

TestSuite(netns_exim, .init = world_init, .fini = world_done, .timeout = 60);

#define DOMAINS "internal_domains = { \"example.net\", \"*.example\" }\n"

/* ---- hosts */

static bool exim_listens(void)
{
	return host_succeeds(MAIL, "ss -Hltn 'sport = %d' | grep -q .", SUBMISSION_PORT);
}

struct exim {
	/* An expression of sed's, for the main part and exim4.conf; NULL: as they were written. */
	const char *edit;
	bool waits; /* what it takes stays in the queue */
};

static void start_exim(const struct exim *exim)
{
	char program[64];

	free(host_must(MAIL,
		       "set -e; tools/exim-instance %s/exim; cd %s;"
		       "for part in main acl routers transports; do"
		       " %s -c postern.conf mta exim $part >exim/etc/exim4/postern.$part;"
		       "done; sed -i '%s' exim/etc/exim4/postern.main exim/etc/exim4/exim4.conf",
		       world.directory, world.directory, getenv("POSTERN"),
		       exim->edit ? exim->edit : ""));
	snprintf(program, sizeof(program), "%s/exim/exim", world.directory);
	host_start(MAIL, "exim",
		   (const char *const[]){program, "-bdf", exim->waits ? "-odq" : "-q1s", NULL});
	cr_assert(wait_for(exim_listens(), 5000));
}

static pid_t begin_with(const char *more, const struct exim *exim)
{
	const struct setup setup = {.more = more};
	pid_t agent;

	inbox_start();
	agent = postern_begin(&setup);
	nameserver_start(MAIL, "127.0.0.1", 53);
	start_exim(exim);
	return agent;
}

/* Returns the agent. */
static pid_t begin(const char *more)
{
	return begin_with(more, &(const struct exim){.edit = NULL});
}

/* A program of this host hands over a mail. */
static struct result sendmail(const char *id, const char *from)
{
	free(world_write("local", "From: a program\nMessage-ID: <%s>\n\ntext\n", id));
	return host_run(MAIL, "%s/exim/exim -odb -oep -f '%s' bob@example.org <%s/local 2>&1",
			world.directory, from, world.directory);
}

static bool queued(unsigned n)
{
	return host_succeeds(MAIL, "test $(ls %s/exim/spool/input | grep -c -- -H) = %u",
			     world.directory, n);
}

static bool is_logged(const char *pattern)
{
	return host_succeeds(MAIL, "grep -qE -e '%s' %s/exim/log/main", pattern, world.directory);
}

/* ---- what came of it */

static void expect_letter(const char *id, const char *pool)
{
	_cleanup_letter_ struct letter letter = inbox_await(id);

	cr_expect_str_eq(pool_of(letter.client), pool, "<%s> came from %s", id, letter.client);
	cr_expect_str_eq(letter.helo, !strcmp(pool, "normal")  ? "out.example.net"
				      : !strcmp(pool, "relay") ? "relay.example.net"
							       : "risk.example.net");
}

/* `explain` names this pool, too. */
static void expect_left(const char *id, const char *pool)
{
	_cleanup_(free_p) char *explained = NULL;

	expect_letter(id, pool);
	explained = postern_must("-j explain '<%s>' | jq -j .pool", id);
	cr_expect_str_eq(explained, pool, "explain <%s>: %s", id, explained);
}

static void expect_refused_by(const struct mail *mail, const char *begins)
{
	_cleanup_(free_p) char *reply = smtp_try(mail);

	cr_expect_eq(strncmp(reply, begins, strlen(begins)), 0, "<%s>: %s", mail->id, reply);
}

static void clear_queue(void)
{
	cr_expect(wait_for(queued(0), 10000), "something is left in the queue");
}

struct sent {
	struct mail mail;
	const char *pool;
};

static void expect_leave(const struct sent *sent, size_t n)
{
	for (size_t i = 0; i < n; i++)
		smtp_send(&sent[i].mail);
	for (size_t i = 0; i < n; i++)
		expect_left(sent[i].mail.id, sent[i].pool);
	clear_queue();
}
#define EXPECT_LEAVE(sent) expect_leave(sent, sizeof(sent) / sizeof((sent)[0]))

#define FROM .from = "<a@example.net>"

Test(netns_exim, every_message_leaves_by_the_pool_that_explain_names)
{
	static const struct sent sent[] = {
		{{.id = "clean", FROM}, "normal"},
		{{.id = "spam", FROM, .headers = "X-Spam-Flag: YES\r\n"}, "high-risk"},
		{{.id = "fold", FROM, .headers = "X-Spam-Status:\r\n Yes, 9\r\n"}, "high-risk"},
		{{.id = "words", FROM, .headers = "X-Rspamd-Action: add\r\n header\r\n"},
		 "high-risk"},
		{{.id = "ham", FROM, .headers = "X-Spam-Status: No, 0\r\n"}, "normal"},
		{{.id = "longer", FROM, .headers = "X-Spam-Flag: YESTERDAY\r\n"}, "normal"},
		{{.id = "below", FROM, .headers = "X-Spam-Flag:\r\nYES: no mark\r\n"}, "normal"},
		{{.id = "inside", FROM, .headers = "Subject: X-Spam-Flag: YES\r\n"}, "normal"},
		{{.id = "null", .from = "<>"}, "high-risk"},
		{{.id = "report",
		  FROM,
		  .headers = "Content-Type: multipart/report;\r\n\tboundary=x;\r\n"
			     "\treport-type=\"delivery-status\"\r\n"},
		 "high-risk"},
		{{.id = "returned",
		  FROM,
		  .author = "Mail <MAILER-DAEMON@example.net>",
		  .headers = "Auto-Submitted: auto-replied\r\n"},
		 "high-risk"},
		{{.id = "neither", .from = "<a@neither.example>"}, "high-risk"},
		{{.id = "nobody", .from = "<a@nobody.example>"}, "high-risk"},
		{{.id = "aaaa-only", .from = "<a@aaaa-only.example>"}, "high-risk"},
		{{.id = "mx-only", .from = "<a@mx-only.example>"}, "normal"},
		{{.id = "a-only", .from = "<a@a-only.example>"}, "normal"},
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

	begin(DOMAINS);
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
	_cleanup_(free_p) char *facts = NULL;

	begin(DOMAINS);
	EXPECT_LEAVE(sent);
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

/* ---- what Exim sends by itself */

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

	begin(DOMAINS);
	smtp_send(&mail);
	cr_assert(wait_for(bounced(id, sizeof(id)), 15000), "no bounce arrived");
	expect_left(id, "high-risk");
	clear_queue();
}

/* ---- limits */

Test(netns_exim, from_the_message_on_that_is_over_the_limit_all_are_high_risk)
{
	const int fd = (begin(DOMAINS "policy \"few\" { senders = \"a@example.net\""
				      " recipients_external_per_hour = 5 }\n"),
			smtp_open());
	char id[16];

	for (int i = 0; i < 8; i++) {
		_cleanup_(free_p) char *reply = NULL;
		const struct mail mail = {.id = id, FROM};

		snprintf(id, sizeof(id), "number-%d", i);
		reply = smtp_give(fd, &mail);
		cr_assert_eq(*reply, '2', "%s", reply);
	}
	for (int i = 0; i < 8; i++) {
		snprintf(id, sizeof(id), "number-%d", i);
		expect_left(id, i < 5 ? "normal" : "high-risk");
	}
}

Test(netns_exim, a_restricted_sender_is_refused_and_so_is_its_program)
{
	const struct mail first = {.id = "first", FROM, .user = "a@example.net"};
	const struct mail second = {
		.id = "second", .from = "<other@example.net>", .user = "a@example.net"};
	_cleanup_result_ struct result result = {0};

	begin(DOMAINS "policy \"few\" { senders = \"a@example.net\""
		      " recipients_external_per_hour = 1 on_limit = \"restrict\" }\n");
	smtp_send(&first);
	expect_refused_by(&second, "550 5.1.8 ");
	result = sendmail("local", "a@example.net");
	cr_expect_neq(result.status, 0);
	cr_expect(strstr(result.text, "5.1.8"), "%s", result.text);
	expect_left("first", "normal");
	free(postern_must("sender release a@example.net"));
	smtp_send(&second);
	/* It has sent more than it may in this hour. */
	expect_left("second", "high-risk");
	clear_queue();
}

Test(netns_exim, what_is_to_come_later_is_told_so)
{
	const struct mail first = {.id = "first", FROM}, second = {.id = "second", FROM};

	begin(DOMAINS "policy \"few\" { senders = \"a@example.net\""
		      " recipients_external_per_hour = 1 on_limit = \"defer\" }\n");
	smtp_send(&first);
	expect_refused_by(&second, "451 4.7.1 ");
}

/* ---- without the agent */

Test(netns_exim, without_the_agent_mail_is_taken_and_what_is_high_risk_anyway_leaves_so)
{
	static const struct sent sent[] = {
		{{.id = "clean", FROM}, "normal"},
		{{.id = "spam", FROM, .headers = "X-Spam-Flag: YES\r\n"}, "high-risk"},
		{{.id = "null", .from = "<>"}, "high-risk"},
		{{.id = "neither", .from = "<a@neither.example>"}, "high-risk"},
	};
	_cleanup_result_ struct result result = {0};

	host_stop(begin(DOMAINS), SIGKILL);
	for (size_t i = 0; i < 4; i++)
		smtp_send(&sent[i].mail);
	result = sendmail("local", "a@example.net");
	cr_expect_eq(result.status, 0, "%s", result.text);
	for (size_t i = 0; i < 4; i++)
		expect_letter(sent[i].mail.id, sent[i].pool);
	expect_letter("local", "normal");
	clear_queue();
}

Test(netns_exim, with_on_agent_down_defer_mail_comes_again)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail bounce = {.id = "null", .from = "<>"};

	host_stop(begin(DOMAINS "on_agent_down = \"defer\"\n"), SIGKILL);
	expect_refused_by(&clean, "451 4.7.1 ");
	expect_refused_by(&bounce, "451 4.7.1 ");
	postern_agent();
	smtp_send(&clean);
	expect_left("clean", "normal");
}

/* As it is with what was in the queue before Postern came. */
Test(netns_exim, without_a_question_the_null_sender_is_high_risk)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail bounce = {.id = "null", .from = "<>"};

	begin_with(DOMAINS, &(const struct exim){.edit = "/^# Postern/iPOSTERN_CALLED = yes"});
	smtp_send(&clean);
	smtp_send(&bounce);
	expect_letter("clean", "normal");
	expect_letter("null", "high-risk");
	clear_queue();
}

/* The connection is there before the message is. */
Test(netns_exim, what_is_delivered_before_it_is_judged_is_high_risk)
{
	static const struct mail clean = {.id = "clean", FROM};

	begin_with(DOMAINS,
		   &(const struct exim){.edit = "/^all:/a warn control = cutthrough_delivery"});
	smtp_send(&clean);
	expect_letter("clean", "high-risk");
	clear_queue();
}

Test(netns_exim, an_address_can_be_verified_and_that_connects_by_the_high_risk_lane)
{
	static const struct mail clean = {.id = "clean", FROM};
	const struct capture_source *sources;
	struct capture *capture;
	char text[ADDRESS_TEXT_SIZE];
	size_t n;

	begin_with(DOMAINS,
		   &(const struct exim){.edit = "/^all:/a require verify = recipient/callout",
					.waits = true});
	capture = capture_start();
	smtp_send(&clean);
	sources = capture_stop(capture, &n);
	cr_expect_gt(n, 0);
	for (size_t i = 0; i < n; i++)
		cr_expect_str_eq(pool_of(address_format(&sources[i].address, text)), "high-risk");
	capture_free(capture);
}

/* It is stopped, not away: it takes the connection and says nothing. */
Test(netns_exim, an_agent_that_does_not_answer_in_time_is_away)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail spam = {.id = "spam", FROM, .headers = "X-Spam: yes\r\n"};
	pid_t agent = begin(DOMAINS);

	cr_assert_eq(kill(agent, SIGSTOP), 0);
	smtp_send(&clean);
	smtp_send(&spam);
	cr_assert_eq(kill(agent, SIGCONT), 0);
	expect_letter("clean", "normal");
	expect_letter("spam", "high-risk");
}

/* ---- lanes */

Test(netns_exim, mail_of_a_pool_without_a_lane_waits)
{
	const struct mail first = {.id = "first", FROM}, second = {.id = "second", FROM};

	begin(DOMAINS "pool \"quarantine\" { addresses = \"192.0.2.40\" }\n");
	smtp_send(&first);
	expect_left("first", "normal");
	free(postern_must("sender set a@example.net quarantine"));
	smtp_send(&second);
	cr_expect(wait_for(is_logged("no lane .*quarantine"), 5000));
	cr_expect(queued(1));
}

#define IPV4_ONLY                                                                                  \
	DOMAINS "pool \"quarantine\" { addresses = \"192.0.2.40\" handles = \"100.127.0.4\" }\n"

#define WITHOUT_FAMILIES "s/^POSTERN_FAMILIES = .*/POSTERN_FAMILIES =\\nUNUSED = \\\\/"

/* The lane of quarantine does IPv4 only, and the mail is for a host of IPv6 only. Returns what left. */
static struct capture *send_out_of_reach(void)
{
	const struct mail first = {.id = "first", FROM}, ipv4 = {.id = "ipv4", FROM};
	const struct mail ipv6 = {.id = "ipv6", FROM, .to = "<b@aaaa-only.example>"};
	_cleanup_letter_ struct letter letter = {0};
	struct capture *capture;

	smtp_send(&first);
	expect_left("first", "normal");
	free(postern_must("sender set a@example.net quarantine"));
	capture = capture_start();
	smtp_send(&ipv4);
	smtp_send(&ipv6);
	letter = inbox_await("ipv4");
	cr_expect_str_eq(letter.client, "192.0.2.40");
	return capture;
}

/* Bounces may leave; the pool of the verdict has no address of IPv6. */
static void expect_not_by_normal(struct capture *capture)
{
	char text[ADDRESS_TEXT_SIZE];
	size_t n;
	const struct capture_source *sources = capture_stop(capture, &n);

	cr_expect_gt(n, 0);
	for (size_t i = 0; i < n; i++) {
		address_format(&sources[i].address, text);
		cr_expect(!strcmp(text, "192.0.2.40") || !strcmp(pool_of(text), "high-risk"),
			  "on the wire to port 25: %s", text);
	}
	capture_free(capture);
}

Test(netns_exim, a_host_of_the_family_that_a_lane_does_not_do_is_no_host_for_it)
{
	struct capture *capture;

	begin(IPV4_ONLY);
	capture = send_out_of_reach();
	cr_expect(wait_for(is_logged("[*][*] b@aaaa-only.example"), 5000));
	expect_not_by_normal(capture);
}

Test(netns_exim, a_router_of_ones_own_that_does_not_know_that_reaches_nothing_either)
{
	struct capture *capture;

	begin_with(IPV4_ONLY, &(const struct exim){.edit = WITHOUT_FAMILIES});
	capture = send_out_of_reach();
	cr_expect(
		wait_for(is_logged("== b@aaaa-only.example R=postern T=postern_quarantine"), 5000));
	cr_expect(queued(1));
	expect_not_by_normal(capture);
}

/* Mail that has waited for one host goes over one connection of each transport. */
Test(netns_exim, a_connection_that_is_used_again_is_one_of_the_same_lane)
{
	char id[16];

	begin_with(DOMAINS, &(const struct exim){.waits = true});
	for (int i = 0; i < 12; i++) {
		const struct mail mail = {
			.id = id, FROM, .headers = i % 2 ? "X-Spam: yes\r\n" : NULL};

		snprintf(id, sizeof(id), "number-%d", i);
		smtp_send(&mail);
	}
	cr_assert(queued(12));
	free(host_must(MAIL, "%s/exim/exim -qq", world.directory));
	for (int i = 0; i < 12; i++) {
		snprintf(id, sizeof(id), "number-%d", i);
		expect_left(id, i % 2 ? "high-risk" : "normal");
	}
	/* So Exim marks them. */
	cr_expect(is_logged("T=postern_normal H=[^ ]* [^ ]*[*]"));
	cr_expect(is_logged("T=postern_high_risk H=[^ ]* [^ ]*[*]"));
}
