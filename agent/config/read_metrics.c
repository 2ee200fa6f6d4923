/* SPDX-License-Identifier: BSD-2-Clause */
/* The key `metrics`: an address and a port, or off. */
#include <stdlib.h>
#include <string.h>

#include "config/read.h"

#define DEFAULT_METRICS "127.0.0.1:9525"

int read_metrics(const struct reader *reader, const struct syntax_section *section)
{
	const struct syntax_value *value = syntax_get(section, "metrics", 0);
	const char *text = value ? value->text : DEFAULT_METRICS;
	struct address address;
	uint16_t port;

	if (strcmp(text, CONFIG_METRICS_OFF) != 0 && endpoint_parse(text, &address, &port) < 0)
		return read_error(reader, value->line,
				  "found metrics '%.100s', expected an address and a port like "
				  "127.0.0.1:9525 or [::1]:9525, or 'off'",
				  text);
	reader->config->metrics = strdup(text);
	return reader->config->metrics ? 0 : read_out_of_memory(reader);
}
