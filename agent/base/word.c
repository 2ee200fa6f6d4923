/* SPDX-License-Identifier: BSD-2-Clause */
/* Linear: no enum has more than a few dozen values. */
#include "base/word.h"

#include <errno.h>
#include <string.h>

const char *word_of(const char *const *words, size_t count, unsigned value)
{
	return value < count && words[value] ? words[value] : "invalid";
}

int word_find(const char *const *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (words[i] && strcmp(words[i], name) == 0)
			return (int)i;
	return -EINVAL;
}
