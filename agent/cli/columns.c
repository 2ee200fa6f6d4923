/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells wait as text until all widths are known. */
#include "cli/columns.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/disarm.h"

#define COLUMNS_MAX 12

struct columns {
	size_t n_columns;
	bool right[COLUMNS_MAX];
	size_t widths[COLUMNS_MAX];
	char **cells; /* row by row, the headers first */
	size_t n_cells;
	size_t capacity;
};

/* Out of memory ends the CLI: it holds no state. */
static void *must(void *pointer)
{
	if (!pointer) {
		fputs("postern: out of memory\n", stderr);
		exit(1);
	}
	return pointer;
}

static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

/* Consumes `text`. */
static void add_cell(struct columns *columns, char *text)
{
	size_t column = columns->n_cells % columns->n_columns;
	size_t width;

	disarm_text(text);
	width = text_width(text);
	if (width > columns->widths[column])
		columns->widths[column] = width;
	if (columns->n_cells == columns->capacity) {
		columns->capacity = columns->capacity ? 2 * columns->capacity : 64;
		columns->cells = must(
			reallocarray(columns->cells, columns->capacity, sizeof(*columns->cells)));
	}
	columns->cells[columns->n_cells++] = text;
}

struct columns *columns_new(const char *headers)
{
	_cleanup_(free_p) char *copy = must(strdup(headers));
	struct columns *columns = must(calloc(1, sizeof(*columns)));
	char *names[COLUMNS_MAX];
	char *rest = copy;
	char *name;

	while (columns->n_columns < COLUMNS_MAX && (name = strsep(&rest, "|"))) {
		columns->right[columns->n_columns] = *name == '>';
		names[columns->n_columns++] = *name == '>' ? name + 1 : name;
	}
	for (size_t i = 0; i < columns->n_columns; i++)
		add_cell(columns, must(strdup(names[i])));
	return columns;
}

void columns_add(struct columns *columns, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	must(vasprintf(&text, format, arguments) < 0 ? NULL : text);
	va_end(arguments);
	if (!*text) {
		free(text);
		text = must(strdup("-"));
	}
	add_cell(columns, text);
}

void columns_add_text(struct columns *columns, const char *text)
{
	columns_add(columns, "%s", text ? text : "");
}

void columns_print(struct columns *columns, FILE *out)
{
	for (size_t i = 0; i < columns->n_cells; i++) {
		const char *text = columns->cells[i];
		size_t column = i % columns->n_columns;
		bool last = column == columns->n_columns - 1;
		int padding = (int)(columns->widths[column] - text_width(text));

		if (columns->right[column])
			fprintf(out, "%*s%s", padding, "", text);
		else
			fprintf(out, "%s%*s", text, last ? 0 : padding, "");
		fputs(last ? "\n" : "  ", out);
		free(columns->cells[i]);
	}
	free(columns->cells);
	free(columns);
}
