/* SPDX-License-Identifier: BSD-2-Clause */
/* libunistring composes and lowers. */
#include "policy/letters.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return !*text;
}

static size_t cut(const uint8_t *text, size_t size, size_t max)
{
	if (size <= max)
		return size;
	while (max > 0 && (text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

void letters_fold(char name[POLICY_NAME_SIZE])
{
	uint8_t space[2 * POLICY_NAME_SIZE];
	size_t size = sizeof(space);
	uint8_t *folded;

	if (is_ascii(name) || u8_check((const uint8_t *)name, strlen(name)))
		return;
	folded = u8_tolower((const uint8_t *)name, strlen(name), NULL, UNINORM_NFC, space, &size);
	if (!folded)
		return;
	size = cut(folded, size, POLICY_NAME_SIZE - 1);
	memcpy(name, folded, size);
	name[size] = '\0';
	if (folded != space)
		free(folded);
}
