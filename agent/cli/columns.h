/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables for people: aligned columns, two spaces apart, no borders, no trailing blanks. Widths
 * count characters of UTF-8. Cells are disarmed (base/disarm.h).
 */
#pragma once

#include <stdio.h>

struct columns;

/* Headers separated by '|'; '>' before a header aligns its column to the right. */
struct columns *columns_new(const char *headers);

/* The next cell, row by row; an empty text is printed as "-". */
void columns_add(struct columns *columns, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same; NULL is printed as "-". */
void columns_add_text(struct columns *columns, const char *text);

/* Prints the headers and all rows, then frees the table. */
void columns_print(struct columns *columns, FILE *out);
