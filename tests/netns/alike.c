/* SPDX-License-Identifier: BSD-2-Clause */
/* The table. */
#include "netns/alike.h"

#define GOOD	"normal good 1 0 1 1"
#define AUTO	"normal good 0 0 0 1"
#define SPAM	"high-risk spam 1 0 1 1"
#define NO_DNS	"high-risk no-mail-dns 1 0 1 1"
#define BOUNCE	"high-risk bounce -"
#define RELAYED "relay relay -"

#define SAME(name_, outcome, ...)                                                                  \
	{                                                                                          \
		.name = name_, .postfix = outcome, .mail = { __VA_ARGS__ }                         \
	}
/* It must have left before the next: by its verdict the rest would wait or take another pool. */
#define ALONE(name_, outcome, ...)                                                                 \
	{                                                                                          \
		.name = name_, .postfix = outcome, .mail = {__VA_ARGS__}, .alone = true            \
	}
#define DIFFERS(name_, row_, of_postfix, of_exim, of_haraka, ...)                                  \
	{                                                                                          \
		.name = name_, .row = row_, .postfix = of_postfix, .exim = of_exim,                \
		.haraka = of_haraka, .mail = {                                                     \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

#define REPORT(type) "Content-Type: multipart/report; boundary=b;\r\n\treport-type=" type "\r\n"

const struct alike_case alike_cases[] = {
	/* Marks of scanners. */
	SAME("clean", GOOD, .from = "<a1~@example.net>"),
	SAME("flag", SPAM, .from = "<a2~@example.net>", .headers = "X-Spam-Flag: YES\r\n"),
	SAME("folded", SPAM, .from = "<a3~@example.net>",
	     .headers = "X-Spam-Status:\r\n Yes, score=9\r\n"),
	SAME("words", SPAM, .from = "<a4~@example.net>",
	     .headers = "X-Rspamd-Action: add\r\n header\r\n"),
	SAME("contradicted", GOOD, .from = "<a5~@example.net>",
	     .headers = "X-Spam-Flag: YES\r\nX-Spam-Status: No, score=-1\r\n"),
	SAME("marked-last", SPAM, .from = "<a6~@example.net>",
	     .headers = "X-Spam-Status: No, score=-1\r\nX-Spam-Flag: YES\r\n"),
	SAME("ham", GOOD, .from = "<a7~@example.net>", .headers = "X-Spam-Status: No, 0\r\n"),
	SAME("longer", GOOD, .from = "<a8~@example.net>", .headers = "X-Spam-Flag: YESTERDAY\r\n"),
	SAME("below", GOOD, .from = "<a9~@example.net>",
	     .headers = "X-Spam-Flag:\r\nYES: no mark\r\n"),
	SAME("inside", GOOD, .from = "<a10~@example.net>",
	     .headers = "Subject: X-Spam-Flag: YES\r\n"),
	DIFFERS("own-mark", ALIKE_MARKS, SPAM, SPAM, GOOD, .from = "<a11~@example.net>",
		.headers = "X-Own: bad\r\n"),

	/* Bounces. */
	SAME("null", BOUNCE, .from = "<>", .author = "<x@example.net>"),
	SAME("daemon", BOUNCE, .from = "<Mailer-Daemon@example.net>"),
	SAME("report", BOUNCE, .from = "<b1~@example.net>", .headers = REPORT("delivery-status")),
	SAME("quoted-report", BOUNCE, .from = "<b2~@example.net>",
	     .headers = REPORT("\"delivery-status\"")),
	SAME("returned", BOUNCE, .from = "<b3~@example.net>",
	     .author = "Mail <MAILER-DAEMON@example.net>",
	     .headers = "Auto-Submitted: auto-replied\r\n"),
	SAME("bare", BOUNCE, .from = "<b4~@example.net>",
	     .author = "MAILER-DAEMON (Mail Delivery System)",
	     .headers = "X-Failed-Recipients: x@example.org\r\n"),
	SAME("generated", BOUNCE, .from = "<b5~@example.net>",
	     .author = "<MAILER-DAEMON@example.net>",
	     .headers = "Auto-Submitted: auto-generated\r\n"),
	SAME("nameless", BOUNCE, .from = "<b6~@example.net>", .author = "MAILER-DAEMON <>",
	     .headers = "X-Failed-Recipients: x@example.org\r\n"),
	SAME("subject", BOUNCE, .from = "<b7~@example.net>",
	     .author = "Postmaster <postmaster@example.net>\r\nSubject: Undeliverable: hi"),
	SAME("named", BOUNCE, .from = "<b8~@example.net>",
	     .author = "Mail Delivery System <m@example.net>\r\nSubject: Returned mail: hi"),
	SAME("answered", GOOD, .from = "<b9~@example.net>",
	     .author = "Postmaster <postmaster@example.net>\r\nSubject: Re: Undeliverable"),
	SAME("program", GOOD, .from = "<b10~@example.net>", .author = "Postmaster <a@example.net>",
	     .headers = "Auto-Submitted: auto-generated\r\n"),
	SAME("rfc2231", BOUNCE, .from = "<b11~@example.net>",
	     .headers = "Content-Type: multipart/report; boundary=b;"
			" report-type*=us-ascii''delivery-status\r\n"),
	SAME("rfc2231-parts", BOUNCE, .from = "<b12~@example.net>",
	     .headers = "Content-Type: multipart/report; boundary=b;"
			" report-type*0=\"delivery-\"; report-type*1=\"status\"\r\n"),
	SAME("second-type", BOUNCE, .from = "<b13~@example.net>",
	     .headers = "Content-Type: text/plain\r\n" REPORT("delivery-status")),
	DIFFERS("copied", ALIKE_BODY, BOUNCE, GOOD, GOOD, .from = "<b14~@example.net>",
		.author = "MAILER-DAEMON@example.net",
		.body = "Your mail did not arrive.\r\n\r\n--- Below is a copy of it.\r\n\r\n"
			"Return-Path: <ann@example.net>\r\nReceived: from x\r\n"
			"From: ann@example.net\r\nTo: bob@example.org\r\nSubject: hi\r\n"
			"Message-ID: <orig@example.net>\r\n"),

	/* Automatic messages: without recipients, until there are too many. */
	SAME("vacation", AUTO, .from = "<c1~@example.net>",
	     .headers = "Auto-Submitted: auto-replied (vacation)\r\n"),
	SAME("notified", AUTO, .from = "<c2~@example.net>",
	     .headers = "Auto-Submitted: auto-notified; owner-email=\"d@example.com\"\r\n"),
	SAME("receipt", AUTO, .from = "<c3~@example.net>",
	     .headers = REPORT("disposition-notification")),
	SAME("apple", AUTO, .from = "<c4~@example.net>", .headers = "X-Apple-Action: VACATION\r\n"),
	SAME("exchange", AUTO, .from = "<c5~@example.net>",
	     .headers = "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\r\n"),
	SAME("free", "normal good 0 0 0 1", .from = "<automatic~@example.net>",
	     .headers = "Auto-Submitted: auto-replied\r\n"),
	SAME("not-free", "normal good 1 0 1 2", .from = "<automatic~@example.net>",
	     .headers = "Auto-Submitted: auto-replied\r\n"),

	/* Who is accountable. */
	SAME("login", GOOD, .from = "<d1@example.net>", .user = "d1~@example.net"),
	SAME("login-null", "high-risk bounce 0 0 0 1", .from = "<>", .author = "<x@example.net>",
	     .user = "d2~@example.net"),
	SAME("login-report", "high-risk bounce 0 0 0 1", .from = "<d3@example.net>",
	     .user = "d3~@example.net", .headers = REPORT("delivery-status")),
	SAME("several", "high-risk bounce 3 0 3 1", .from = "<>", .author = "<x@example.net>",
	     .user = "d4~@example.net", .copies = 2),
	SAME("prvs", GOOD, .from = "<prvs=0123456789=d5~@example.net>"),
	SAME("plus", "normal good 2 0 2 2", .from = "<d5~+news@example.net>"),
	SAME("case", "normal good 3 0 3 3", .from = "<D5~@Example.NET>"),
	SAME("quoted", "normal good 4 0 4 4", .from = "<\"d5~\"@example.net>"),
	SAME("internal", "normal good 0 1 1 1", .from = "<d6~@example.net>",
	     .to = "<bob@both.example>"),
	SAME("quoted-comma", GOOD, .from = "<d7~@example.net>",
	     .to = "<\"a,x@example.net,b\"@example.org>"),

	/* Mail DNS. */
	SAME("neither", NO_DNS, .from = "<e1~@neither.example>"),
	SAME("nobody", NO_DNS, .from = "<e2~@nobody.example>"),
	SAME("aaaa-only", GOOD, .from = "<e3~@aaaa-only.example>"),
	SAME("null-mx-two", GOOD, .from = "<e16~@null-mx-two.example>"),
	SAME("null-mx-10", NO_DNS, .from = "<e17~@null-mx-10.example>"),
	SAME("mx-only", GOOD, .from = "<e4~@mx-only.example>"),
	SAME("a-only", GOOD, .from = "<e5~@a-only.example>"),
	SAME("alias", GOOD, .from = "<e6~@alias.example>"),
	SAME("dangling", NO_DNS, .from = "<e7~@dangling.example>"),
	SAME("servfail", GOOD, .from = "<e8~@servfail.example>"),
	SAME("refused", GOOD, .from = "<e9~@refused.example>"),
	SAME("null-mx", NO_DNS, .from = "<e10~@null-mx.example>"),
	SAME("null-mx-a", NO_DNS, .from = "<e13~@null-mx-a.example>"),
	{.name = "utf8",
	 .postfix = GOOD,
	 .mail = {.from = "<e11~@b\303\274cher.example> SMTPUTF8"},
	 .stays = true},
	{.name = "utf8-nobody",
	 .postfix = NO_DNS,
	 .mail = {.from = "<e12~@b\303\266cher.example> SMTPUTF8"},
	 .stays = true},

	/* Forwards. */
	SAME("foreign", RELAYED, .from = "<f1~@example.com>"),
	DIFFERS("passed", ALIKE_AUTH, GOOD, RELAYED, RELAYED, .from = "<f2~@example.com>",
		.headers = "Authentication-Results: mx.example.net;"
			   " spf=pass smtp.mailfrom=example.com\r\n"),

	/* Limits. */
	{.name = "fills",
	 .row = ALIKE_QUEUE,
	 .postfix = "normal good 2 0 2 1",
	 .leaves = {"high-risk"},
	 .mail = {.from = "<few~@example.net>", .copies = 1}},
	SAME("over", "high-risk over-limit 3 0 3 2", .from = "<few~@example.net>"),
	ALONE("one", GOOD, .from = "<harsh~@example.net>"),
	SAME("harsh", "5 5.1.8", .from = "<harsh~@example.net>"),
	SAME("too-many", "5 5.5.3", .from = "<later~@example.net>", .copies = 2),
	SAME("two", "normal good 2 0 2 1", .from = "<later~@example.net>", .copies = 1),
	SAME("later", "4 4.7.1", .from = "<later~@example.net>"),
	SAME("mark-1", SPAM, .from = "<marked~@example.net>", .headers = "X-Spam-Flag: YES\r\n"),
	SAME("mark-2", "high-risk spam 2 0 2 2", .from = "<marked~@example.net>",
	     .headers = "X-Spam-Flag: YES\r\n"),
	SAME("mark-3", "high-risk spam 3 0 3 3", .from = "<marked~@example.net>"),
	{.name = NULL},
};

const char *const alike_rows[] = {ALIKE_BODY,  ALIKE_AUTH,  ALIKE_SURGES,
				  ALIKE_MARKS, ALIKE_QUEUE, NULL};
