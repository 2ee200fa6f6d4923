/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects the signs of a bounce from the headers. */
#include "mail/bounce.h"

#include <string.h>
#include <strings.h>

#include "mail/lexer.h"
#include "mail/mailbox.h"

/* Compares the local part of From, which may have no domain. */
static bool is_from(const struct bounce *bounce, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(bounce->from, name, length) == 0 &&
	       (bounce->from[length] == '\0' || bounce->from[length] == '@');
}

static bool first_word_is(const char *value, const char *expected)
{
	struct lexer lexer = {.at = value};
	char word[32];

	return lexer_word(&lexer, ";", word, sizeof(word)) && strcasecmp(word, expected) == 0;
}

/* "auto-replied (vacation); owner-email=…" */
static void take_auto_submitted(struct bounce *bounce, const char *value)
{
	bounce->replied |= first_word_is(value, "auto-replied");
	bounce->generated |= first_word_is(value, "auto-generated");
	bounce->notified |= first_word_is(value, "auto-notified");
}

void bounce_header(struct bounce *bounce, const char *name, const char *value)
{
	if (strcasecmp(name, "Content-Type") == 0 && !*bounce->content.type)
		content_type_read(value, &bounce->content);
	else if (strcasecmp(name, "Auto-Submitted") == 0)
		take_auto_submitted(bounce, value);
	else if (strcasecmp(name, "X-Failed-Recipients") == 0)
		bounce->failed_recipients = true;
	else if (strcasecmp(name, "X-MS-Exchange-Generated-Message-Source") == 0)
		bounce->notified |= strcasecmp(value, "Mailbox Rules Agent") == 0;
	else if (strcasecmp(name, "X-Apple-Action") == 0)
		bounce->notified |= first_word_is(value, "vacation");
	else if (strcasecmp(name, "From") == 0 && !*bounce->from)
		mailbox_of_header(value, bounce->from);
}

static bool is_report(const struct bounce *bounce, const char *type)
{
	return strcmp(bounce->content.type, "multipart/report") == 0 &&
	       strcmp(bounce->content.report_type, type) == 0;
}

bool bounce_begin_body(struct bounce *bounce)
{
	bool wanted = is_report(bounce, "delivery-status") || is_report(bounce, "") ||
		      (strcmp(bounce->content.type, "multipart/mixed") == 0 &&
		       (is_from(bounce, "mailer-daemon") || is_from(bounce, "postmaster")));

	dsn_begin(&bounce->dsn, wanted ? bounce->content.boundary : "");
	return wanted && *bounce->content.boundary;
}

bool bounce_is_bounce(const struct bounce *bounce, bool null_sender)
{
	bool has_status = bounce->dsn.has_status;
	bool from_daemon = is_from(bounce, "mailer-daemon");

	if (null_sender || is_report(bounce, "delivery-status") ||
	    (is_report(bounce, "") && has_status))
		return true;
	if (from_daemon && bounce->generated)
		return true;
	return (from_daemon || is_from(bounce, "postmaster")) &&
	       (bounce->replied || bounce->failed_recipients || has_status);
}

bool bounce_is_failure(const struct bounce *bounce)
{
	if (strcmp(bounce->content.type, "multipart/report") == 0 && *bounce->content.report_type &&
	    !is_report(bounce, "delivery-status"))
		return false;
	if (bounce->dsn.has_status)
		return bounce->dsn.has_failed || !bounce->dsn.has_other_action;
	return !bounce_is_automatic(bounce) || bounce->failed_recipients ||
	       is_from(bounce, "mailer-daemon") || is_from(bounce, "postmaster");
}

bool bounce_is_automatic(const struct bounce *bounce)
{
	return bounce->replied || bounce->notified || is_report(bounce, "disposition-notification");
}
