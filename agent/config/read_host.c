/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the top level for the host: interfaces, ports, files, the user, figures. */
#include "config/kinds.h"

#include <assert.h>
#include <limits.h>
#include <net/if.h>
#include <string.h>

static_assert(IF_NAMESIZE == 16 && PATH_MAX == 4096, "the bounds in keys.c");

bool host_is_interface(const char *text)
{
	return strcmp(text, ".") != 0 && strcmp(text, "..") != 0 && !strpbrk(text, "/: \t");
}

bool host_is_path(const char *text)
{
	return text[0] == '/';
}

/* `up` gives the directory away and `down` removes it: it is none that has another use. */
bool host_is_pin_path(const char *text)
{
	static const char *const others[] = {"", "/sys", "/sys/fs", "/sys/fs/bpf"};
	size_t length = strlen(text);

	while (length && text[length - 1] == '/')
		length--;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strlen(others[i]) == length && !strncmp(text, others[i], length))
			return false;
	return text[0] == '/' && !strstr(text, "/../") &&
	       (length < 3 || strncmp(text + length - 3, "/..", 3) != 0);
}

/* Whether the user exists is found by the process that becomes it. */
bool host_is_user(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	return strspn(text, letters) > 0 && !strpbrk(text, ":/ \t");
}

bool host_is_caller(const char *text)
{
	return host_is_user(text + (*text == '@'));
}

bool host_is_metrics(const char *text)
{
	struct address address;
	uint16_t port;

	return strcmp(text, CONFIG_METRICS_OFF) == 0 || endpoint_parse(text, &address, &port) == 0;
}

/* ---- ports */

static int ports_read(const struct reader *reader, const struct config_key *key,
		      const struct value *value, void *field)
{
	uint16_t *ports = field;
	uint32_t port;
	size_t i;
	int r;

	if (ports[POSTERN_PORTS_MAX - 1])
		return read_error(reader, value->line,
				  "found port '%.100s', expected at most %d ports", value->text,
				  POSTERN_PORTS_MAX);
	r = read_number(reader, key, value, &port);
	if (r < 0)
		return r;
	for (i = 0; ports[i]; i++)
		if (ports[i] == port)
			return read_error(reader, value->line,
					  "found port '%u' again, expected it once", port);
	ports[i] = (uint16_t)port;
	return 0;
}

static void ports_print(const struct config_key *key, const void *field, FILE *out)
{
	const uint16_t *ports = field;

	(void)key;
	for (size_t i = 0; i < POSTERN_PORTS_MAX && ports[i]; i++)
		fprintf(out, "%u\n", ports[i]);
}

const struct kind kind_ports = {
	.name = "number", .is_list = true, .read = ports_read, .print = ports_print};

int host_finish(const struct reader *reader)
{
	struct config *config = reader->config;
	const uint32_t share = config->flows_max / 4;

	if (config->ports[0] == 0)
		return read_error(reader, reader->last_line,
				  "found no port in 'ports', expected 1 to %d ports",
				  POSTERN_PORTS_MAX);
	if (config->sender_flows_max == READ_LEFT_OUT)
		config->sender_flows_max =
			share < CONFIG_SENDER_FLOWS_MAX ? share : CONFIG_SENDER_FLOWS_MAX;
	return 0;
}
