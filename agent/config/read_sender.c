/* SPDX-License-Identifier: BSD-2-Clause */
/* sender "NAME" { … }: its selectors. */
#include "config/kinds.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Adds a selector of the value to the sender, which owns it from then on. NULL: no memory. */
static struct config_selector *add(const struct value *value, enum config_selector_kind kind,
				   struct config_sender *sender)
{
	struct config_selector *selectors =
		array_grow(sender->selectors, sender->n_selectors, sizeof(*selectors));
	struct config_selector *selector;

	if (!selectors)
		return NULL;
	sender->selectors = selectors;
	selector = &selectors[sender->n_selectors++];
	*selector = (struct config_selector){.kind = kind, .line = value->line};
	return selector;
}

static void selectors_release(void *field)
{
	struct config_sender *sender = field;

	for (size_t i = 0; i < sender->n_selectors; i++)
		free(sender->selectors[i].path);
	free(sender->selectors);
}

/* ---- source */

static const char *prefix_expected(int r)
{
	switch (r) {
	case -ERANGE:
		return "a prefix length of at most 32 (IPv4) or 128 (IPv6)";
	case -EDOM:
		return "no host bits behind the prefix";
	default:
		return "an address or a prefix such as '10.1.7.0/24'";
	}
}

static int sources_read(const struct reader *reader, const struct config_key *key,
			const struct value *value, void *field)
{
	struct config_selector *selector = add(value, CONFIG_SELECTOR_SOURCE, field);
	const char *expected = NULL;
	int r;

	(void)key;
	if (!selector)
		return read_out_of_memory(reader);
	if (address_parse(value->text, &selector->prefix.address) < 0) {
		r = prefix_parse(value->text, &selector->prefix);
		expected = r < 0 ? prefix_expected(r) : NULL;
	} else {
		selector->prefix.length = 128;
		if (!address_is_unicast(&selector->prefix.address))
			expected = READ_UNICAST;
	}
	return expected ? read_error(reader, value->line, "found '%.100s', expected %s",
				     value->text, expected)
			: 0;
}

const struct kind kind_sources = {.name = "prefix",
				  .is_list = true,
				  .read = sources_read,
				  /* For the kinds below, too: they share one array. */
				  .release = selectors_release};

/* ---- mark, uid and cgroup */

static int fwmarks_read(const struct reader *reader, const struct config_key *key,
			const struct value *value, void *field)
{
	struct config_selector *selector = add(value, CONFIG_SELECTOR_MARK, field);

	return selector ? read_number(reader, key, value, &selector->number)
			: read_out_of_memory(reader);
}

static int uids_read(const struct reader *reader, const struct config_key *key,
		     const struct value *value, void *field)
{
	struct config_selector *selector = add(value, CONFIG_SELECTOR_UID, field);
	struct passwd entry, *user;
	char buffer[4096];

	if (!selector)
		return read_out_of_memory(reader);
	if (isdigit((unsigned char)value->text[0]))
		return read_number(reader, key, value, &selector->number);
	if (getpwnam_r(value->text, &entry, buffer, sizeof(buffer), &user) != 0 || !user)
		return read_refuse(reader, key, value, key->expected);
	selector->number = user->pw_uid;
	return 0;
}

static int cgroups_read(const struct reader *reader, const struct config_key *key,
			const struct value *value, void *field)
{
	struct config_selector *selector = add(value, CONFIG_SELECTOR_CGROUP, field);

	return selector ? read_copy(reader, key, value, &selector->path)
			: read_out_of_memory(reader);
}

const struct kind kind_fwmarks = {.name = "number", .is_list = true, .read = fwmarks_read};
const struct kind kind_uids = {.name = "user", .is_list = true, .read = uids_read};
const struct kind kind_cgroups = {.name = "path", .is_list = true, .read = cgroups_read};

bool sender_is_cgroup(const char *text)
{
	size_t length = strlen(text);

	return text[0] == '/' && !strstr(text, "//") && !strstr(text, "/..") &&
	       !strstr(text, "/./") &&
	       (length == 1 || (text[length - 1] != '/' && strcmp(text + length - 2, "/.") != 0));
}

int sender_finish(const struct reader *reader, void *instance)
{
	const struct config_sender *sender = instance;

	if (sender->n_selectors > 0)
		return 0;
	return read_error(reader, sender->line,
			  "found sender '%s' without a selector, expected source, mark, "
			  "uid or cgroup",
			  sender->name);
}
