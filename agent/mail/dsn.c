/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines to fields, fields to findings. */
#include "mail/dsn.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mail/utf8.h"
#include "mail/message_id.h"
#include "mail/lexer.h"
#include "mail/mailbox.h"

/* ---- status codes */

/* "5.1.1" (RFC 3463), or its subject and detail both 0: "other or undefined". */
struct status {
	unsigned class, subject, detail;
};

static bool read_number(const char **at, unsigned *ret_number)
{
	const char *start = *at;
	unsigned number = 0;

	while (isdigit((unsigned char)**at) && *at - start < 3)
		number = number * 10 + (unsigned)(*(*at)++ - '0');
	*ret_number = number;
	return *at > start && !isdigit((unsigned char)**at);
}

static bool read_status(const char *at, struct status *ret_status)
{
	return read_number(&at, &ret_status->class) && *at++ == '.' &&
	       read_number(&at, &ret_status->subject) && *at++ == '.' &&
	       read_number(&at, &ret_status->detail);
}

/*
 * 5.1.1 bad destination mailbox address; 5.1.10 is what Exchange says of an unknown recipient (and what
 * RFC 7505 says of one whose domain takes no mail).
 */
static bool is_unknown_recipient(const struct status *status)
{
	return status->class == 5 && status->subject == 1 &&
	       (status->detail == 1 || status->detail == 10);
}

/* "smtp; 550-5.1.1 The mailbox …": the first code behind a reply code. */
static bool find_status(const char *diagnostic, struct status *ret_status)
{
	const char *at = strchr(diagnostic, ';');

	for (at = at ? at + 1 : diagnostic; *at; at++)
		if (*at == '5' && isdigit((unsigned char)at[1]) && isdigit((unsigned char)at[2]) &&
		    (at[3] == ' ' || at[3] == '-') && read_status(at + 4, ret_status))
			return true;
	return false;
}

/* ---- fields of a recipient */

static void take_recipient(struct delivery *delivery, const char *value)
{
	struct lexer lexer = {.at = value};
	char type[16];

	/* utf-8 is that of RFC 6533. */
	if (!lexer_word(&lexer, ";", type, sizeof(type)) || !lexer_take(&lexer, ';') ||
	    (strcasecmp(type, "rfc822") != 0 && strcasecmp(type, "utf-8") != 0))
		return;
	if (!mailbox_of_header(lexer.at, delivery->recipient))
		delivery->recipient[0] = '\0';
}

static void take_status_field(struct delivery *delivery, const char *name, const char *value)
{
	struct lexer lexer = {.at = value};
	struct status status;
	char word[16];

	lexer_skip(&lexer);
	if (strcasecmp(name, "Final-Recipient") == 0) {
		take_recipient(delivery, value);
	} else if (strcasecmp(name, "Action") == 0) {
		delivery->failed = lexer_word(&lexer, ";", word, sizeof(word)) &&
				   strcasecmp(word, "failed") == 0;
	} else if (strcasecmp(name, "Status") == 0 && read_status(lexer.at, &status)) {
		delivery->status_says_unknown = is_unknown_recipient(&status);
		delivery->status_is_vague = status.subject == 0 && status.detail == 0;
	} else if (strcasecmp(name, "Diagnostic-Code") == 0 && find_status(value, &status)) {
		delivery->diagnostic_says_unknown = is_unknown_recipient(&status);
	}
}

static void begin_recipient(struct delivery *delivery)
{
	delivery->recipient[0] = '\0';
	delivery->failed = true; /* the field must be there (RFC 3464, 2.3.3), but is not always */
	delivery->status_says_unknown = false;
	delivery->status_is_vague = true;
	delivery->diagnostic_says_unknown = false;
}

static void end_recipient(struct delivery *delivery)
{
	bool unknown = delivery->status_says_unknown ||
		       (delivery->status_is_vague && delivery->diagnostic_says_unknown);

	if (delivery->failed && unknown && !*delivery->unknown_recipient)
		strcpy(delivery->unknown_recipient, delivery->recipient);
	begin_recipient(delivery);
}

/* ---- fields of all kinds */

static void take_field(struct delivery *delivery)
{
	char *colon = memchr(delivery->field, ':', delivery->field_size);
	char *end = colon;
	const char *value;

	if (!colon)
		return;
	value = colon + 1;
	while (end > delivery->field && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	if (delivery->where == DELIVERY_PART && strcasecmp(delivery->field, "Content-Type") == 0)
		content_read(value, &delivery->part);
	else if (delivery->where == DELIVERY_STATUS)
		take_status_field(delivery, delivery->field, value);
	else if (delivery->where == DELIVERY_ORIGINAL && !*delivery->original_id &&
		 strcasecmp(delivery->field, "Message-ID") == 0)
		identifier_read(value, delivery->original_id, sizeof(delivery->original_id));
}

static void end_field(struct delivery *delivery)
{
	if (delivery->field_size > 0)
		take_field(delivery);
	delivery->field_size = 0;
	delivery->field[0] = '\0';
}

/* A NUL in it hides what follows. */
static void append(struct delivery *delivery, const char *text, size_t size)
{
	size_t room = sizeof(delivery->field) - 1 - delivery->field_size;

	size = size < room ? size : room;
	memcpy(delivery->field + delivery->field_size, text, size);
	delivery->field_size += size;
	delivery->field[delivery->field_size] = '\0';
}

/* ---- lines */

static enum delivery_where begin_part_body(struct delivery *delivery)
{
	static const char *const statuses[] = {"message/delivery-status",
					       "message/global-delivery-status"};
	static const char *const originals[] = {"message/rfc822", "text/rfc822-headers",
						"message/rfc822-headers", "message/global",
						"message/global-headers"};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (strcmp(delivery->part.type, statuses[i]) == 0) {
			delivery->has_status = true;
			begin_recipient(delivery);
			return DELIVERY_STATUS;
		}
	}
	for (size_t i = 0; i < sizeof(originals) / sizeof(originals[0]); i++)
		if (strcmp(delivery->part.type, originals[i]) == 0)
			return DELIVERY_ORIGINAL;
	return DELIVERY_SKIPPED;
}

static void take_empty_line(struct delivery *delivery)
{
	end_field(delivery);
	if (delivery->where == DELIVERY_PART)
		delivery->where = begin_part_body(delivery);
	else if (delivery->where == DELIVERY_STATUS)
		end_recipient(delivery);
	else if (delivery->where == DELIVERY_ORIGINAL)
		delivery->where = DELIVERY_DONE;
}

static void take_boundary(struct delivery *delivery, bool closes)
{
	end_field(delivery);
	if (delivery->where == DELIVERY_STATUS)
		end_recipient(delivery);
	delivery->where = closes ? DELIVERY_DONE : DELIVERY_PART;
	delivery->part = (struct content){.type = ""};
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

/* White space may follow (RFC 2046, 5.1.1). */
static bool is_boundary(const struct delivery *delivery, bool *ret_closes)
{
	size_t length = strlen(delivery->boundary);
	const char *rest = delivery->line + 2 + length;

	if (length == 0 || strncmp(delivery->line, "--", 2) != 0 ||
	    strncmp(delivery->line + 2, delivery->boundary, length) != 0)
		return false;
	*ret_closes = strncmp(rest, "--", 2) == 0 && is_blank(rest + 2);
	return *ret_closes || is_blank(rest);
}

static void take_line(struct delivery *delivery)
{
	size_t size = delivery->line_size;
	bool closes;

	if (size > 0 && delivery->line[size - 1] == '\r')
		size--;
	delivery->line[size] = '\0';
	delivery->line_size = 0;
	if (is_boundary(delivery, &closes)) {
		take_boundary(delivery, closes);
	} else if (delivery->where != DELIVERY_PREAMBLE && delivery->where != DELIVERY_SKIPPED) {
		if (size == 0) {
			take_empty_line(delivery);
			return;
		}
		if (delivery->line[0] != ' ' && delivery->line[0] != '\t')
			end_field(delivery);
		append(delivery, delivery->line, size);
	}
}

void delivery_begin(struct delivery *delivery, const char *boundary)
{
	memset(delivery, 0, sizeof(*delivery));
	snprintf(delivery->boundary, sizeof(delivery->boundary), "%s", boundary);
	delivery->where = *boundary ? DELIVERY_PREAMBLE : DELIVERY_DONE;
}

bool delivery_read(struct delivery *delivery, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size && delivery->where != DELIVERY_DONE; i++) {
		if (bytes[i] == '\n')
			take_line(delivery);
		else if (delivery->line_size < sizeof(delivery->line) - 1)
			delivery->line[delivery->line_size++] = (char)bytes[i];
	}
	return delivery->where != DELIVERY_DONE;
}

void delivery_end(struct delivery *delivery)
{
	if (delivery->where == DELIVERY_DONE)
		return;
	if (delivery->line_size > 0)
		take_line(delivery);
	end_field(delivery);
	if (delivery->where == DELIVERY_STATUS)
		end_recipient(delivery);
	delivery->where = DELIVERY_DONE;
}
