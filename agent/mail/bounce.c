/* SPDX-License-Identifier: BSD-2-Clause */
/* Weighs the signs. */
#include "mail/bounce.h"

#include <string.h>
#include <strings.h>

#include "mail/lexer.h"
#include "mail/mailbox.h"

/* Of the header From, which may have no domain. */
static bool is_from(const struct report *report, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(report->from, name, length) == 0 &&
	       (report->from[length] == '\0' || report->from[length] == '@');
}

/* "auto-replied (vacation); owner-email=…" */
static void take_auto_submitted(struct report *report, const char *value)
{
	struct lexer lexer = {.at = value};
	char word[32];

	if (!lexer_word(&lexer, ";", word, sizeof(word)))
		return;
	report->replied |= strcasecmp(word, "auto-replied") == 0;
	report->generated |= strcasecmp(word, "auto-generated") == 0;
}

void report_header(struct report *report, const char *name, const char *value)
{
	if (strcasecmp(name, "Content-Type") == 0 && !*report->content.type)
		content_read(value, &report->content);
	else if (strcasecmp(name, "Auto-Submitted") == 0)
		take_auto_submitted(report, value);
	else if (strcasecmp(name, "X-Failed-Recipients") == 0)
		report->failed_recipients = true;
	else if (strcasecmp(name, "From") == 0 && !*report->from)
		mailbox_of_header(value, report->from);
	else if (strcasecmp(name, "To") == 0 && !*report->to)
		mailbox_of_header(value, report->to);
}

static bool is_report(const struct report *report, const char *type)
{
	return strcmp(report->content.type, "multipart/report") == 0 &&
	       strcmp(report->content.report_type, type) == 0;
}

bool report_begin_body(struct report *report)
{
	bool wanted = is_report(report, "delivery-status") || is_report(report, "") ||
		      (strcmp(report->content.type, "multipart/mixed") == 0 &&
		       (is_from(report, "mailer-daemon") || is_from(report, "postmaster")));

	delivery_begin(&report->delivery, wanted ? report->content.boundary : "");
	return wanted && *report->content.boundary;
}

bool report_is_bounce(const struct report *report, bool null_sender)
{
	bool has_status = report->delivery.has_status;
	bool from_daemon = is_from(report, "mailer-daemon");

	if (null_sender || is_report(report, "delivery-status") ||
	    (is_report(report, "") && has_status))
		return true;
	if (from_daemon && report->generated)
		return true;
	return (from_daemon || is_from(report, "postmaster")) &&
	       (report->replied || report->failed_recipients || has_status);
}

bool report_is_automatic(const struct report *report)
{
	return report->replied || is_report(report, "disposition-notification");
}
