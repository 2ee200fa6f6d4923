/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounces: which messages are bounces, and what they say of their recipients. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "fuzz/mail_feed.h"
#include "mail/message.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void tell(const char *text, const char *envelope_from, char told[MAIL_TOLD_SIZE])
{
	static const struct config_mail config;
	struct message *message = mail_feed(&config, (const uint8_t *)text, strlen(text), 0);

	mail_tell(message, envelope_from, told);
	message_free(message);
}

Test(mail_bounce, a_daemons_name_or_a_sign_alone_makes_no_bounce)
{
	static const struct {
		const char *headers;
		bool bounce, automatic;
	} cases[] = {
		{"From: postmaster@a\n", false, false},
		{"From: MAILER-DAEMON@a\n", false, false},
		{"From: MAILER-DAEMON@a\nAuto-Submitted: no\n", false, false},
		{"From: MAILER-DAEMON@a\nAuto-Submitted: auto-replied\n", true, true},
		{"From: MAILER-DAEMON@a\nAuto-Submitted: Auto-Generated (failure)\n", true, false},
		{"From: \"Postmaster\" <PostMaster@a>\nAuto-Submitted: auto-replied\n", true, true},
		{"From: postmaster@a\nAuto-Submitted: auto-generated\n", false, false},
		{"From: postmaster@a\nX-Failed-Recipients: b@c\n", true, false},
		{"From: postmasters@a\nX-Failed-Recipients: b@c\n", false, false},
		{"From: bob@a\nX-Failed-Recipients: b@c\nAuto-Submitted: auto-replied\n", false,
		 true},
		{"From: postmaster@a\nAuto-Submitted: auto-notified; owner-email=\"b@c\"\n", false,
		 true},
		{"X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\n", false, true},
		{"X-MS-Exchange-Generated-Message-Source: Antispam Quarantine Agent\n", false,
		 false},
		{"X-Apple-Action: VACATION\n", false, true},
		{"X-Apple-Action: FORWARD\n", false, false},
		{"From: bob@a\nContent-Type: multipart/report; report-type=delivery-status\n", true,
		 false},
		{"Content-Type: Multipart/Report (x); charset=a; Report-Type=\"Delivery-Status\"\n",
		 true, false},
		{"Content-Type: multipart/report; report-type=feedback-report; boundary=a\n", false,
		 false},
		{"Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: text/plain\n\n",
		 false, false},
		{"Content-Type: multipart/report; boundary=a\n\n--a\n"
		 "Content-Type: message/delivery-status\n\n",
		 true, false},
		{"From: bob@a\nContent-Type: multipart/mixed; boundary=a\n\n--a\n"
		 "Content-Type: message/delivery-status\n\n",
		 false, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char told[MAIL_TOLD_SIZE];

		tell(cases[i].headers, "a@b", told);
		cr_expect_eq(strstr(told, "bounce") != NULL, cases[i].bounce, "%s: %s",
			     cases[i].headers, told);
		cr_expect_eq(strstr(told, "automatic") != NULL, cases[i].automatic, "%s: %s",
			     cases[i].headers, told);
	}
}

#define COPY	  "\n\n--- Copy:\n\nReceived: from a\n by b\nFrom: a@b\nSubject: hi\n\nhi\n"
#define COPY_SENT "\n\nFrom: a@b\nSent: x\nTo: c@d\nSubject: hi\n\nhi\n"
#define ENCLOSED                                                                                   \
	"\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n"

Test(mail_bounce, without_the_null_sender_a_bounce_is_from_the_mail_system_and_has_the_original)
{
	static const struct {
		const char *from, *text;
		bool bounce;
	} cases[] = {
		{"MAILER-DAEMON@a", "From: bob@a\n", true},
		{"mailer-daemon", "", true},
		{"#@[]", "", true},
		{"mailer-daemons@a", "From: bob@a\n", false},
		{"double-bounce@a", "From: MAILER-DAEMON@a\n\nTranscript of session\n", false},
		{"a@b", "From: MAILER-DAEMON@a" COPY, true},
		{"a@b", "From: Postmaster <postmaster@a>" COPY, true},
		{"a@b", "From: MAILER-DAEMON <>" COPY, true},
		{"a@b", "From: Mail Delivery System <>" COPY, true},
		{"a@b", "From: bob@a" COPY, false},
		{"a@b", "From: MAILER-DAEMON@a" ENCLOSED, true},
		{"a@b", "From: <>" ENCLOSED, true},
		{"a@b", "From: bob@a" ENCLOSED, false},
		{"a@b", "From: MAILER-DAEMON <>\nAuto-Submitted: auto-replied\n", true},
		{"a@b", "From: MAILER-DAEMON <>\n\nhello\n", false},
		{"a@b", "From: postmaster@a\nSubject: Undeliverable: hi\n\n", true},
		{"a@b", "From: postmaster@a\nSubject: [Postmaster] Email Delivery Failure\n\n",
		 true},
		{"a@b", "From: MAILER-DAEMON\nSubject: failure notice\n\n", true},
		{"a@b", "From: Mail Delivery System <m@a>\nSubject: Returned mail: x\n\n", true},
		{"a@b", "Subject: RETURNED MAIL: x\nFrom: \"Mailer Daemon\" <m@a>\n\n", true},
		{"a@b", "From: <>\nSubject: Mail System Error - Returned Mail\n\n", true},
		{"a@b", "From: postmaster@a\nSubject: Undeliverable: hi" ENCLOSED, true},
		{"a@b", "From: bob@a\nSubject: Undeliverable: hi\n\n", false},
		{"a@b", "From: postmaster@a\nSubject: Re: Undeliverable: hi\n\n", false},
		{"a@b", "From: postmaster@a\nSubject: FW: Delivery failure" COPY_SENT, false},
		{"a@b", "From: Mail Delivery System <m@a>\nSubject: hi\n\n", false},
		{"a@b", "From: Mail Delivery System <m@a>" ENCLOSED, false},
		{"a@b",
		 "From: postmaster@a\nSubject: Undeliverable: hi\n"
		 "Content-Type: multipart/report; report-type=feedback-report; boundary=a\n\n",
		 false},
		/* A person forwards mail, as an attachment, too; a line of it alone. */
		{"a@b", "From: postmaster@a" ENCLOSED, false},
		{"a@b", "From: postmaster@a\nSubject: Fwd: hi" ENCLOSED, false},
		{"a@b", "From: postmaster@a\n\nFrom: a@b\nDate: x\nSubject: hi\nTo: c@d\n\n",
		 false},
		{"a@b", "From: postmaster@a\n\nReceived: from a\nFrom: a@b\n\nSubject: x\n", false},
		{"a@b",
		 "From: postmaster@a\nContent-Type: multipart/report; boundary=a;"
		 " report-type=feedback-report\n\n--a\nContent-Type: message/rfc822\n\n",
		 false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char told[MAIL_TOLD_SIZE];

		tell(cases[i].text, cases[i].from, told);
		cr_expect_eq(strstr(told, "bounce") != NULL, cases[i].bounce, "%s, %s: %s",
			     cases[i].from, cases[i].text, told);
	}
}

Test(mail_bounce, a_report_may_have_its_type_in_pieces_or_in_a_second_header)
{
	static const struct {
		const char *type;
		bool bounce;
	} cases[] = {
		{"multipart/report; report-type*=us-ascii'en'delivery-status", true},
		{"multipart/report; report-type*=''delivery%2Dstatus", true},
		{"multipart/report; report-type*0=delivery-; report-type*1=\"status\"", true},
		{"multipart/report; report-type*0*=''deli%76ery; report-type*1*=%2dstatus", true},
		{"multipart/report; report-type*1=status", false},
		{"multipart/report; report-type*=''delivery%2", false},
		{"multipart/report; report-type*=''feedback-report", false},
		{"multipart/report; report-type=feedback-report; report-type=delivery-status",
		 false},
		{"text/plain\nContent-Type: multipart/report; report-type=delivery-status", true},
		{"multipart/mixed\nContent-Type: text/plain", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512], told[MAIL_TOLD_SIZE];

		snprintf(text, sizeof(text), "From: bob@a\nContent-Type: %s\n\n", cases[i].type);
		tell(text, "a@b", told);
		cr_expect_eq(strstr(told, "bounce") != NULL, cases[i].bounce, "%s: %s",
			     cases[i].type, told);
	}
}

Test(mail_bounce, a_boundary_may_come_in_pieces)
{
	char told[MAIL_TOLD_SIZE];

	tell("Content-Type: multipart/report; boundary*0=a; boundary*1=b\n\n--ab\n"
	     "Content-Type: message/delivery-status\n\nX: y\n\n"
	     "Final-Recipient: rfc822; c@d\nAction: failed\nStatus: 5.1.1\n\n--ab--\n",
	     "a@b", told);
	cr_expect_str_eq(told, "bounce unknown=c@d");
}

Test(mail_bounce, a_text_names_the_unknown_recipient_and_the_original)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"<a@b>:\n550 5.1.1 no\n", "from=MAILER-DAEMON bounce unknown=a@b"},
		{"<a@b>\nRemote host said: 550 5.2.1 <c@d>... User Unknown\n",
		 "from=MAILER-DAEMON bounce unknown=c@d"},
		{"<a@b>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
		 "from=MAILER-DAEMON bounce unknown=a@b"},
		{"<a@b>:\n550 5.7.1 blocked\n", "from=MAILER-DAEMON bounce"},
		{"<a@b>:\n450 4.1.1 user unknown\n", "from=MAILER-DAEMON bounce"},
		{"<a@b>:\n552 5.2.2 full\n", "from=MAILER-DAEMON bounce"},
		{"<a@b>:\n5505.1.1, v550 5.1.1\n", "from=MAILER-DAEMON bounce"},
		{"It says:\n550 5.1.1 no\n", "from=MAILER-DAEMON bounce"},
		{"a@b: 550 5.1.1 no\n", "from=MAILER-DAEMON bounce unknown=a@b"},
		{"\"a@b\":\nhost: mx.d\n5.2.1 <a@b>... User Unknown\n",
		 "from=MAILER-DAEMON bounce unknown=a@b"},
		{"User  not listed in public Name & Address Book\na@b\n",
		 "from=MAILER-DAEMON bounce unknown=a@b"},
		{"a@b Invalid Address, ERROR_CODE :5.1.=\n1 <a@b>... User Unknown\n",
		 "from=MAILER-DAEMON bounce unknown=a@b"},
		{"a@b Invalid=\r\n Mailbox\n", "from=MAILER-DAEMON bounce unknown=a@b"},
		{"host <mx.d> rejected <a@b> (It responded: [550 5.1.1 no])\n",
		 "from=MAILER-DAEMON bounce unknown=a@b"},
		{"a@b is over quota, no such user\n", "from=MAILER-DAEMON bounce"},
		{"<a@b>:\n550 5.2.1 The account is disabled\n", "from=MAILER-DAEMON bounce"},
		{"Received: by a\nMessage-ID: <1@a>\nFrom: <a@b>\n\n550 5.1.1 no\n",
		 "from=MAILER-DAEMON bounce original=1@a"},
	};
	char told[MAIL_TOLD_SIZE];

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];

		snprintf(text, sizeof(text), "From: MAILER-DAEMON <>\n\n%s", cases[i].text);
		tell(text, "", told);
		cr_expect_str_eq(told, cases[i].told, "%s: %s", cases[i].text, told);
	}
	tell("From: MAILER-DAEMON\nX-Failed-Recipients: a@b, c@d\n\n550 5.1.1 no\n", "a@b", told);
	cr_expect_str_eq(told, "from=MAILER-DAEMON bounce unknown=a@b");
}

#define REPORT                                                                                     \
	"Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n"          \
	"--b\nContent-Type: message/delivery-status\n\n"

/* Of a message from the null sender. */
Test(mail_bounce, a_bounce_counts_as_a_failure_unless_it_shows_that_it_is_none)
{
	static const struct {
		const char *text;
		bool failure;
	} cases[] = {
		{"", true},
		{"From: bob@a\n", true},
		{"From: bob@a\nAuto-Submitted: auto-generated\n", true},
		{"From: bob@a\nAuto-Submitted: auto-replied\n", false},
		{"From: bob@a\nX-Apple-Action: VACATION\n", false},
		{"From: bob@a\nAuto-Submitted: auto-replied\nX-Failed-Recipients: b@c\n", true},
		{"From: Mailer-Daemon@a\nAuto-Submitted: auto-replied\n", true},
		{"Content-Type: multipart/report; report-type=feedback-report\n", false},
		{"Content-Type: multipart/report; report-type=disposition-notification\n", false},
		{"Content-Type: multipart/report; report-type=delivery-status\n", true},
		{"Content-Type: multipart/report\n", true},
		{REPORT "Status: 5.1.1\n", true},
		{REPORT "Action: delayed\nStatus: 4.4.1\n", false},
		{REPORT "Action: Delivered (it is)\nStatus: 2.0.0\n", false},
		{REPORT "Action: relayed\n\nAction: failed\n\nAction: expanded\n", true},
		{REPORT "Action: del", true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char told[MAIL_TOLD_SIZE];

		tell(cases[i].text, "", told);
		cr_expect_eq(strstr(told, "no-failure") == NULL, cases[i].failure, "%s: %s",
			     cases[i].text, told);
	}
}

/* A report, a bounce by its type, with these fields for its recipient. */
static void tell_recipient(const char *fields, char told[MAIL_TOLD_SIZE])
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
		 "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\n%s\n--b--\n",
		 fields);
	tell(text, "a@b", told);
}

Test(mail_bounce, unknown_recipients_differ_from_unreachable_ones)
{
	static const struct {
		const char *fields, *told;
	} cases[] = {
		{"Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.1\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.1\n", "bounce unknown=a@b"},
		{"status : (so) 5.1.1 (no)\nfinal-recipient : RFC822 ; (c) a@B\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nAction: delayed\nStatus: 5.1.1\n",
		 "bounce no-failure"},
		{"Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 4.1.1\n", "bounce"},
		{"Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.11\n", "bounce"},
		{"Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.1.0010\n", "bounce"},
		{"Final-Recipient: rfc822; a@b\nAction: failed\nStatus: 5.2.1\n", "bounce"},
		{"Final-Recipient: x400; a@b\nAction: failed\nStatus: 5.1.1\n", "bounce"},
		{"Final-Recipient: a@b\nAction: failed\nStatus: 5.1.1\n", "bounce"},
		{"Original-Recipient: rfc822; a@b\nStatus: 5.1.1\n", "bounce"},
		{"Final-Recipient: rfc822; a@b\n\nAction: failed\nStatus: 5.1.1\n", "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 "
		 "x\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 no\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.1.1 "
		 "x\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.351\n", "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 User "
		 "unknown\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.2.1\nDiagnostic-Code: smtp; 550 5.2.1 "
		 "<a@b>... User Unknown\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.4.1\nDiagnostic-Code: smtp; 550 5.4.1 "
		 "Recipient address rejected: Access denied.\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.0.0\nDiagnostic-Code: smtp; 554 5.7.1 "
		 "Recipient address rejected: Access denied.\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nDiagnostic-Code: x-unix; unknown user: \"a\"\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.7.1 "
		 "blocked\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.2.2 "
		 "user unknown or full\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.8 "
		 "user unknown\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.0.0\nDiagnostic-Code: smtp; 450 user "
		 "unknown\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.0.0\nDiagnostic-Code: smtp; "
		 "550-Verification failed for <c@d> 550-No such user 550 Sender verify failed\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 "
		 "<a@b>:\n User unknown\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.5.0\nDiagnostic-Code: smtp; 550 5.5.0 "
		 "Invalid\n recipient.\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nDiagnostic-Code: smtp; 550 User <a@b> unknown\n",
		 "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 "
		 "<a@b> has sent to too many recipients\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.6\nDiagnostic-Code: smtp; 551 5.1.6 "
		 "not our customer\n",
		 "bounce"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.10 (host does not accept mail)\n",
		 "bounce"},
		{"Final-Recipient: rfc822/; a@b\nStatus: 5.1.1\n", "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\nStatus: 5.2.2\n\n"
		 "Final-Recipient: rfc822; c@d\nStatus: 5.1.1\n\n"
		 "Final-Recipient: rfc822; e@f\nStatus: 5.1.1\n",
		 "bounce unknown=c@d"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char told[MAIL_TOLD_SIZE];

		tell_recipient(cases[i].fields, told);
		cr_expect_str_eq(told, cases[i].told, "%s: %s", cases[i].fields, told);
	}
}

Test(mail_bounce, only_a_whole_line_is_a_boundary)
{
	static const struct {
		const char *body, *told;
	} cases[] = {
		{"Final-Recipient: rfc822; a@b\n--b-2\nStatus: 5.1.1\n", "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\n-- b\nStatus: 5.1.1\n", "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\n--bb--\nStatus: 5.1.1\n", "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\n--b--x\nStatus: 5.1.1\n", "bounce unknown=a@b"},
		{"Final-Recipient: rfc822; a@b\n--b-- \t\nStatus: 5.1.1\n", "bounce"},
		{"Final-Recipient: rfc822; a@b\n--b \t\r\nStatus: 5.1.1\n", "bounce"},
		{"Final-Recipient: rfc822; a@b\n--b\nStatus: 5.1.1\n", "bounce"},
		/* Each part has its own type; the body of the original is ignored. */
		{"\n--b\n\nFinal-Recipient: rfc822; a@b\nStatus: 5.1.1\n", "bounce"},
		{"\n--b\nContent-Type: message/rfc822\n\nFrom: a@b\n\nMessage-ID: <1@a>\n",
		 "bounce"},
		/* The end of the message ends every part. */
		{"Final-Recipient: rfc822; a@b\nStatus: 5.1.1", "bounce unknown=a@b"},
		{"Status: 5.1.1\nFinal-Recipient: rfc822;\n a@b", "bounce unknown=a@b"},
		{"\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <1@a>", "bounce original=1@a"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char told[MAIL_TOLD_SIZE], text[1024];

		snprintf(text, sizeof(text), "%s%s", REPORT, cases[i].body);
		tell(text, "a@b", told);
		cr_expect_str_eq(told, cases[i].told, "%s: %s", cases[i].body, told);
	}
}
