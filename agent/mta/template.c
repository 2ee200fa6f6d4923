/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The assembler embeds the files, by paths from the top directory; the Makefile has the
 * dependency.
 */
#include "mta/template.h"

#include <assert.h>
#include <string.h>

#define EMBED(symbol, file)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".global " #symbol "\n" #symbol ":\n"                                              \
		".incbin \"agent/mta/" file "\"\n"                                                 \
		".byte 0\n"                                                                        \
		".popsection\n")

EMBED(template_exim_main, "exim/main");
EMBED(template_exim_acl, "exim/acl");
EMBED(template_exim_routers, "exim/routers");
EMBED(template_exim_transports, "exim/transports");
EMBED(template_postfix_master, "postfix/master");
EMBED(template_postfix_main, "postfix/main");
EMBED(template_postfix_default, "postfix/default");

static const struct template_value *find(const char *name, size_t length,
					 const struct template_value *values, size_t n_values)
{
	for (size_t i = 0; i < n_values; i++)
		if (strlen(values[i].name) == length && memcmp(values[i].name, name, length) == 0)
			return &values[i];
	return NULL;
}

void template_print(const char *text, const struct template_value *values, size_t n_values,
		    const struct lane_set *lanes, FILE *out)
{
	const char *name;

	while ((name = strstr(text, "@{"))) {
		const char *end = strchr(name, '}');
		const struct template_value *value;

		fwrite(text, 1, (size_t)(name - text), out);
		name += 2;
		assert(end);
		value = find(name, (size_t)(end - name), values, n_values);
		assert(value);
		value->print(lanes, out);
		text = end + 1;
	}
	fputs(text, out);
}
