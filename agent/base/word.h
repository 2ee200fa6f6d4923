/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of words for enums: value to word and back. An entry that is NULL has no word. */
#pragma once

#include <stddef.h>

/* Never NULL; "invalid" for a value without a word. */
const char *word_of(const char *const *words, size_t count, unsigned value);

/* The value of the word, or -EINVAL. */
int word_find(const char *const *words, size_t count, const char *name);

#define WORD_OF(words, value)  word_of(words, sizeof(words) / sizeof((words)[0]), value)
#define WORD_FIND(words, name) word_find(words, sizeof(words) / sizeof((words)[0]), name)
