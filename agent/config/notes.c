/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at the addresses of pools, the socket of the milter, and the users of the host. */
#include "config/notes.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>

#include "config/config.h"

static bool is_documentation(const struct address *address)
{
	static const char *const prefixes[] = {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
					       "2001:db8::/32"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct prefix prefix;

		if (prefix_parse(prefixes[i], &prefix) == 0 && prefix_contains(&prefix, address))
			return true;
	}
	return false;
}

static void note_addresses(const struct config *config, FILE *out)
{
	const char *separator = "addresses for documentation (RFC 5737, RFC 3849), which no "
				"network routes: ";
	bool any = false;

	for (size_t i = 0; i < config->n_pools; i++)
		for (size_t j = 0; j < config->pools[i].n_addresses; j++) {
			const struct address *address = &config->pools[i].addresses[j].address;
			char text[ADDRESS_TEXT_SIZE];

			if (!is_documentation(address))
				continue;
			fprintf(out, "%s%s (pool '%s')", separator, address_format(address, text),
				config->pools[i].name);
			separator = ", ";
			any = true;
		}
	if (any)
		fputc('\n', out);
}

static void note_milter(const struct config *config, FILE *out)
{
	if (config->mail.has_milter && !config->mail.milter.path)
		fputs("'milter' is a TCP socket: every user of this host can speak to it, and so "
		      "restrict any sender; a unix socket admits the mail server alone\n",
		      out);
}

static void note_user(const char *key, const char *name, FILE *out)
{
	if (*name == '@' && !getgrnam(name + 1))
		fprintf(out, "'%s': there is no group '%s'\n", key, name + 1);
	else if (*name != '@' && !getpwnam(name))
		fprintf(out, "'%s': there is no user '%s'\n", key, name);
}

void config_print_notes(const struct config *config, FILE *out)
{
	note_addresses(config, out);
	note_milter(config, out);
	note_user("user", config->user, out);
	for (size_t i = 0; i < config->commanders.count; i++)
		note_user("commanders", config->commanders.texts[i], out);
	for (size_t i = 0; i < config->tellers.count; i++)
		note_user("tellers", config->tellers.texts[i], out);
}
