/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts a message into headers and pieces of its body. */
#include "fuzz/mail_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/message.h"

#define PIECE_MAX 97 /* small: cuts fall everywhere */

struct cursor {
	const char *at, *end;
};

/* A line without its end. */
static size_t line_size(const struct cursor *cursor)
{
	const char *end = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));

	return (size_t)((end ? end : cursor->end) - cursor->at);
}

static void next_line(struct cursor *cursor)
{
	cursor->at += line_size(cursor);
	if (cursor->at < cursor->end)
		cursor->at++;
}

static bool is_folded(const struct cursor *cursor)
{
	return cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t');
}

static void feed_header(struct message *message, const char *start, const char *end)
{
	const char *colon = memchr(start, ':', (size_t)(end - start));
	char *name, *value;

	if (!colon)
		return;
	name = strndup(start, (size_t)(colon - start));
	/* Most MTAs leave out the blank after the colon. */
	colon += colon + 1 < end && colon[1] == ' ';
	value = strndup(colon + 1, (size_t)(end - colon - 1));
	if (!name || !value)
		abort();
	message_header(message, name, value);
	free(name);
	free(value);
}

static void feed_headers(struct message *message, struct cursor *cursor)
{
	while (cursor->at < cursor->end) {
		const char *start = cursor->at, *end;
		size_t size = line_size(cursor);

		if (size == 0 || (size == 1 && *start == '\r'))
			break;
		do {
			end = cursor->at + line_size(cursor);
			next_line(cursor);
		} while (is_folded(cursor));
		feed_header(message, start, end > start && end[-1] == '\r' ? end - 1 : end);
	}
	next_line(cursor);
}

static size_t piece_size(unsigned *seed, size_t left)
{
	size_t size;

	if (*seed == 0)
		return left;
	*seed = *seed * 1103515245 + 12345; /* the example of the C standard */
	*seed |= 1;
	size = 1 + (*seed >> 16) % PIECE_MAX;
	return size < left ? size : left;
}

struct message *mail_feed(const struct config_mail *config, const uint8_t *bytes, size_t size,
			  unsigned seed)
{
	struct cursor cursor = {.at = (const char *)bytes, .end = (const char *)bytes + size};
	struct message *message;

	if (message_new(config, &message) < 0)
		abort();
	feed_headers(message, &cursor);
	if (!message_wants_body(message))
		return message;
	while (cursor.at < cursor.end) {
		size_t piece = piece_size(&seed, (size_t)(cursor.end - cursor.at));

		if (!message_body(message, (const unsigned char *)cursor.at, piece))
			break;
		cursor.at += piece;
	}
	return message;
}

static void tell(char told[MAIL_TOLD_SIZE], const char *name, const char *value)
{
	size_t length = strlen(told);

	if (value)
		snprintf(told + length, MAIL_TOLD_SIZE - length, "%s%s%s", length ? " " : "", name,
			 value);
}

void mail_tell(struct message *message, const char *envelope_from, char ret_told[MAIL_TOLD_SIZE])
{
	static const char *const auth[] = {NULL, "none", "pass", "fail"};
	struct message_findings findings;

	message_findings(message, envelope_from, &findings);
	ret_told[0] = '\0';
	tell(ret_told, "id=", findings.message_id);
	tell(ret_told, "from=", findings.header_from);
	tell(ret_told, "mark=", findings.mark ? findings.mark->header : NULL);
	tell(ret_told, "spam", findings.spam ? "" : NULL);
	tell(ret_told, "bounce", findings.bounce ? "" : NULL);
	tell(ret_told, "automatic", findings.automatic ? "" : NULL);
	tell(ret_told, "spf=", auth[findings.spf]);
	tell(ret_told, "dkim=", auth[findings.dkim]);
	tell(ret_told, "no-failure", findings.bounce && !findings.failure ? "" : NULL);
	tell(ret_told, "unknown=", findings.unknown_recipient);
	tell(ret_told, "original=", findings.original_id);
}
