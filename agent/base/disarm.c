/* SPDX-License-Identifier: BSD-2-Clause */
/* Decodes UTF-8 (RFC 3629) character by character. */
#include "base/disarm.h"

#define INVALID UINT32_MAX

/* The first character in *ret_point, INVALID for a byte of no UTF-8; returns its bytes. */
static size_t decode(const char *text, uint32_t *ret_point)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = {
		{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	const unsigned char *bytes = (const unsigned char *)text;
	size_t more = 0;
	uint32_t point;

	*ret_point = INVALID;
	while (more < 4 && (bytes[0] & forms[more].mask) != forms[more].lead)
		more++;
	if (more == 4)
		return 1;
	point = bytes[0] & (unsigned char)~forms[more].mask;
	for (size_t i = 1; i <= more; i++) {
		if ((bytes[i] & 0xc0) != 0x80) /* the NUL, too */
			return 1;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	if (point < forms[more].least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 1;
	*ret_point = point;
	return more + 1;
}

static bool is_harmful(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x061c, 0x061c},	{0x200e, 0x200f},
		{0x2028, 0x202e}, {0x2066, 0x2069}, {INVALID, INVALID},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

bool disarm_text(char *text)
{
	bool found = false;
	uint32_t point;

	while (*text) {
		size_t size = decode(text, &point);

		if (!is_harmful(point)) {
			text += size;
			continue;
		}
		found = true;
		while (size--)
			*text++ = '?';
	}
	return found;
}

void disarm_json(const char *json, FILE *out)
{
	uint32_t point;

	for (size_t size; *json; json += size) {
		size = decode(json, &point);
		if (!is_harmful(point) || point == '\n')
			fwrite(json, 1, size, out);
		else if (point == INVALID)
			fputc('?', out);
		else
			fprintf(out, "\\u%04x", point);
	}
}
