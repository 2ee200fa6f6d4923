/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts alone; cli/edit.c reads and writes the files. */
#include "mta/block.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define BEGIN "# BEGIN postern"
#define END   "# END postern"
#define TITLE " (by 'postern mta', which replaces it)\n"
/* The last line of the operator had no end, so the block gave it one. */
#define TITLE_OF_OPEN " (by 'postern mta', which replaces it; the line above had no end)\n"

struct block {
	const char *begin; /* with the end that it gave the line above; NULL: there is none */
	const char *end;   /* behind its last line */
};

static bool begins(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && strchr(" \n", line[length]);
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

static int line_number(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

static int find(const char *text, const char *file, struct block *ret_block, struct error *error)
{
	struct block block = {0};

	for (const char *line = text; *line; line = next_line(line)) {
		bool is_end = begins(line, END);

		if (begins(line, BEGIN) ? block.begin != NULL
					: is_end && (!block.begin || block.end))
			return error_set(
				error, -EINVAL,
				"%s:%d: found a second or half a block of Postern, expected "
				"one '" BEGIN "' and one '" END "': remove what is left over",
				file, line_number(text, line));
		if (begins(line, BEGIN))
			block.begin = line;
		if (is_end)
			block.end = next_line(line);
	}
	if (block.begin && !block.end)
		return error_set(error, -EINVAL, "%s:%d: found '" BEGIN "' without '" END "'", file,
				 line_number(text, block.begin));
	if (block.begin &&
	    strncmp(block.begin + strlen(BEGIN), TITLE_OF_OPEN, strlen(TITLE_OF_OPEN)) == 0)
		block.begin--;
	*ret_block = block;
	return 0;
}

static int join(const char *text, const struct block *block, const char *middle, char **ret_text,
		struct error *error)
{
	const char *behind = block->begin ? block->end : text + strlen(text);
	int before = (int)(block->begin ? block->begin - text : behind - text);

	if (asprintf(ret_text, "%.*s%s%s", before, text, middle, behind) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int block_put(const char *text, const char *body, const char *file, char **ret_text,
	      struct error *error)
{
	_cleanup_(free_p) char *middle = NULL;
	struct block block;
	const char *start;
	bool is_open;
	int r = find(text, file, &block, error);

	if (r < 0)
		return r;
	start = block.begin ? block.begin : text + strlen(text);
	is_open = block.begin ? *start == '\n' : start > text && start[-1] != '\n';
	if (asprintf(&middle, "%s" BEGIN "%s%s" END "\n", is_open ? "\n" : "",
		     is_open ? TITLE_OF_OPEN : TITLE, body) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return join(text, &block, middle, ret_text, error);
}

int block_remove(const char *text, const char *file, char **ret_text, struct error *error)
{
	struct block block;
	int r = find(text, file, &block, error);

	return r < 0 ? r : join(text, &block, "", ret_text, error);
}

/* ---- keys of others */

/* The word that a setting or a service begins with; 0: a comment, a blank or a continued line. */
static size_t word_of(const char *line)
{
	return strchr("# \t\n", *line) ? 0 : strcspn(line, " \t=\n");
}

static bool has_word(const char *body, const char *word, size_t length)
{
	for (const char *line = body; *line; line = next_line(line))
		if (word_of(line) == length && strncmp(line, word, length) == 0)
			return true;
	return false;
}

int block_check(const char *text, const char *body, const char *file, struct error *error)
{
	struct block block;
	int r = find(text, file, &block, error);

	for (const char *line = text; r == 0 && *line; line = next_line(line)) {
		size_t length = word_of(line);

		if (block.begin && line >= block.begin && line < block.end)
			continue;
		if (length && has_word(body, line, length))
			r = error_set(
				error, -EEXIST,
				"%s:%d: found '%.*s' of your own, expected it in the block of "
				"Postern alone: remove the line, or merge the two by what "
				"'postern mta postfix' prints",
				file, line_number(text, line), (int)length, line);
	}
	return r;
}
