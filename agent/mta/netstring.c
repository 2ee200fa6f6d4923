/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses byte by byte and trusts nothing. */
#include "mta/netstring.h"

#include <errno.h>
#include <string.h>

/* The length prefix and its colon. Results as of netstring_read(). */
static long read_length(const char *text, size_t size, size_t max, size_t *ret_length)
{
	size_t length = 0, i;

	for (i = 0; i < size && text[i] >= '0' && text[i] <= '9'; i++) {
		if (i == 1 && text[0] == '0')
			return -EPROTO;
		length = length * 10 + (size_t)(text[i] - '0');
		if (length > max)
			return -EMSGSIZE;
	}
	if (i == size)
		return 0;
	if (i == 0 || text[i] != ':')
		return -EPROTO;
	*ret_length = length;
	return (long)i + 1;
}

long netstring_read(const char *text, size_t size, size_t max, struct netstring *ret_string)
{
	size_t length;
	long begin = read_length(text, size, max, &length);

	if (begin <= 0)
		return begin;
	if (size - (size_t)begin <= length)
		return 0;
	if (text[(size_t)begin + length] != ',')
		return -EPROTO;
	*ret_string = (struct netstring){text + begin, length};
	return begin + (long)length + 1;
}
