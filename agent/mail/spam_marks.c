/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares word by word, without regard to case. */
#include "mail/spam_marks.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "config/config.h"
#include "mail/lexer.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool begins_with(const char *value, const char *mark)
{
	struct lexer lexer = {.at = value};

	/* A mark that begins with '(' matches a comment. */
	if (*mark != '(')
		lexer_skip(&lexer);
	else
		lexer.at += strspn(value, " \t\r\n");
	while (*mark) {
		if (is_blank(*mark)) {
			if (!lexer_skip(&lexer))
				return false;
			mark += strspn(mark, " \t");
		} else if (text_lower_character(*lexer.at++) != text_lower_character(*mark++)) {
			return false;
		}
	}
	return !isalnum((unsigned char)*lexer.at);
}

static bool matches(const struct config_mark *mark, const char *name, const char *value)
{
	return strcasecmp(mark->header, name) == 0 &&
	       (!*mark->value || begins_with(value, mark->value));
}

const struct config_mark *spam_marks_find(const struct config_mail *config, const char *name,
					  const char *value)
{
	for (size_t i = 0; i < config->n_spam_marks; i++)
		if (matches(&config->spam_marks[i], name, value))
			return &config->spam_marks[i];
	return NULL;
}

static void take_verdict(struct spam_marks *marks, const struct config_mark *mark)
{
	unsigned index = scanner_index(mark->scanner);

	if (mark->scanner->on_top && marks->said & 1u << index)
		return;
	marks->said |= 1u << index;
	marks->verdicts[index] = mark;
}

/* A header may be one of several scanners. */
void spam_marks_read(struct spam_marks *marks, const struct config_mail *config, const char *name,
		     const char *value)
{
	const struct config_mark *mark = spam_marks_find(config, name, value);
	const struct config_mark *end = config->spam_marks + config->n_spam_marks;

	for (; mark && mark < end; mark++) {
		if (!matches(mark, name, value))
			continue;
		if (mark->scanner)
			take_verdict(marks, mark);
		else if (!marks->plain)
			marks->plain = mark;
	}
}

const struct config_mark *spam_marks_result(const struct spam_marks *marks)
{
	if (marks->plain)
		return marks->plain;
	for (unsigned i = 0; i < SCANNERS_MAX; i++)
		if (marks->verdicts[i] && !marks->verdicts[i]->clean)
			return marks->verdicts[i];
	return NULL;
}
