/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables for people: aligned columns, two spaces between, no borders, nothing behind the last
 * column. Widths count characters of UTF-8, bytes below ' ' come out as '?'.
 */
#pragma once

#include <stdio.h>

struct columns;

/* Headers separated by '|'; one that begins with '>' heads a column aligned to the right. */
struct columns *columns_new(const char *headers);

/* The next cell, row by row; an empty text shows as "-". */
void columns_add(struct columns *columns, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "-" for NULL, too. */
void columns_add_text(struct columns *columns, const char *text);

/* Prints the headers and all rows, then frees it. */
void columns_print(struct columns *columns, FILE *out);
