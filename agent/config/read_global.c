/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of the top level, and what holds where they are left out. */
#include "config/read.h"

#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMTP_PORT	25
#define ESTABLISHED_SEC 7440 /* RFC 5382 REQ-5 */
#define TRANSITORY_SEC	240
#define YEAR_SEC	(365 * 86400)

/* Room for a file name below a directory; runtime_dir/socketmap.sock must fit sun_path (unix(7)). */
#define PATH_LAST	 (PATH_MAX - 128)
#define RUNTIME_DIR_LAST (108 - (int)sizeof("/socketmap.sock"))

static bool is_interface(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < IF_NAMESIZE && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 && !strpbrk(name, "/: \t");
}

static int add_interface(const struct reader *reader, const struct syntax_value *value)
{
	struct config *config = reader->config;

	if (!is_interface(value->text))
		return read_error(reader, value->line,
				  "found interface '%.100s', expected a name of 1 to %d characters "
				  "without blanks, '/' and ':'",
				  value->text, IF_NAMESIZE - 1);
	for (size_t i = 0; i < config->n_interfaces; i++)
		if (strcmp(config->interfaces[i], value->text) == 0)
			return read_error(reader, value->line,
					  "found interface '%s' again, expected it once",
					  value->text);
	config->interfaces[config->n_interfaces] = strdup(value->text);
	if (!config->interfaces[config->n_interfaces])
		return read_out_of_memory(reader);
	config->n_interfaces++;
	return 0;
}

static int read_interfaces(const struct reader *reader, const struct syntax_section *section)
{
	size_t count = syntax_count(section, "interfaces");

	if (count == 0)
		return 0;
	reader->config->interfaces = calloc(count, sizeof(*reader->config->interfaces));
	if (!reader->config->interfaces)
		return read_out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		int r = add_interface(reader, syntax_get(section, "interfaces", i));

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_port(const struct reader *reader, const struct syntax_value *value, size_t index)
{
	uint16_t *ports = reader->config->ports;
	uint32_t port;
	int r;

	if (index >= POSTERN_PORTS_MAX)
		return read_error(reader, value->line,
				  "found port '%.100s', expected at most %d ports", value->text,
				  POSTERN_PORTS_MAX);
	r = read_number(reader, value, "port", 1, UINT16_MAX, &port);
	if (r < 0)
		return r;
	for (size_t i = 0; i < index; i++)
		if (ports[i] == port)
			return read_error(reader, value->line,
					  "found port '%u' again, expected it once", port);
	ports[index] = (uint16_t)port;
	return 0;
}

static int read_ports(const struct reader *reader, const struct syntax_section *section)
{
	const struct syntax_value *value;

	if (!syntax_is_set(section, "ports"))
		reader->config->ports[0] = SMTP_PORT;
	else if (syntax_count(section, "ports") == 0)
		return read_error(reader, reader->last_line,
				  "found no port in 'ports', expected 1 to %d ports",
				  POSTERN_PORTS_MAX);
	for (size_t i = 0; (value = syntax_get(section, "ports", i)); i++) {
		int r = add_port(reader, value, i);

		if (r < 0)
			return r;
	}
	return 0;
}

static int read_hooks(const struct reader *reader, const struct syntax_section *section)
{
	static const char *const ingress_words[READ_WORDS_MAX] = {"auto", "xdp", "tc"};
	static const char *const egress_words[READ_WORDS_MAX] = {"auto", "tcx", "clsact"};
	unsigned ingress, egress;
	int r = read_word(reader, section, "ingress", ingress_words, &ingress);

	if (r == 0)
		r = read_word(reader, section, "egress", egress_words, &egress);
	if (r < 0)
		return r;
	reader->config->ingress = (enum config_ingress)ingress;
	reader->config->egress = (enum config_egress)egress;
	return 0;
}

static int read_booleans(const struct reader *reader, const struct syntax_section *section)
{
	int r = read_boolean(reader, section, "plumb", true, &reader->config->plumb);

	if (r == 0)
		r = read_boolean(reader, section, "relay_dkim", false, &reader->config->relay_dkim);
	return r;
}

static int read_path(const struct reader *reader, const struct syntax_section *section,
		     const char *key, int last, const char *fallback, char **ret_path)
{
	const struct syntax_value *value = syntax_get(section, key, 0);
	const char *path = value ? value->text : fallback;

	if (path[0] != '/' || strlen(path) > (size_t)last)
		return read_error(reader, value->line,
				  "found %s '%.100s', expected a path that begins with '/', of at "
				  "most %d characters",
				  key, path, last);
	*ret_path = strdup(path);
	return *ret_path ? 0 : read_out_of_memory(reader);
}

static int read_paths(const struct reader *reader, const struct syntax_section *section)
{
	struct config *config = reader->config;
	int r = read_path(reader, section, "pin_path", PATH_LAST, "/sys/fs/bpf/postern",
			  &config->pin_path);

	if (r == 0)
		r = read_path(reader, section, "runtime_dir", RUNTIME_DIR_LAST, "/run/postern",
			      &config->runtime_dir);
	if (r == 0)
		r = read_path(reader, section, "state", PATH_LAST, "/var/lib/postern/state.db",
			      &config->state);
	return r;
}

/* Whether there is such a user is for those to find out who become it. */
static int read_user(const struct reader *reader, const struct syntax_section *section)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	const struct syntax_value *value = syntax_get(section, "user", 0);
	const char *user = value ? value->text : "postern";

	if (strspn(user, letters) == 0 || strpbrk(user, ":/ \t") || strlen(user) >= LOGIN_NAME_MAX)
		return read_error(reader, value->line,
				  "found user '%.100s', expected the name of a user", user);
	reader->config->user = strdup(user);
	return reader->config->user ? 0 : read_out_of_memory(reader);
}

static uint32_t sender_flows_default(uint32_t flows_max)
{
	uint32_t share = flows_max / 4;

	return share < CONFIG_SENDER_FLOWS_MAX ? share : CONFIG_SENDER_FLOWS_MAX;
}

static int read_numbers(const struct reader *reader, const struct syntax_section *section)
{
	struct config *config = reader->config;
	const struct {
		const char *key;
		uint32_t *number;
		uint32_t fallback, min, max;
	} numbers[] = {
		{"flows_max", &config->flows_max, 262144, 1024, READ_FLOWS_LAST},
		{"sender_flows_max", &config->sender_flows_max, READ_LEFT_OUT, 0, READ_FLOWS_LAST},
		{"sender_connections_per_minute", &config->sender_connections_per_minute, 0, 0,
		 CONFIG_CONNECTIONS_PER_MINUTE_MAX},
		{"senders_max", &config->senders_max, 65536, 1024, 4194304},
		{"senders_tracked_max", &config->senders_tracked_max, 1000000, 1024, 16777216},
		{"decisions_max", &config->decisions_max, 65536, 1024, 4194304},
		{"timeout_established_sec", &config->timeout_established_sec, ESTABLISHED_SEC,
		 ESTABLISHED_SEC, YEAR_SEC},
		{"timeout_transitory_sec", &config->timeout_transitory_sec, TRANSITORY_SEC,
		 TRANSITORY_SEC, YEAR_SEC},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int r;

		*numbers[i].number = numbers[i].fallback;
		r = read_number_of(reader, section, numbers[i].key, numbers[i].min, numbers[i].max,
				   numbers[i].number);
		if (r < 0)
			return r;
	}
	if (config->sender_flows_max == READ_LEFT_OUT)
		config->sender_flows_max = sender_flows_default(config->flows_max);
	return 0;
}

static int read_policing(const struct reader *reader, const struct syntax_section *section)
{
	static const char *const words[READ_WORDS_MAX] = {
		[CONFIG_IDENTITY_ENVELOPE] = "envelope",
		[CONFIG_IDENTITY_DOMAIN] = "domain",
		[CONFIG_IDENTITY_CLIENT] = "client",
		[CONFIG_IDENTITY_SENDER] = "sender",
	};
	unsigned identity;
	int r = read_word(reader, section, "identity", words, &identity);

	if (r < 0)
		return r;
	reader->config->identity = (enum config_identity)identity;
	return read_domain_patterns(reader, section, "internal_domains",
				    &reader->config->internal_domains);
}

int read_global(struct reader *reader, const struct syntax_section *section)
{
	static int (*const steps[])(const struct reader *, const struct syntax_section *) = {
		read_interfaces, read_ports,   read_hooks,    read_booleans, read_paths,
		read_user,	 read_numbers, read_policing, read_metrics,  read_mail,
	};
	int r = read_copy(reader, section, "default", &reader->default_name.text);

	if (r == 0 && reader->default_name.text)
		reader->default_name.line = syntax_get(section, "default", 0)->line;
	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i](reader, section);
	return r;
}
