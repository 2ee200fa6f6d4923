/* SPDX-License-Identifier: BSD-2-Clause */
/* sender "NAME" { source mark uid cgroup policy connections_per_minute flows_max } */
#include "config/read.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* (uid_t)-1 means "none" to the kernel. */
#define UID_LAST (UINT32_MAX - 1)

static int read_prefix(const struct reader *reader, const struct syntax_value *value,
		       struct config_selector *selector)
{
	switch (prefix_parse(value->text, &selector->prefix)) {
	case 0:
		return 0;
	case -ERANGE:
		return read_error(reader, value->line,
				  "found '%.100s', expected a prefix length of at most 32 (IPv4) "
				  "or 128 (IPv6)",
				  value->text);
	case -EDOM:
		return read_error(reader, value->line,
				  "found '%.100s', expected no bits set behind the prefix length",
				  value->text);
	default:
		return read_error(reader, value->line,
				  "found '%.100s', expected an address or a prefix such as "
				  "'10.1.7.0/24'",
				  value->text);
	}
}

static int read_source(const struct reader *reader, const struct syntax_value *value,
		       struct config_selector *selector)
{
	selector->kind = CONFIG_SELECTOR_SOURCE;
	if (address_parse(value->text, &selector->prefix.address) < 0)
		return read_prefix(reader, value, selector);
	selector->prefix.length = 128;
	if (!address_is_unicast(&selector->prefix.address))
		return read_error(reader, value->line,
				  "found '%.100s', expected a unicast address (not unspecified, "
				  "loopback, multicast or broadcast)",
				  value->text);
	return 0;
}

/* A packet without a mark carries mark 0, so that one selects nobody. */
static int read_mark(const struct reader *reader, const struct syntax_value *value,
		     struct config_selector *selector)
{
	selector->kind = CONFIG_SELECTOR_MARK;
	return read_number(reader, value, "mark", 1, UINT32_MAX, &selector->number);
}

static int read_uid(const struct reader *reader, const struct syntax_value *value,
		    struct config_selector *selector)
{
	const struct passwd *user;

	selector->kind = CONFIG_SELECTOR_UID;
	if (isdigit((unsigned char)value->text[0]))
		return read_number(reader, value, "uid", 0, UID_LAST, &selector->number);
	user = getpwnam(value->text);
	if (!user)
		return read_error(reader, value->line,
				  "found uid '%.100s', expected a user of this host or a number",
				  value->text);
	selector->number = user->pw_uid;
	return 0;
}

static int read_cgroup(const struct reader *reader, const struct syntax_value *value,
		       struct config_selector *selector)
{
	size_t length = strlen(value->text);

	selector->kind = CONFIG_SELECTOR_CGROUP;
	if (value->text[0] != '/' || length >= PATH_MAX || strstr(value->text, "//") ||
	    strstr(value->text, "/..") || strstr(value->text, "/./") ||
	    (length > 1 && strcmp(value->text + length - 2, "/.") == 0) ||
	    (length > 1 && value->text[length - 1] == '/'))
		return read_error(
			reader, value->line,
			"found cgroup '%.100s', expected a path below the cgroup v2 mount "
			"such as '/system.slice/shop.service'",
			value->text);
	selector->path = strdup(value->text);
	return selector->path ? 0 : read_out_of_memory(reader);
}

static const struct {
	const char *key;
	int (*read)(const struct reader *reader, const struct syntax_value *value,
		    struct config_selector *selector);
} kinds[] = {
	{"source", read_source},
	{"mark", read_mark},
	{"uid", read_uid},
	{"cgroup", read_cgroup},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int read_selectors(const struct reader *reader, const struct syntax_section *section,
			  struct config_sender *sender)
{
	size_t count = 0;

	for (size_t kind = 0; kind < KINDS; kind++)
		count += syntax_count(section, kinds[kind].key);
	if (count == 0)
		return read_error(reader, section->line,
				  "found sender '%s' with nothing to know it by, expected source, "
				  "mark, uid or cgroup",
				  sender->name);
	sender->selectors = calloc(count, sizeof(*sender->selectors));
	if (!sender->selectors)
		return read_out_of_memory(reader);
	for (size_t kind = 0; kind < KINDS; kind++) {
		const struct syntax_value *value;

		for (size_t i = 0; (value = syntax_get(section, kinds[kind].key, i)); i++) {
			struct config_selector *selector =
				&sender->selectors[sender->n_selectors++];
			int r;

			selector->line = value->line;
			r = kinds[kind].read(reader, value, selector);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int make_room(struct reader *reader)
{
	struct config *config = reader->config;
	size_t room = reader->senders_room ? 2 * reader->senders_room : 64;
	struct config_sender *senders;

	if (config->n_senders < reader->senders_room)
		return 0;
	senders = reallocarray(config->senders, room, sizeof(*senders));
	if (!senders)
		return read_out_of_memory(reader);
	config->senders = senders;
	reader->senders_room = room;
	return 0;
}

static int read_policy_name(struct reader *reader, const struct syntax_section *section)
{
	const struct syntax_value *value = syntax_get(section, "policy", 0);
	struct read_sender_policy *policy;

	if (!value)
		return 0;
	if (reader->n_sender_policies == reader->sender_policies_room) {
		size_t room = reader->sender_policies_room ? 2 * reader->sender_policies_room : 64;

		policy = reallocarray(reader->sender_policies, room, sizeof(*policy));
		if (!policy)
			return read_out_of_memory(reader);
		reader->sender_policies = policy;
		reader->sender_policies_room = room;
	}
	policy = &reader->sender_policies[reader->n_sender_policies++];
	policy->sender = reader->config->n_senders - 1;
	policy->name.line = value->line;
	return read_copy(reader, section, "policy", &policy->name.text);
}

/* The defaults are known when all of the file is read, see check_all(). */
static int read_limits(const struct reader *reader, const struct syntax_section *section,
		       struct config_sender *sender)
{
	int r;

	sender->connections_per_minute = sender->flows_max = READ_LEFT_OUT;
	r = read_number_of(reader, section, "connections_per_minute", 0,
			   CONFIG_CONNECTIONS_PER_MINUTE_MAX, &sender->connections_per_minute);
	return r < 0 ? r
		     : read_number_of(reader, section, "flows_max", 0, READ_FLOWS_LAST,
				      &sender->flows_max);
}

int read_sender(struct reader *reader, const struct syntax_section *section)
{
	struct config_sender *sender;
	char *name;
	int r = make_room(reader);

	if (r == 0)
		r = read_title(reader, section, POSTERN_SENDER_LABEL, &name);
	if (r < 0)
		return r;
	/* From here on the configuration owns what is read, complete or not. */
	sender = &reader->config->senders[reader->config->n_senders++];
	*sender = (struct config_sender){.name = name, .line = section->line};
	r = read_policy_name(reader, section);
	if (r == 0)
		r = read_limits(reader, section, sender);
	return r < 0 ? r : read_selectors(reader, section, sender);
}
