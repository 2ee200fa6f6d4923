/* SPDX-License-Identifier: BSD-2-Clause */
/* sender "NAME" { … }: its selectors. */
#include "config/sections.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* ---- selectors, each by its key */

static int refuse(const struct reader *reader, const struct value *value, const char *expected)
{
	return read_error(reader, value->line, "found '%.100s', expected %s", value->text,
			  expected);
}

static int read_prefix(const struct reader *reader, const struct value *value,
		       struct config_selector *selector)
{
	switch (prefix_parse(value->text, &selector->prefix)) {
	case 0:
		return 0;
	case -ERANGE:
		return refuse(reader, value, "a prefix length of at most 32 (IPv4) or 128 (IPv6)");
	case -EDOM:
		return refuse(reader, value, "no bits set behind the prefix length");
	default:
		return refuse(reader, value, "an address or a prefix such as '10.1.7.0/24'");
	}
}

static int read_source(const struct reader *reader, const struct config_key *key,
		       const struct value *value, struct config_selector *selector)
{
	(void)key;
	selector->kind = CONFIG_SELECTOR_SOURCE;
	if (address_parse(value->text, &selector->prefix.address) < 0)
		return read_prefix(reader, value, selector);
	selector->prefix.length = 128;
	return address_is_unicast(&selector->prefix.address)
		       ? 0
		       : refuse(reader, value,
				"a unicast address (not unspecified, loopback, multicast or "
				"broadcast)");
}

static int read_mark(const struct reader *reader, const struct config_key *key,
		     const struct value *value, struct config_selector *selector)
{
	selector->kind = CONFIG_SELECTOR_MARK;
	return read_number(reader, key, value, &selector->number);
}

static int read_uid(const struct reader *reader, const struct config_key *key,
		    const struct value *value, struct config_selector *selector)
{
	const struct passwd *user;

	selector->kind = CONFIG_SELECTOR_UID;
	if (isdigit((unsigned char)value->text[0]))
		return read_number(reader, key, value, &selector->number);
	user = getpwnam(value->text);
	if (!user)
		return read_refuse(reader, key, value, key->expected);
	selector->number = user->pw_uid;
	return 0;
}

static int read_cgroup(const struct reader *reader, const struct config_key *key,
		       const struct value *value, struct config_selector *selector)
{
	const char *path = value->text;
	size_t length = strlen(path);

	selector->kind = CONFIG_SELECTOR_CGROUP;
	if (path[0] != '/' || length >= PATH_MAX || strstr(path, "//") || strstr(path, "/..") ||
	    strstr(path, "/./") || (length > 1 && strcmp(path + length - 2, "/.") == 0) ||
	    (length > 1 && path[length - 1] == '/'))
		return read_refuse(reader, key, value, key->expected);
	return read_copy(reader, key, value, &selector->path);
}

typedef int (*selector_reader)(const struct reader *reader, const struct config_key *key,
			       const struct value *value, struct config_selector *selector);

static int add_selector(const struct reader *reader, const struct config_key *key,
			const struct value *value, struct config_sender *sender,
			selector_reader read)
{
	struct config_selector *selectors =
		array_grow(sender->selectors, sender->n_selectors, sizeof(*selectors));
	struct config_selector *selector;

	if (!selectors)
		return read_out_of_memory(reader);
	sender->selectors = selectors;
	selector = &selectors[sender->n_selectors++];
	*selector = (struct config_selector){.line = value->line};
	return read(reader, key, value, selector);
}

/* The keys share one array. The kind that the table lists first frees it. */
static void selectors_release(void *field)
{
	struct config_sender *sender = field;

	for (size_t i = 0; i < sender->n_selectors; i++)
		free(sender->selectors[i].path);
	free(sender->selectors);
}

#define SELECTOR(function)                                                                         \
	static int function##_of_sender(const struct reader *reader, const struct config_key *key, \
					const struct value *value, void *field)                    \
	{                                                                                          \
		return add_selector(reader, key, value, field, function);                          \
	}

SELECTOR(read_source)
SELECTOR(read_mark)
SELECTOR(read_uid)
SELECTOR(read_cgroup)

const struct kind kind_sources = {.name = "prefix",
				  .is_list = true,
				  .read = read_source_of_sender,
				  .release = selectors_release};
const struct kind kind_marks_of_packets = {
	.name = "number", .is_list = true, .read = read_mark_of_sender};
const struct kind kind_uids = {.name = "user", .is_list = true, .read = read_uid_of_sender};
const struct kind kind_cgroups = {.name = "path", .is_list = true, .read = read_cgroup_of_sender};

int sender_finish(const struct reader *reader, void *instance)
{
	const struct config_sender *sender = instance;

	if (sender->n_selectors > 0)
		return 0;
	return read_error(reader, sender->line,
			  "found sender '%s' with nothing to know it by, expected source, mark, "
			  "uid or cgroup",
			  sender->name);
}
