// SPDX-License-Identifier: BSD-2-Clause
/* The key `metrics`: an address and a port, or off. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/read.h"

#define DEFAULT_METRICS "127.0.0.1:9525"

/* Cuts "ADDRESS:PORT" or "[ADDRESS]:PORT" in two. */
static bool split(char *text, char **ret_address, char **ret_port)
{
	char *colon = strrchr(text, ':');

	if (!colon)
		return false;
	*colon = '\0';
	*ret_port = colon + 1;
	*ret_address = text;
	if (*text != '[')
		return !strchr(text, ':');
	if (colon[-1] != ']')
		return false;
	colon[-1] = '\0';
	*ret_address = text + 1;
	return strchr(text, ':') != NULL;
}

static bool parse_port(const char *text, uint16_t *ret_port)
{
	unsigned long port;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	port = strtoul(text, &end, 10);
	if (*end || port < 1 || port > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

bool read_endpoint(const char *text, struct address *ret_address, uint16_t *ret_port)
{
	_cleanup_(free_p) char *copy = strdup(text);
	char *address, *port;

	return copy && split(copy, &address, &port) && parse_port(port, ret_port) &&
	       address_parse(address, ret_address) == 0;
}

int read_metrics(const struct reader *reader, const struct syntax_section *section)
{
	const struct syntax_value *value = syntax_get(section, "metrics", 0);
	const char *text = value ? value->text : DEFAULT_METRICS;
	struct address address;
	uint16_t port;

	if (strcmp(text, CONFIG_METRICS_OFF) != 0 && !read_endpoint(text, &address, &port))
		return read_error(reader, value->line,
				  "found metrics '%.100s', expected an address and a port like "
				  "127.0.0.1:9525 or [::1]:9525, or 'off'",
				  text);
	reader->config->metrics = strdup(text);
	return reader->config->metrics ? 0 : read_out_of_memory(reader);
}
