/* SPDX-License-Identifier: BSD-2-Clause */
/* Many messages at once, and queued ones: each leaves once, by its decided pool. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/http.h"
#include "netns/load.h"
#include "netns/mailhost.h"

TestSuite(netns_mail_queue, .init = world_init, .fini = mailhost_done, .timeout = 180);

#define SENDERS	   200
#define EACH	   10
#define LIMIT	   4 /* so many messages of an OVER_LIMIT sender are within it */
#define SETTLED_MS 120000

enum kind { CLEAN, SPAM, NO_DNS, RELAYED, BOUNCE, OVER_LIMIT, KINDS };

/* The texts of mail `n` of sender `s`; valid until the next call. */
static struct mail compose(int s, int n)
{
	static char from[64], id[32];
	enum kind kind = s % KINDS;
	struct mail mail = {.from = from, .id = id};

	snprintf(id, sizeof(id), "s%d-n%d", s, n);
	snprintf(from, sizeof(from), "<s%d@%s>", s,
		 kind == NO_DNS	      ? "nobody.example"
		 : kind == RELAYED    ? "example.com"
		 : kind == OVER_LIMIT ? "many.many.example"
				      : "example.net");
	if (kind == SPAM)
		mail.body = SPAM_BODY;
	if (kind == BOUNCE && n % 2) {
		mail.author = from;
		mail.from = "<>";
	} else if (kind == BOUNCE) {
		mail.headers = REPORT_HEADERS;
		mail.body = REPORT_BODY;
	}
	return mail;
}

static struct mail compose_any(unsigned n)
{
	return compose((int)n % SENDERS, (int)n / SENDERS);
}

static const struct letter *find(const struct inbox *inbox, const char *id, size_t *ret_count)
{
	const struct letter *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < inbox->count; i++)
		if (!strcmp(inbox->letters[i].id, id)) {
			found = &inbox->letters[i];
			++*ret_count;
		}
	return found;
}

static void expect_as_decided(const struct letter *letter, const json_t *decision, enum kind kind)
{
	const char *decided = json_string_value(json_object_get(decision, "pool"));
	const char *left_by = pool_of(letter->client);

	/* Within the limit, but queued when the sender exceeded it: the verdict of now counts. */
	if (kind == OVER_LIMIT && !strcmp(decided, "normal") && !strcmp(left_by, "high-risk"))
		decided = left_by;
	cr_assert_str_eq(left_by, decided, "<%s>, from %s", letter->id, letter->client);
	mailhost_expect_lane(letter, decided);
}

static void expect_reason(const json_t *decision, int s, int n)
{
	static const char *const reasons[KINDS] = {
		[CLEAN] = "good",    [SPAM] = "spam",	  [NO_DNS] = "no-mail-dns",
		[RELAYED] = "relay", [BOUNCE] = "bounce", [OVER_LIMIT] = "over-limit",
	};
	enum kind kind = s % KINDS;
	const char *reason = json_string_value(json_object_get(decision, "reason"));

	cr_assert_str_eq(reason, kind == OVER_LIMIT && n < LIMIT ? "good" : reasons[kind],
			 "message %d of sender %d", n, s);
}

static json_t *get_decision(int api, const char *id)
{
	char uri[64];
	json_t *decision;
	int status;

	snprintf(uri, sizeof(uri), "/v1/decisions/%s", id);
	decision = http_ask(api, "GET", uri, NULL, &status);
	cr_assert_eq(status, 200, "%s: %d", uri, status);
	return decision;
}

static void expect_all(const struct inbox *inbox)
{
	_cleanup_(close_fd_p) int api = http_connect();

	cr_assert_eq(inbox->count, SENDERS * EACH);
	for (int s = 0; s < SENDERS; s++)
		for (int n = 0; n < EACH; n++) {
			struct mail mail = compose(s, n);
			size_t count;
			const struct letter *letter = find(inbox, mail.id, &count);
			json_t *decision = get_decision(api, mail.id);

			cr_assert_eq(count, 1, "<%s> arrived %zu times", mail.id, count);
			expect_as_decided(letter, decision, s % KINDS);
			expect_reason(decision, s, n);
			json_decref(decision);
		}
}

Test(netns_mail_queue, two_thousand_queued_messages_leave_once_each_as_decided)
{
	struct capture *capture;

	mailhost_begin(&(struct mailhost_setup){
		.conf = "policy \"few\" { domains = { \"many.many.example\" }\n"
			"  recipients_external_per_hour = 4 }\n",
		/* A connection carries further messages of its lane only. */
		.main = "smtp_connection_cache_on_demand = yes\n"});
	capture = capture_start();
	load_start(&(struct load){.count = SENDERS * EACH, .clients = 8, .compose = compose_any});
	load_finish();
	{
		_cleanup_inbox_ struct inbox inbox = mailhost_settle(SETTLED_MS);
		_cleanup_(free_p) char *log = mailhost_log();

		expect_all(&inbox);
		cr_assert_not_null(strstr(log, "conn_use=2"), "no connection was used twice");
	}
	expect_pools_only(capture);
}
