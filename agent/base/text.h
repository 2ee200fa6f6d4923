/* SPDX-License-Identifier: BSD-2-Clause */
/* ASCII characters and texts; the locale does not matter. */
#pragma once

#include <stdbool.h>

/* A-Z become a-z. */
char text_lower_character(char c);
void text_lower(char *text);

/* Space, tab, CR and LF. */
bool text_is_blank(char c);

/* Neither NULL nor empty. */
bool text_is_given(const char *text);
/* NULL if it is empty. */
const char *text_or_null(const char *text);
