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

static void take_recipient(struct dsn *dsn, const char *value)
{
	struct lexer lexer = {.at = value};
	char type[16];

	/* utf-8: RFC 6533 */
	if (!lexer_word(&lexer, ";", type, sizeof(type)) || !lexer_take(&lexer, ';') ||
	    (strcasecmp(type, "rfc822") != 0 && strcasecmp(type, "utf-8") != 0))
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
	dsn->failed = true; /* Action is mandatory (RFC 3464, 2.3.3), but sometimes missing */
	dsn->status = dsn->diagnostic = REFUSAL_VAGUE;
}

/* Status is the reporting server's, the diagnostic the receiver's: neither may speak against it. */
static bool is_unknown(const struct dsn *dsn)
{
	return (dsn->status == REFUSAL_UNKNOWN_RECIPIENT ||
		dsn->diagnostic == REFUSAL_UNKNOWN_RECIPIENT) &&
	       dsn->status != REFUSAL_OTHER && dsn->diagnostic != REFUSAL_OTHER;
}

static void end_recipient(struct dsn *dsn)
{
	if (dsn->failed && is_unknown(dsn) && !*dsn->unknown_recipient)
		strcpy(dsn->unknown_recipient, dsn->recipient);
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
	if (dsn->skips_text)
		return DSN_SKIPPED;
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
	memset(dsn, 0, sizeof(*dsn));
	snprintf(dsn->boundary, sizeof(dsn->boundary), "%s", boundary);
	dsn->where = *boundary ? DSN_PREAMBLE : DSN_DONE;
}

void dsn_begin_text(struct dsn *dsn)
{
	memset(dsn, 0, sizeof(*dsn));
	dsn->where = DSN_TEXT;
}

bool dsn_read(struct dsn *dsn, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size && dsn->where != DSN_DONE; i++) {
		if (bytes[i] == '\n')
			take_line(dsn);
		else if (dsn->line_size < sizeof(dsn->line) - 1)
			dsn->line[dsn->line_size++] = (char)bytes[i];
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
