/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares and converts character by character. */
#include "base/text.h"

#include <stddef.h>

char text_lower_character(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void text_lower(char *text)
{
	for (; *text; text++)
		*text = text_lower_character(*text);
}

bool text_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool text_is_given(const char *text)
{
	return text && *text;
}

const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}
