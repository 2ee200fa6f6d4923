/* SPDX-License-Identifier: BSD-2-Clause */
/* Well-formed UTF-8 by table 3-7 of the Unicode Standard. */
#include "mail/utf8.h"

#include <stdbool.h>
#include <string.h>

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The size of the character at `at`; 0: none is valid there. */
static size_t character_size(const unsigned char *at, size_t size)
{
	size_t n = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;

	if (*at < ' ' || *at == 0x7f || *at > 0xf4 || n > size)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (!is_continuation(at[i]))
			return 0;
	/* C1 controls, overlong forms, surrogates, past U+10FFFF. */
	if ((at[0] == 0xc2 && at[1] < 0xa0) || (at[0] == 0xe0 && at[1] < 0xa0) ||
	    (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return n;
}

size_t utf8_clean(const char *bytes, size_t size, char *ret_text, size_t ret_size)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t length = 0;

	while (size > 0) {
		size_t n = character_size(at, size);
		size_t taken = n ? n : 1;

		if (length + taken >= ret_size)
			break;
		if (n)
			memcpy(ret_text + length, at, n);
		else
			ret_text[length] = '?';
		length += taken;
		at += taken;
		size -= taken;
	}
	ret_text[length] = '\0';
	return length;
}

size_t utf8_cut(const char *text, size_t max)
{
	size_t length = strnlen(text, max + 1);

	if (length <= max)
		return length;
	length = max;
	while (length > 0 && is_continuation((unsigned char)text[length]))
		length--;
	return length;
}
