/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queued mail while verdicts change: it leaves by the verdict of that time, never by a better one.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/mailhost.h"

TestSuite(netns_mail_wait, .init = world_init, .fini = mailhost_done, .timeout = 120);

static const struct mailhost_setup limits = {
	.conf = "policy \"few\" { senders = { \"few@example.net\" }\n"
		"  recipients_external_per_hour = 1 }\n"
		"policy \"harsh\" { senders = { \"harsh@example.net\" }\n"
		"  recipients_per_day = 1  on_limit = \"restrict\" }\n"};

static const struct mail few = {.from = "<few@example.net>", .id = "few@x"};
static const struct mail harsh = {
	.login = "harsh@example.net", .from = "<harsh@example.net>", .id = "harsh@x"};
static const struct mail ann = {.from = "<ann@example.net>", .id = "ann@x"};
static const struct mail spam = {.from = "<bob@example.net>", .id = "spam@x", .body = SPAM_BODY};

static const struct mail bounce = {.from = "<>", .author = "<ann@example.net>", .id = "bounce@x"};

#define THIEF 3 /* messages of the account that is blocked */

static bool has_arrived(const char *id)
{
	_cleanup_inbox_ struct inbox inbox = inbox_read();

	for (size_t i = 0; i < inbox.count; i++)
		if (!strcmp(inbox.letters[i].id, id))
			return true;
	return false;
}

static void expect_left(const char *id, const char *pool)
{
	_cleanup_letter_ struct letter letter = inbox_await(id);

	mailhost_expect_lane(&letter, pool);
}

/* One login, an envelope sender for each message. */
static void send_as_thief(void)
{
	char from[32], id[16];

	for (int n = 0; n < THIEF; n++) {
		snprintf(from, sizeof(from), "<alias-%d@example.net>", n);
		snprintf(id, sizeof(id), "thief-%d", n);
		smtp_send(&(struct mail){.login = "thief@example.net", .from = from, .id = id});
	}
}

static unsigned count_deferred(void)
{
	_cleanup_(free_p) char *log = mailhost_log();
	unsigned count = 0;

	for (const char *line = log; (line = strstr(line, "status=deferred")); line++)
		count++;
	return count;
}

/* A disabled pool drops SYNs, so Postfix defers the mail. */
static void queue_all(void)
{
	free(postern_must("pool disable normal"));
	free(postern_must("pool disable high-risk"));
	smtp_send(&few);
	smtp_send(&ann);
	smtp_send(&harsh);
	smtp_send(&spam);
	smtp_send(&bounce);
	send_as_thief();
	cr_assert(wait_for(count_deferred() >= 5 + THIEF, 30000));
	cr_assert_eq(mailhost_queued(), 5 + THIEF);
}

/* A new agent knows whose mail waits under which envelope sender. */
static void block_thief_after_restart(void)
{
	host_stop(mailhost.agent, SIGTERM);
	mailhost_start_agent();
	free(postern_must("sender block thief@example.net"));
}

static void expect_reply(const struct mail *mail, const char *code)
{
	_cleanup_(free_p) char *reply = smtp_try(mail);

	cr_assert_eq(strncmp(reply, code, strlen(code)), 0, "%s", reply);
}

Test(netns_mail_wait, queued_mail_leaves_by_the_verdict_of_that_time)
{
	const struct mail other = {.from = "<ann@example.net>", .id = "other@x"};
	struct mail more = harsh;
	unsigned deferred;

	mailhost_begin(&limits);
	queue_all();
	block_thief_after_restart();
	/* They exceed their limits; one of them is restricted for it. */
	smtp_send(&(struct mail){.from = "<few@example.net>", .id = "over@x"});
	more.id = "refused@x";
	expect_reply(&more, "550 5.1.8 ");
	/* Postfix caches its last lookup; a lookup of another sender replaces it. */
	deferred = count_deferred();
	smtp_send(&other);
	cr_assert(wait_for(count_deferred() > deferred, 10000));
	/*
	 * High-risk now, so the disabled normal pool does not hold it; spam and bounces were
	 * before.
	 */
	free(postern_must("pool enable high-risk"));
	expect_left("few@x", "high-risk");
	expect_left("over@x", "high-risk");
	expect_left("spam@x", "high-risk");
	expect_left("bounce@x", "high-risk");
	/* Unchanged senders wait for their pool; the restricted and the blocked wait … */
	cr_assert_not(has_arrived("ann@x"));
	free(postern_must("pool enable normal"));
	expect_left("ann@x", "normal");
	expect_left("other@x", "normal");
	cr_assert(wait_for(mailhost_queued() == 1 + THIEF, 20000));
	cr_assert_not(has_arrived("harsh@x"));
	cr_assert_not(has_arrived("thief-0"));
	/* … for the end of that. */
	free(postern_must("sender release harsh@example.net"));
	free(postern_must("sender clear thief@example.net"));
	/* Postfix repeats a lookup after another one, or after 30 seconds. */
	mailhost_expect(&(struct mail){.from = "<ann@example.net>", .id = "next@x"}, "normal",
			"good");
	expect_left("harsh@x", "normal");
	{
		_cleanup_inbox_ struct inbox inbox = mailhost_settle(10000);

		cr_assert_eq(inbox.count, 8 + THIEF);
	}
}
