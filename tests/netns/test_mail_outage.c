/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Agent and milter end and restart while mail comes in. No message is lost or sent twice, and no
 * mail that is known to be high-risk leaves by the normal pool.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/load.h"
#include "netns/mailhost.h"

TestSuite(netns_mail_outage, .init = world_init, .fini = mailhost_done, .timeout = 180);

#define COUNT	   600
#define SETTLED_MS 90000

/*
 * First the kinds that the milter marks without the agent; then a sender that the agent judged;
 * others.
 */
enum kind { SPAM, BOUNCE, NO_DNS, OVER_LIMIT, CLEAN, OTHER, KINDS };

static struct mail compose(unsigned n)
{
	static char from[64], id[32];
	enum kind kind = n % KINDS;
	struct mail mail = {.from = from, .id = id};

	snprintf(id, sizeof(id), "n%u@x", n);
	snprintf(from, sizeof(from), "<s%u@%s>", n % (KINDS * 10),
		 kind == NO_DNS ? "nobody.example" : "example.net");
	if (kind == SPAM)
		mail.body = SPAM_BODY;
	if (kind == BOUNCE) {
		mail.author = "<ann@example.net>";
		mail.from = "<>";
	}
	if (kind == OVER_LIMIT)
		mail.from = "<few@example.net>";
	return mail;
}

static bool is_high_risk(unsigned n, unsigned kinds)
{
	return n % KINDS < kinds;
}

/* Mail of the first `kinds` kinds left by the high-risk pool only. */
static void expect_all_once(unsigned kinds)
{
	_cleanup_inbox_ struct inbox inbox = mailhost_settle(SETTLED_MS);
	static unsigned char seen[COUNT];
	unsigned n;

	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < inbox.count; i++) {
		const struct letter *letter = &inbox.letters[i];

		if (sscanf(letter->id, "n%u@x", &n) != 1)
			continue;
		cr_assert_lt(n, COUNT);
		cr_assert_eq(seen[n]++, 0, "<%s> arrived twice", letter->id);
		cr_assert(!is_high_risk(n, kinds) || !strcmp(pool_of(letter->client), "high-risk"),
			  "<%s> came from %s", letter->id, letter->client);
		cr_assert_not(letter_has(letter, "X-Postern-"), "%s", letter->text);
	}
	for (n = 0; n < COUNT; n++)
		cr_assert_eq(seen[n], 1, "<n%u@x> was lost", n);
}

static bool arrived(size_t count)
{
	return host_succeeds(INTERNET, "test $(ls %s/received | wc -l) -ge %zu", world.directory,
			     count);
}

static const struct load load = {.count = COUNT, .clients = 4, .insists = true, .compose = compose};

Test(netns_mail_outage, an_agent_killed_under_load_loses_no_mail_and_no_verdict)
{
	mailhost_begin(&(struct mailhost_setup){
		.conf = "policy \"few\" { senders = { \"few@example.net\" }\n"
			"  recipients_external_per_hour = 1 }\n"});
	/* Over its limit from the start, for an hour. */
	smtp_send(&(struct mail){.from = "<few@example.net>", .id = "one@x"});
	mailhost_expect(&(struct mail){.from = "<few@example.net>", .id = "two@x"}, "high-risk",
			"over-limit");
	load_start(&load);
	for (size_t round = 1; round <= 3; round++) {
		cr_assert(wait_for(arrived(round * COUNT / 6), 60000));
		host_stop(mailhost.agent, round % 2 ? SIGKILL : SIGTERM);
		/* Some mail finds no agent. */
		poll(NULL, 0, 300);
		mailhost_start_agent();
	}
	load_finish();
	expect_all_once(OVER_LIMIT + 1);
}

Test(netns_mail_outage, a_milter_killed_under_load_loses_no_mail_and_lets_none_pass_unjudged)
{
	mailhost_begin(&(struct mailhost_setup){.conf = "on_agent_down = \"defer\"\n"});
	load_start(&load);
	for (size_t round = 1; round <= 3; round++) {
		cr_assert(wait_for(arrived(round * COUNT / 6), 60000));
		host_stop(mailhost.milter, round % 2 ? SIGKILL : SIGTERM);
		poll(NULL, 0, 300);
		mailhost_start_milter();
	}
	load_finish();
	expect_all_once(NO_DNS + 1);
}
