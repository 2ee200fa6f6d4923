/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the id between brackets, or the first word. */
#include "mail/message_id.h"

#include <string.h>

#include "mail/utf8.h"
#include "mail/lexer.h"

bool message_id_read(const char *value, char *ret_id, size_t size)
{
	struct lexer lexer = {.at = value};
	size_t length;
	bool bracket;

	ret_id[0] = '\0';
	bracket = lexer_take(&lexer, '<');
	length = strcspn(lexer.at, bracket ? ">\r\n" : " \t\r\n");
	if (length >= size || (bracket && lexer.at[length] != '>'))
		return false;
	return utf8_clean(lexer.at, length, ret_id, size) > 0;
}
