/* SPDX-License-Identifier: BSD-2-Clause */
/* Each message takes the right transport of Exim, and nothing leaves by another. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/exim.h"
#include "netns/inbox.h"
#include "netns/postern.h"

TestSuite(netns_exim_lanes, .init = world_init, .fini = world_done, .timeout = 60);

#define FROM .from = "<a@example.net>"

/* Messages that were in the queue before Postern was installed have no answer. */
Test(netns_exim_lanes, without_a_question_the_null_sender_is_high_risk)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail bounce = {.id = "null", .from = "<>"};

	exim_begin_with(EXIM_DOMAINS,
			&(const struct exim_setup){.edit = "/^POSTERN_API/iPOSTERN_CALLED = yes"});
	smtp_send(&clean);
	smtp_send(&bounce);
	exim_expect_letter("clean", "normal");
	exim_expect_letter("null", "high-risk");
	exim_expect_empty();
}

/* The agent refuses the question, as with an Exim that was configured for another version. */
Test(netns_exim_lanes, mail_whose_question_fails_is_high_risk)
{
	static const struct mail clean = {.id = "clean", FROM};

	exim_begin_with(EXIM_DOMAINS,
			&(const struct exim_setup){.edit = "s/\"mail_dns\":/\"news\":/"});
	smtp_send(&clean);
	exim_expect_letter("clean", "high-risk");
}

/* The test connects before it has a message. */
Test(netns_exim_lanes, mail_delivered_before_it_is_judged_is_high_risk)
{
	static const struct mail clean = {.id = "clean", FROM};

	exim_begin_with(
		EXIM_DOMAINS,
		&(const struct exim_setup){.edit = "/^all:/a warn control = cutthrough_delivery"});
	smtp_send(&clean);
	exim_expect_letter("clean", "high-risk");
	exim_expect_empty();
}

Test(netns_exim_lanes, an_address_can_be_verified_and_that_connects_by_the_high_risk_lane)
{
	static const struct mail clean = {.id = "clean", FROM};
	const struct capture_source *sources;
	struct capture *capture;
	char text[ADDRESS_TEXT_SIZE];
	size_t n;

	exim_begin_with(EXIM_DOMAINS, &(const struct exim_setup){
					      .edit = "/^all:/a require verify = recipient/callout",
					      .waits = true});
	capture = capture_start();
	smtp_send(&clean);
	sources = capture_stop(capture, &n);
	cr_expect_gt(n, 0);
	for (size_t i = 0; i < n; i++)
		cr_expect_str_eq(pool_of(address_format(&sources[i].address, text)), "high-risk");
	capture_free(capture);
}

Test(netns_exim_lanes, mail_of_a_pool_without_a_lane_waits)
{
	const struct mail first = {.id = "first", FROM}, second = {.id = "second", FROM};

	exim_begin(EXIM_DOMAINS "pool \"quarantine\" { addresses = \"192.0.2.40\" }\n");
	smtp_send(&first);
	exim_expect_left("first", "normal");
	free(postern_must("sender set a@example.net quarantine"));
	smtp_send(&second);
	cr_expect(wait_for(exim_logged("no lane .*quarantine"), 5000));
	cr_expect(exim_queued(1));
}

#define IPV4_ONLY                                                                                  \
	EXIM_DOMAINS                                                                               \
	"pool \"quarantine\" { addresses = \"192.0.2.40\" handles = \"100.127.0.4\" }\n"

#define WITHOUT_FAMILIES "s/^POSTERN_FAMILIES = .*/POSTERN_FAMILIES =\\nUNUSED = \\\\/"

/* The lane of quarantine has only IPv4, the recipient's host only IPv6. Returns the capture. */
static struct capture *send_out_of_reach(void)
{
	const struct mail first = {.id = "first", FROM}, ipv4 = {.id = "ipv4", FROM};
	const struct mail ipv6 = {.id = "ipv6", FROM, .to = "<b@aaaa-only.example>"};
	_cleanup_letter_ struct letter letter = {0};
	struct capture *capture;

	smtp_send(&first);
	exim_expect_left("first", "normal");
	free(postern_must("sender set a@example.net quarantine"));
	capture = capture_start();
	smtp_send(&ipv4);
	smtp_send(&ipv6);
	letter = inbox_await("ipv4");
	cr_expect_str_eq(letter.client, "192.0.2.40");
	return capture;
}

/* Bounces may leave; the pool of the verdict has no IPv6 address. */
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

Test(netns_exim_lanes, a_host_of_the_family_that_a_lane_does_not_do_is_no_host_for_it)
{
	struct capture *capture;

	exim_begin(IPV4_ONLY);
	capture = send_out_of_reach();
	cr_expect(wait_for(exim_logged("[*][*] b@aaaa-only.example"), 5000));
	expect_not_by_normal(capture);
}

Test(netns_exim_lanes, a_router_of_ones_own_that_does_not_know_that_reaches_nothing_either)
{
	struct capture *capture;

	exim_begin_with(IPV4_ONLY, &(const struct exim_setup){.edit = WITHOUT_FAMILIES});
	capture = send_out_of_reach();
	cr_expect(wait_for(exim_logged("== b@aaaa-only.example R=postern T=postern_quarantine"),
			   5000));
	cr_expect(exim_queued(1));
	expect_not_by_normal(capture);
}

/* Exim delivers waiting mail for one host over one connection of each transport. */
Test(netns_exim_lanes, a_connection_that_is_used_again_is_one_of_the_same_lane)
{
	char id[32];

	exim_begin_with(EXIM_DOMAINS, &(const struct exim_setup){.waits = true});
	for (int i = 0; i < 12; i++) {
		const struct mail mail = {
			.id = id, FROM, .headers = i % 2 ? "X-Spam: yes\r\n" : NULL};

		snprintf(id, sizeof(id), "number-%d", i);
		smtp_send(&mail);
	}
	cr_assert(exim_queued(12));
	free(host_must(MAIL, "%s/exim/exim -qq", world.directory));
	for (int i = 0; i < 12; i++) {
		snprintf(id, sizeof(id), "number-%d", i);
		exim_expect_left(id, i % 2 ? "high-risk" : "normal");
	}
	/* Exim marks a reused connection with *. */
	cr_expect(exim_logged("T=postern_normal H=[^ ]* [^ ]*[*]"));
	cr_expect(exim_logged("T=postern_high_risk H=[^ ]* [^ ]*[*]"));
}

/* ---- mail in the queue */

/* No answer stays fresh: Exim asks again at once. */
#define NOT_FRESH "s/^POSTERN_FRESH = .*/POSTERN_FRESH = 0/"

static void run_queue(void)
{
	free(host_must(MAIL, "%s/exim/exim -qf", world.directory));
}

Test(netns_exim_lanes, mail_in_the_queue_follows_a_changed_verdict_unless_it_is_high_risk_itself)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail users = {
		.id = "users", .from = "<b@example.net>", .user = "Bob@example.net"};
	static const struct mail spam = {.id = "spam", FROM, .headers = "X-Spam: yes\r\n"};
	static const struct mail other = {.id = "other", .from = "<\"a\\\"b,\"@example.net>"};

	exim_begin_with(EXIM_DOMAINS, &(const struct exim_setup){.edit = NOT_FRESH, .waits = true});
	smtp_send(&clean);
	smtp_send(&users);
	smtp_send(&spam);
	smtp_send(&other);
	free(postern_must("sender set a@example.net high-risk"));
	free(postern_must("sender set bob@example.net high-risk"));
	free(postern_must("sender set '\"a\\\"b,\"@example.net' relay"));
	run_queue();
	exim_expect_letter("clean", "high-risk");
	exim_expect_letter("users", "high-risk");
	exim_expect_letter("spam", "high-risk");
	exim_expect_letter("other", "relay");
	exim_expect_empty();
	smtp_send(&(const struct mail){.id = "more", FROM, .headers = "X-Spam: yes\r\n"});
	free(postern_must("sender set a@example.net normal"));
	run_queue();
	exim_expect_letter("more", "high-risk");
}

Test(netns_exim_lanes, mail_of_a_sender_that_is_held_waits_and_goes_when_it_is_not)
{
	static const struct mail clean = {.id = "clean", FROM};

	exim_begin_with(EXIM_DOMAINS, &(const struct exim_setup){.edit = NOT_FRESH, .waits = true});
	smtp_send(&clean);
	free(postern_must("sender block a@example.net"));
	run_queue();
	cr_expect(exim_logged("== bob@example.org .*no lane .*waits"));
	free(postern_must("sender clear a@example.net"));
	run_queue();
	exim_expect_left("clean", "normal");
}

Test(netns_exim_lanes, a_decision_holds_while_the_agent_is_away)
{
	static const struct mail clean = {.id = "clean", FROM};
	static const struct mail spam = {.id = "spam", FROM, .headers = "X-Spam: yes\r\n"};
	pid_t agent = exim_begin_with(EXIM_DOMAINS "on_agent_down = \"defer\"\n",
				      &(const struct exim_setup){.edit = NOT_FRESH, .waits = true});

	smtp_send(&clean);
	smtp_send(&spam);
	host_stop(agent, SIGKILL);
	run_queue();
	exim_expect_letter("clean", "normal");
	exim_expect_letter("spam", "high-risk");
}

Test(netns_exim_lanes, unjudged_mail_of_a_local_program_waits_for_the_agent)
{
	_cleanup_result_ struct result result = {0};

	host_stop(exim_begin(EXIM_DOMAINS "on_agent_down = \"defer\"\n"), SIGKILL);
	result = exim_sendmail("local", "a@example.net");
	cr_expect_eq(result.status, 0, "%s", result.text);
	cr_expect(wait_for(exim_logged("== bob@example.org .*not judged"), 5000));
	cr_expect(exim_queued(1));
	postern_agent();
	exim_expect_letter("local", "normal");
}
