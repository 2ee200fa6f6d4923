/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects the signs of a bounce from the headers. */
#include "mail/bounce.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "mail/lexer.h"
#include "mail/mailbox.h"

/* Compares the local part; there may be no domain. */
static bool is_mailbox_of(const char *mailbox, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(mailbox, name, length) == 0 &&
	       (mailbox[length] == '\0' || mailbox[length] == '@');
}

static bool is_from_daemon(const struct bounce *bounce)
{
	return is_mailbox_of(bounce->from, "mailer-daemon");
}

/* A mailbox that no person writes from. */
static bool is_from_nobody(const struct bounce *bounce)
{
	return is_from_daemon(bounce) || (bounce->nobody && !*bounce->from);
}

/* Or seldom. */
static bool is_from_system(const struct bounce *bounce)
{
	return is_from_nobody(bounce) || is_mailbox_of(bounce->from, "postmaster") ||
	       (bounce->named && bounce->fails);
}

/* `words` are in lower case. */
static bool begins_with_any(const char *text, const char *const *words, size_t count)
{
	char first = text_lower_character(*text);

	for (size_t i = 0; i < count; i++)
		if (*words[i] == first && strncasecmp(text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* How the subjects of bounces begin; Mimecast's with "[Postmaster] ". */
static bool says_failure(const char *subject)
{
	static const char mimecast[] = "[postmaster] ";
	static const char *const words[] = {
		"undeliver",	  "delivery fail",     "delivery status", "delivery notification",
		"delivery error", "delivery report",   "returned mail",	  "failure notice",
		"mail delivery",  "mail system error", "message status",  "message delivery",
		"email delivery", "failed mail",       "non-deliver",	  "nondeliver",
		"non remis",	  "unzustellbar",      "nicht zustell",	  "could not deliver",
	};

	subject += strspn(subject, " \t\r\n");
	if (strncasecmp(subject, mimecast, sizeof(mimecast) - 1) == 0)
		subject += sizeof(mimecast) - 1;
	return begins_with_any(subject, words, sizeof(words) / sizeof(words[0]));
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

/* A mail system's name with another address: "Mail Delivery System <mail@example.com>". */
static bool is_named_system(const char *value)
{
	static const char *const names[] = {"mail delivery s", "mail deliver s", "mailer daemon",
					    "mailer-daemon", "mail system"};

	return begins_with_any(value + strspn(value, " \t\r\n\""), names,
			       sizeof(names) / sizeof(names[0]));
}

/* "MAILER-DAEMON <>" (DragonFly Mail Agent, Lotus Domino) has only a name. */
static void take_from(struct bounce *bounce, const char *value)
{
	struct lexer lexer = {.at = value};
	char word[POLICY_NAME_SIZE];

	bounce->named |= is_named_system(value);
	if (*bounce->from || mailbox_of_header(value, bounce->from) || !strstr(value, "<>"))
		return;
	bounce->nobody = true;
	if (lexer_word(&lexer, "<", word, sizeof(word)) && is_mailbox_of(word, "mailer-daemon"))
		strcpy(bounce->from, "MAILER-DAEMON");
}

static void take_failed_recipients(struct bounce *bounce, const char *value)
{
	if (!bounce->failed_recipients)
		mailbox_of_header(value, bounce->failed_recipient);
	bounce->failed_recipients = true;
}

/* The first counts, unless a later one makes it a report (RFC 5322 allows only one). */
static void take_content_type(struct bounce *bounce, const char *value)
{
	struct content_type content;

	if (strcmp(bounce->content.type, "multipart/report") == 0)
		return;
	content_type_read(value, &content);
	if (!*bounce->content.type || strcmp(content.type, "multipart/report") == 0)
		bounce->content = content;
}

void bounce_header(struct bounce *bounce, const char *name, const char *value)
{
	if (strcasecmp(name, "Content-Type") == 0)
		take_content_type(bounce, value);
	else if (strcasecmp(name, "Auto-Submitted") == 0)
		take_auto_submitted(bounce, value);
	else if (strcasecmp(name, "X-Failed-Recipients") == 0)
		take_failed_recipients(bounce, value);
	else if (strcasecmp(name, "X-MS-Exchange-Generated-Message-Source") == 0)
		bounce->notified |= strcasecmp(value, "Mailbox Rules Agent") == 0;
	else if (strcasecmp(name, "X-Apple-Action") == 0)
		bounce->notified |= first_word_is(value, "vacation");
	else if (strcasecmp(name, "From") == 0)
		take_from(bounce, value);
	else if (strcasecmp(name, "Subject") == 0)
		bounce->fails |= says_failure(value);
}

static bool is_report(const struct bounce *bounce, const char *type)
{
	return strcmp(bounce->content.type, "multipart/report") == 0 &&
	       strcmp(bounce->content.report_type, type) == 0;
}

/* A receipt, a complaint: it has the original in it, as a bounce has. */
static bool is_other_report(const struct bounce *bounce)
{
	return strcmp(bounce->content.type, "multipart/report") == 0 &&
	       *bounce->content.report_type && !is_report(bounce, "delivery-status");
}

bool bounce_begin_body(struct bounce *bounce)
{
	bool is_system = is_from_system(bounce) && !is_other_report(bounce);
	bool parts = *bounce->content.boundary &&
		     (is_system || is_report(bounce, "delivery-status") || is_report(bounce, ""));

	dsn_begin(&bounce->dsn, parts ? bounce->content.boundary : "");
	if (!parts && is_system)
		dsn_begin_text(&bounce->dsn);
	return parts || is_system;
}

/* qmail sends the bounce of a bounce from <#@[]>. */
static bool is_null_sender(const char *envelope_from)
{
	return !*envelope_from || is_mailbox_of(envelope_from, "mailer-daemon") ||
	       strcmp(envelope_from, "#@[]") == 0;
}

/*
 * Of the message that comes back. A person who is the postmaster may forward one as an attachment:
 * then the subject must say what it is.
 */
static bool has_original(const struct bounce *bounce)
{
	return bounce->dsn.notice.has_header ||
	       (bounce->dsn.has_original && is_from_nobody(bounce));
}

/* A complaint may quote the subject of the mail that it is about. */
static bool has_sign(const struct bounce *bounce)
{
	return bounce->replied || bounce->failed_recipients || bounce->dsn.has_status ||
	       has_original(bounce) || (bounce->fails && !is_other_report(bounce));
}

bool bounce_is_bounce(const struct bounce *bounce, const char *envelope_from)
{
	if ((envelope_from && is_null_sender(envelope_from)) ||
	    is_report(bounce, "delivery-status") ||
	    (is_report(bounce, "") && bounce->dsn.has_status))
		return true;
	if (is_from_daemon(bounce) && bounce->generated)
		return true;
	return is_from_system(bounce) && has_sign(bounce);
}

/* A delivery status without a cause leaves it to the text. */
const char *bounce_unknown_recipient(const struct bounce *bounce)
{
	const struct dsn *dsn = &bounce->dsn;

	if (*dsn->unknown_recipient || !dsn->notice.unknown ||
	    (dsn->has_status && !dsn->leaves_to_text))
		return text_or_null(dsn->unknown_recipient);
	if (*dsn->vague_recipient)
		return dsn->vague_recipient;
	return text_or_null(*dsn->notice.recipient ? dsn->notice.recipient
						   : bounce->failed_recipient);
}

const char *bounce_original_id(const struct bounce *bounce)
{
	return text_or_null(*bounce->dsn.original_id ? bounce->dsn.original_id
						     : bounce->dsn.notice.original_id);
}

bool bounce_is_failure(const struct bounce *bounce)
{
	if (is_other_report(bounce))
		return false;
	if (bounce->dsn.has_status)
		return bounce->dsn.has_failed || !bounce->dsn.has_other_action;
	return !bounce_is_automatic(bounce) || bounce->failed_recipients || is_from_system(bounce);
}

bool bounce_is_automatic(const struct bounce *bounce)
{
	return bounce->replied || bounce->notified || is_report(bounce, "disposition-notification");
}
