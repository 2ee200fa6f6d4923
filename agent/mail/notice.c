/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells fields of a header from sentences. */
#include "mail/notice.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "mail/mailbox.h"
#include "mail/message_id.h"
#include "mail/refusal.h"

static bool is_field(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncasecmp(line, name, length) == 0 && line[length] == ':';
}

/* Forwarded mail has From, To, Subject and Date as well: a copy also has a field of a trace. */
static bool take_field(struct notice *notice, const char *line)
{
	static const char *const traces[] = {"Received", "Return-Path", "Message-ID"};
	static const char *const others[] = {"From", "To", "Subject", "Date"};
	bool found = false;

	if (!strchr("RMFTSDrmftsd", *line))
		return false;
	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]) && !found; i++)
		if ((found = is_field(line, traces[i])))
			notice->trace |= 1u << i;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]) && !found; i++)
		if ((found = is_field(line, others[i])))
			notice->others |= 1u << i;
	if (__builtin_popcount(notice->trace) + __builtin_popcount(notice->others) >= 3)
		notice->has_header |= notice->trace != 0;
	return found;
}

/* A name without blanks, then a colon; a fold continues a field. */
static bool continues_header(const struct notice *notice, const char *line)
{
	size_t length = strcspn(line, ": \t");

	return (notice->trace || notice->others) &&
	       (text_is_blank(*line) || (length > 0 && line[length] == ':'));
}

static bool is_path_edge(char c)
{
	return text_is_blank(c) || strchr("<>\"'()[],;:*", c) != NULL; /* the NUL is one, too */
}

/* The last address of the line: "<a@b>", "a@b:", "\"a@b\"". */
static void take_address(struct notice *notice, const char *line)
{
	for (const char *at = strchr(line, '@'); at; at = strchr(at + 1, '@')) {
		const char *start = at, *end = at;

		while (start > line && !is_path_edge(start[-1]))
			start--;
		while (!is_path_edge(*end))
			end++;
		while (end[-1] == '.')
			end--;
		if (start == at || end == at + 1 || (size_t)(end - start) >= sizeof(notice->path))
			continue;
		memcpy(notice->path, start, (size_t)(end - start));
		notice->path[end - start] = '\0';
		if (*end == '>')
			return;
	}
}

/* Lotus Notes names the recipient behind the cause. */
static void take_sentence(struct notice *notice, const char *line)
{
	notice->trace = notice->others = 0;
	if (notice->has_header || (notice->unknown && *notice->recipient))
		return;
	take_address(notice, line);
	if (!notice->unknown && !refusal_text_is_unknown(line))
		return;
	notice->unknown = true;
	mailbox_parse(notice->path, notice->recipient);
}

void notice_line(struct notice *notice, const char *line)
{
	if (!*notice->original_id && is_field(line, "Message-ID"))
		message_id_read(line + strlen("Message-ID:"), notice->original_id,
				sizeof(notice->original_id));
	if (!take_field(notice, line) && !continues_header(notice, line))
		take_sentence(notice, line);
}
