/* SPDX-License-Identifier: BSD-2-Clause */
/* Joins lines to fields, and reads findings from fields. */
#include "mail/dsn.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mail/utf8.h"
#include "mail/message_id.h"
#include "mail/lexer.h"
#include "mail/mailbox.h"
#include "mail/refusal.h"

/* ---- fields of a recipient */

/* utf-8: RFC 6533; "rfc822/": a gateway's. */
static void take_recipient(struct dsn *dsn, const char *value)
{
	struct lexer lexer = {.at = value};
	char type[16];

	if (!lexer_word(&lexer, ";", type, sizeof(type)) || !lexer_take(&lexer, ';') ||
	    (strcasecmp(type, "rfc822") != 0 && strcasecmp(type, "rfc822/") != 0 &&
	     strcasecmp(type, "utf-8") != 0))
		return;
	if (!mailbox_of_header(lexer.at, dsn->recipient))
		dsn->recipient[0] = '\0';
}

/* RFC 3464, 2.3.3; (un)deliverable: Postfix, of a probe. A word cut short is none of them. */
static bool is_other_action(const char *word)
{
	static const char *const words[] = {"delayed",	"delivered",   "relayed",
					    "expanded", "deliverable", "undeliverable"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i], word) == 0)
			return true;
	return false;
}

static void take_action(struct dsn *dsn, const char *value)
{
	struct lexer lexer = {.at = value};
	char word[16];

	dsn->failed =
		lexer_word(&lexer, ";", word, sizeof(word)) && strcasecmp(word, "failed") == 0;
	dsn->has_action = true;
	dsn->has_failed |= dsn->failed;
	dsn->has_other_action |= is_other_action(word);
}

static void take_status_field(struct dsn *dsn, const char *name, const char *value)
{
	struct lexer lexer = {.at = value};

	lexer_skip(&lexer);
	if (strcasecmp(name, "Final-Recipient") == 0) {
		take_recipient(dsn, value);
	} else if (strcasecmp(name, "Action") == 0) {
		take_action(dsn, value);
	} else if (strcasecmp(name, "Status") == 0) {
		dsn->status = refusal_of_status(lexer.at);
	} else if (strcasecmp(name, "Diagnostic-Code") == 0) {
		dsn->diagnostic = refusal_of_diagnostic(value);
	}
}

static void begin_recipient(struct dsn *dsn)
{
	dsn->recipient[0] = '\0';
	dsn->has_action = false;
	dsn->failed = true; /* Action is mandatory (RFC 3464, 2.3.3), but sometimes missing */
	dsn->status = dsn->diagnostic = REFUSAL_VAGUE;
}

/* McAfee names no Final-Recipient, OpenSMTPD no cause: its text does. */
static void end_recipient(struct dsn *dsn)
{
	enum refusal refusal = refusal_weigh(dsn->status, dsn->diagnostic);
	bool unknown = refusal == REFUSAL_UNKNOWN_RECIPIENT;

	if (dsn->failed && unknown && !*dsn->unknown_recipient)
		strcpy(dsn->unknown_recipient, dsn->recipient);
	if (dsn->failed && dsn->has_action && !dsn->leaves_to_text &&
	    (refusal == REFUSAL_VAGUE || (unknown && !*dsn->recipient))) {
		dsn->leaves_to_text = true;
		strcpy(dsn->vague_recipient, dsn->recipient);
	}
	begin_recipient(dsn);
}

/* ---- fields of all kinds */

static void take_field(struct dsn *dsn)
{
	char *colon = memchr(dsn->field, ':', dsn->field_size);
	char *end = colon;
	const char *value;

	if (!colon)
		return;
	value = colon + 1;
	while (end > dsn->field && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	if (dsn->where == DSN_PART && strcasecmp(dsn->field, "Content-Type") == 0)
		content_type_read(value, &dsn->part);
	else if (dsn->where == DSN_STATUS)
		take_status_field(dsn, dsn->field, value);
	else if (dsn->where == DSN_ORIGINAL && !*dsn->original_id &&
		 strcasecmp(dsn->field, "Message-ID") == 0)
		message_id_read(value, dsn->original_id, sizeof(dsn->original_id));
}

static void end_field(struct dsn *dsn)
{
	if (dsn->field_size > 0)
		take_field(dsn);
	dsn->field_size = 0;
	dsn->field[0] = '\0';
}

/* A NUL ends the field: the readers take a C string. */
static void append(struct dsn *dsn, const char *text, size_t size)
{
	size_t space = sizeof(dsn->field) - 1 - dsn->field_size;

	size = size < space ? size : space;
	memcpy(dsn->field + dsn->field_size, text, size);
	dsn->field_size += size;
	dsn->field[dsn->field_size] = '\0';
}

/* ---- lines */

static enum dsn_where begin_part_body(struct dsn *dsn)
{
	static const char *const statuses[] = {"message/delivery-status",
					       "message/global-delivery-status"};
	static const char *const originals[] = {"message/rfc822", "text/rfc822-headers",
						"message/rfc822-headers", "message/global",
						"message/global-headers"};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (strcmp(dsn->part.type, statuses[i]) == 0) {
			dsn->has_status = true;
			begin_recipient(dsn);
			return DSN_STATUS;
		}
	}
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		if (strcmp(dsn->part.type, originals[i]) == 0) {
			dsn->has_original = true;
			return DSN_ORIGINAL;
		}
	return !*dsn->part.type || strcmp(dsn->part.type, "text/plain") == 0 ? DSN_TEXT
									     : DSN_SKIPPED;
}

static void take_empty_line(struct dsn *dsn)
{
	end_field(dsn);
	if (dsn->where == DSN_PART)
		dsn->where = begin_part_body(dsn);
	else if (dsn->where == DSN_STATUS)
		end_recipient(dsn);
	else if (dsn->where == DSN_ORIGINAL)
		dsn->where = DSN_DONE;
}

static void take_boundary(struct dsn *dsn, bool closes)
{
	end_field(dsn);
	if (dsn->where == DSN_STATUS)
		end_recipient(dsn);
	dsn->where = closes ? DSN_DONE : DSN_PART;
	dsn->part = (struct content_type){.type = ""};
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

/* RFC 2046, 5.1.1: white space may follow a boundary. */
static bool is_boundary(const struct dsn *dsn, bool *ret_closes)
{
	size_t length = strlen(dsn->boundary);
	const char *rest = dsn->line + 2 + length;

	if (length == 0 || strncmp(dsn->line, "--", 2) != 0 ||
	    strncmp(dsn->line + 2, dsn->boundary, length) != 0)
		return false;
	*ret_closes = strncmp(rest, "--", 2) == 0 && is_blank(rest + 2);
	return *ret_closes || is_blank(rest);
}

/* "=" at the end joins a line with the next one (quoted-printable, RFC 2045, 6.7). */
static bool is_joined(const struct dsn *dsn, size_t size)
{
	return dsn->where == DSN_TEXT && size > 1 && size < DSN_LINE_SIZE / 2 &&
	       dsn->line[size - 1] == '=' && dsn->line[size - 2] != '=';
}

/* The copy of the original's header ends a message that is a single text. */
static void take_text(struct dsn *dsn)
{
	notice_line(&dsn->notice, dsn->line);
	if (!*dsn->line && dsn->notice.has_header && !*dsn->boundary)
		dsn->where = DSN_DONE;
}

static void take_line(struct dsn *dsn)
{
	size_t size = dsn->line_size;
	bool closes;

	if (size > 0 && dsn->line[size - 1] == '\r')
		size--;
	if (is_joined(dsn, size)) {
		dsn->line_size = size - 1;
		return;
	}
	dsn->line[size] = '\0';
	dsn->line_size = 0;
	if (is_boundary(dsn, &closes)) {
		take_boundary(dsn, closes);
	} else if (dsn->where == DSN_TEXT) {
		take_text(dsn);
	} else if (dsn->where != DSN_PREAMBLE && dsn->where != DSN_SKIPPED) {
		if (size == 0) {
			take_empty_line(dsn);
			return;
		}
		if (dsn->line[0] != ' ' && dsn->line[0] != '\t')
			end_field(dsn);
		append(dsn, dsn->line, size);
	}
}

void dsn_begin(struct dsn *dsn, const char *boundary)
{
	snprintf(dsn->boundary, sizeof(dsn->boundary), "%s", boundary);
	dsn->where = *boundary ? DSN_PREAMBLE : DSN_DONE;
}

void dsn_begin_text(struct dsn *dsn)
{
	dsn->where = DSN_TEXT;
}

static void append_to_line(struct dsn *dsn, const unsigned char *bytes, size_t size)
{
	size_t space = sizeof(dsn->line) - 1 - dsn->line_size;

	size = size < space ? size : space;
	memcpy(dsn->line + dsn->line_size, bytes, size);
	dsn->line_size += size;
}

bool dsn_read(struct dsn *dsn, const unsigned char *bytes, size_t size)
{
	while (size > 0 && dsn->where != DSN_DONE) {
		const unsigned char *end = memchr(bytes, '\n', size);
		size_t length = end ? (size_t)(end - bytes) : size;

		append_to_line(dsn, bytes, length);
		if (!end)
			break;
		take_line(dsn);
		bytes = end + 1;
		size -= length + 1;
	}
	return dsn->where != DSN_DONE;
}

void dsn_end(struct dsn *dsn)
{
	if (dsn->where == DSN_DONE)
		return;
	if (dsn->line_size > 0)
		take_line(dsn);
	end_field(dsn);
	if (dsn->where == DSN_STATUS)
		end_recipient(dsn);
	dsn->where = DSN_DONE;
}
