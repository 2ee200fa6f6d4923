/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks names label by label. */
#include "base/hostname.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"

#define LABEL_MAX_BYTES 63
#define DIGITS		"0123456789"

static bool is_label(const char *label, size_t size)
{
	if (size == 0 || size > LABEL_MAX_BYTES)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	return true;
}

bool hostname_is_dns(const char *text)
{
	size_t size;

	if (strlen(text) > HOSTNAME_MAX_BYTES)
		return false;
	do {
		size = strcspn(text, ".");
		if (!is_label(text, size))
			return false;
		text += size;
	} while (*text++);
	return true;
}

bool hostname_is_domain(const char *text)
{
	const char *last = strrchr(text, '.');

	return last && hostname_is_dns(text) && text[0] != '-' && last[strlen(last) - 1] != '-' &&
	       !strchr(text, '_') && !strstr(text, "-.") && !strstr(text, ".-") &&
	       last[1 + strspn(last + 1, DIGITS)];
}

bool hostname_is_literal(const char *text)
{
	bool ipv6 = strncasecmp(text, "[IPv6:", 6) == 0;
	size_t size = strlen(text), start = ipv6 ? 6 : 1;
	char inner[ADDRESS_TEXT_SIZE];
	struct address address;

	if (text[0] != '[' || size < start + 1 || size > start + sizeof(inner) ||
	    text[size - 1] != ']')
		return false;
	snprintf(inner, sizeof(inner), "%.*s", (int)(size - start - 1), text + start);
	return address_parse(inner, &address) == 0 && (strchr(inner, ':') != NULL) == ipv6;
}
