/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of keys, and the two documents that repeat it: postern.conf(5) and the example. */
#include "config/keys.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config_file.h"

TestSuite(config_keys, .init = config_file_setup, .fini = config_file_teardown);

#define MAN	"tools/man/postern.conf.5"
#define EXAMPLE "tools/postern.conf"

static char *read_whole(const char *name)
{
	_cleanup_(fclose_p) FILE *in = fopen(name, "r");
	char *text = calloc(1, 65536);

	cr_assert_not_null(in, "%s", name);
	cr_assert_gt(fread(text, 1, 65535, in), 1000);
	return text;
}

/* ---- the table alone */

static void expect_value(const struct config *config, const char *name, const char *expected)
{
	const struct config_key *key = config_key_find(CONFIG_TOP, name);
	_cleanup_(free_p) char *value = config_key_value(key, config);

	cr_expect_str_eq(value, expected, "%s is '%s', not '%s'", name, value, expected);
}

Test(config_keys, each_has_a_name_of_its_own_in_its_section_and_help)
{
	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];

		cr_expect_eq(config_key_find(key->section, key->name), key, "%s", key->name);
		cr_expect_gt(strlen(key->help), 4, "%s", key->name);
		cr_expect(i == 0 || key->section >= config_keys[i - 1].section, "%s", key->name);
	}
	cr_expect_null(config_key_find(CONFIG_POOL, "ports"));
	cr_expect_null(config_section_name(CONFIG_TOP));
	cr_expect_str_eq(config_section_name(CONFIG_TENANT), "tenant");
}

Test(config_keys, a_value_is_printed_as_it_is_written)
{
	struct config *config = config_file_load(
		TWO_POOLS "interfaces = { eth0, wan.2 } ports = { 25, 0x1d1 } ingress = tc\n"
			  "plumb = off  flows_max = 2048  metrics = \"[::1]:1\"  default = drop\n"
			  "milter = \"inet:127.0.0.1:8894\"  milter_inet = on  spam_marks = { "
			  "\"X-A:  b c \" }\n"
			  "runtime_dir = \"/run/other\"\n");

	expect_value(config, "interfaces", "eth0\nwan.2\n");
	expect_value(config, "ports", "25\n465\n");
	expect_value(config, "ingress", "tc\n");
	expect_value(config, "plumb", "false\n");
	expect_value(config, "flows_max", "2048\n");
	expect_value(config, "sender_flows_max", "512\n");
	expect_value(config, "metrics", "[::1]:1\n");
	expect_value(config, "default", "drop\n");
	expect_value(config, "milter", "inet:127.0.0.1:8894\n");
	expect_value(config, "socketmap", "unix:/run/other/socketmap.sock\n");
	expect_value(config, "spam_marks", "X-A: b c\n");
	expect_value(config, "resolver", "");
	config_free(config);
}

static void expect_changed(const char *before, const char *after, unsigned needs,
			   const char *expected)
{
	struct config *a = config_file_load(before), *b = config_file_load(after);
	char names[128];
	int count = config_changed(a, b, needs, names, sizeof(names));

	cr_expect_str_eq(names, expected, "'%s' to '%s': %s", before, after, names);
	cr_expect_eq(count > 0, *expected != '\0');
	config_free(a);
	config_free(b);
}

Test(config_keys, what_a_reload_cannot_change_is_named)
{
	expect_changed(TWO_POOLS "flows_max = 2048", TWO_POOLS "flows_max = 0x800", ~0u, "");
	expect_changed(TWO_POOLS, TWO_POOLS "flows_max = 2048", CONFIG_NEEDS_AGENT, "");
	expect_changed(TWO_POOLS, TWO_POOLS "flows_max = 2048", CONFIG_NEEDS_UP, "flows_max");
	expect_changed(TWO_POOLS, TWO_POOLS "identity = domain  dns_timeout_ms = 100", ~0u, "");
	expect_changed(TWO_POOLS,
		       TWO_POOLS "pin_path = /p  state = /s  user = u  metrics = off\n"
				 "socketmap = \"unix:/m\"  decisions_max = 1024",
		       CONFIG_NEEDS_AGENT,
		       "pin_path, state, user, metrics, decisions_max, socketmap");
	expect_changed(TWO_POOLS, TWO_POOLS "milter = \"unix:/m\"", CONFIG_NEEDS_AGENT, "");
	expect_changed(TWO_POOLS, TWO_POOLS "milter = \"unix:/m\"", CONFIG_NEEDS_MILTER, "milter");
	expect_changed(TWO_POOLS, TWO_POOLS "runtime_dir = /r", CONFIG_NEEDS_MILTER,
		       "runtime_dir, milter");
	expect_changed(TWO_POOLS, TWO_POOLS "milter = \"unix:/run/postern/milter.sock\"",
		       CONFIG_NEEDS_MILTER, "");
}

Test(config_keys, names_of_changed_keys_are_cut_to_fit)
{
	struct config *a = config_file_load(TWO_POOLS);
	struct config *b = config_file_load(TWO_POOLS "pin_path = /p  state = /s  user = u");
	char names[12];

	cr_expect_eq(config_changed(a, b, CONFIG_NEEDS_AGENT, names, sizeof(names)), 3);
	cr_expect_str_eq(names, "pin_path, s");
	config_free(a);
	config_free(b);
}

/* ---- what a document says of a key */

/* "N to M", in decimal or hexadecimal, at `text`. */
static bool is_range(const char *text, unsigned long *ret_first, unsigned long *ret_last)
{
	char *end;

	*ret_first = strtoul(text, &end, 0);
	if (end == text || strncmp(end, " to ", 4) != 0 || !isdigit((unsigned char)end[4]))
		return false;
	*ret_last = strtoul(end + 4, NULL, 0);
	return true;
}

/* The text names the key's bounds, and no others. */
static void expect_bounds(const char *document, const struct config_key *key, const char *text)
{
	unsigned long first, last;
	unsigned found = 0;

	for (const char *at = text; *at; at++) {
		if (!isdigit((unsigned char)*at) || (at > text && isalnum((unsigned char)at[-1])))
			continue;
		if (!is_range(at, &first, &last))
			continue;
		cr_expect(first == key->min && last == key->max, "%s: %s: %lu to %lu, not %u to %u",
			  document, key->name, first, last, key->min, key->max);
		found++;
	}
	cr_expect_eq(found, 1, "%s: %s: %u ranges, not one", document, key->name, found);
}

static bool is_number(const struct config_key *key)
{
	return strcmp(config_key_kind(key), "number") == 0;
}

/* ---- postern.conf(5) */

/* Appends a line without its macros: ".Pa /run/postern ." becomes "/run/postern." */
static void append_plain(char *text, const char *line)
{
	_cleanup_(free_p) char *copy = strdup(*line == '.' ? line + 1 : line);
	char *save;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (*line == '.' && strlen(word) == 2 && isupper((unsigned char)word[0]) &&
		    islower((unsigned char)word[1]))
			continue;
		if (*text && !(strlen(word) == 1 && strchr(".,;", *word)))
			strcat(text, " ");
		strcat(text, word);
	}
}

/* "RFC 5382 REQ-5" in brackets stands between a bound and "to". */
static void drop_brackets(char *text)
{
	char *open, *close;

	while ((open = strstr(text, " (RFC")) && (close = strchr(open, ')')))
		memmove(open, close + 1, strlen(close));
}

static enum config_section section_of(const char *heading)
{
	static const char *const headings[CONFIG_SECTIONS] = {"", ".Ss Pools", ".Ss Senders",
							      ".Ss Policies", ".Ss Tenants"};

	for (unsigned i = CONFIG_POOL; i < CONFIG_SECTIONS; i++)
		if (strcmp(headings[i], heading) == 0)
			return i;
	return CONFIG_TOP;
}

static bool names_key(const char *line, const struct config_key *key)
{
	size_t length = strlen(key->name);

	return strncmp(line, ".It Cm ", 7) == 0 && strncmp(line + 7, key->name, length) == 0 &&
	       line[7 + length] == ' ';
}

/* The text behind the key's `.It`, and behind those that follow it at once. Empty: no entry. */
static void find_entry(const char *page, const struct config_key *key, char ret_text[4096])
{
	_cleanup_(free_p) char *copy = strdup(page);
	enum config_section section = CONFIG_TOP;
	enum { BEFORE, HEADS, BODY, AFTER } place = BEFORE;
	char *save;

	ret_text[0] = '\0';
	for (char *line = strtok_r(copy, "\n", &save); line && place != AFTER;
	     line = strtok_r(NULL, "\n", &save)) {
		bool is_head = strncmp(line, ".It", 3) == 0, ends = strncmp(line, ".El", 3) == 0;

		if (strncmp(line, ".Ss", 3) == 0)
			section = section_of(line);
		if (place == BEFORE && section == key->section && names_key(line, key))
			place = HEADS;
		else if (place == HEADS && !is_head)
			place = BODY;
		if (place == BODY && (is_head || ends))
			place = AFTER;
		if (place == BODY)
			append_plain(ret_text, line);
	}
	drop_brackets(ret_text);
}

static void expect_default(const struct config_key *key, const char *text)
{
	const char *at = strstr(text, "Default: ");
	size_t length;

	if (!key->fallback) {
		cr_expect_null(at, MAN ": %s has no default", key->name);
		return;
	}
	length = strlen(key->fallback);
	cr_assert_not_null(at, MAN ": %s: no default, expected %s", key->name, key->fallback);
	at += strlen("Default: ");
	cr_expect(strncmp(at, key->fallback, length) == 0 && strchr(".,;", at[length]),
		  MAN ": %s: the default is '%.40s', expected '%s'", key->name, at, key->fallback);
}

Test(config_keys, the_man_page_names_each_key_with_its_default_and_bounds)
{
	_cleanup_(free_p) char *page = read_whole(MAN);

	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		char text[4096];

		find_entry(page, key, text);
		cr_assert(*text, MAN ": no entry for %s", key->name);
		expect_default(key, text);
		if (is_number(key))
			expect_bounds(MAN, key, text);
	}
}

Test(config_keys, the_man_page_has_no_other_keys)
{
	_cleanup_(free_p) char *page = read_whole(MAN);
	enum config_section section = CONFIG_TOP;
	char *save;

	for (char *line = strtok_r(page, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[64];

		if (strncmp(line, ".Ss", 3) == 0)
			section = section_of(line);
		if (sscanf(line, ".It Cm %63s No =", name) == 1)
			cr_expect_not_null(config_key_find(section, name), MAN ": %s", line);
	}
}

/* "pin_path , user" behind the heading, as in the section Changes. */
static bool is_listed(const char *page, const char *heading, const char *name)
{
	const char *at = strstr(page, heading), *end = at ? strstr(at + 1, "\n.It ") : NULL;
	_cleanup_(free_p) char *list = NULL;
	char word[64];

	cr_assert_not_null(at, MAN ": %s", heading);
	if (!end || (strstr(at, "\n.El") && strstr(at, "\n.El") < end))
		end = strstr(at, "\n.El");
	list = strndup(at, (size_t)(end - at));
	snprintf(word, sizeof(word), " %s ", name);
	return strstr(list, word);
}

Test(config_keys, the_man_page_tells_what_a_change_of_each_key_needs)
{
	static const struct {
		const char *heading;
		unsigned need;
	} lists[] = {{"\n.It Ql postern up\n", CONFIG_NEEDS_UP},
		     {"\n.It a restart of the agent\n", CONFIG_NEEDS_AGENT},
		     {"\n.It a restart of the milter\n", CONFIG_NEEDS_MILTER}};
	_cleanup_(free_p) char *page = read_whole(MAN);

	for (size_t i = 0; i < config_n_keys; i++)
		for (size_t j = 0; j < sizeof(lists) / sizeof(lists[0]); j++) {
			bool needs = config_keys[i].needs & lists[j].need;
			/* A name that two sections have is the top level's there. */
			bool is_top = config_keys[i].section <= CONFIG_POOL;

			if (is_top)
				cr_expect_eq(is_listed(page, lists[j].heading, config_keys[i].name),
					     needs, MAN ": Changes: %s", config_keys[i].name);
			else
				cr_expect_not(needs, "%s", config_keys[i].name);
		}
}

/* ---- the example */

Test(config_keys, the_example_shows_the_defaults)
{
	struct config *config = config_file_load(TWO_POOLS), *example = NULL;
	_cleanup_(free_p) char *text = read_whole(EXAMPLE);

	cr_assert_eq(config_load(EXAMPLE, &example, &config_file_error), 0, "%s",
		     config_file_error.text);
	for (size_t i = 0; config_keys[i].section == CONFIG_TOP; i++) {
		const struct config_key *key = &config_keys[i];
		_cleanup_(free_p) char *expected = config_key_value(key, config);
		_cleanup_(free_p) char *value = config_key_value(key, example);
		char line[64];

		if (strcmp(key->name, "default") == 0)
			continue;
		cr_expect_str_eq(value, expected, EXAMPLE ": %s is %s, not the default %s",
				 key->name, value, expected);
		/* A list that is empty by default stands in a comment. */
		snprintf(line, sizeof(line), "\n%s%s", *value ? "" : "# ", key->name);
		cr_expect_not_null(strstr(text, line), EXAMPLE ": %s is not shown", key->name);
	}
	config_free(config);
	config_free(example);
}

/* The comment about a key of a section begins with its name. */
static void find_comment(const char *text, enum config_section section, const char *name,
			 char ret_comment[1024])
{
	static const char *const headings[CONFIG_SECTIONS] = {"", "# ---- Pools", "# ---- Senders",
							      "# ---- Policies", "# ---- Tenants"};
	const char *at = strstr(text, headings[section]), *end;
	char begin[64];

	ret_comment[0] = '\0';
	cr_assert_not_null(at, EXAMPLE ": no '%s'", headings[section]);
	end = strstr(at, "\n\n");
	snprintf(begin, sizeof(begin), "\n# %s ", name);
	at = strstr(at, begin);
	if (!at || at > end)
		return;
	do {
		strncat(ret_comment, at + 2, strcspn(at + 1, "\n"));
		at = strchr(at + 1, '\n');
	} while (at && strncmp(at, "\n#  ", 4) == 0);
}

Test(config_keys, the_example_tells_each_key_of_a_section_with_its_bounds)
{
	_cleanup_(free_p) char *text = read_whole(EXAMPLE);

	for (size_t i = 0; i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];
		char comment[1024];

		/* Tenants are told in one paragraph. */
		if (key->section == CONFIG_TOP || key->section == CONFIG_TENANT ||
		    strcmp(key->name, "senders") == 0 || strcmp(key->name, "domains") == 0 ||
		    strcmp(key->name, "tenants") == 0)
			continue;
		find_comment(text, key->section, key->name, comment);
		cr_expect(*comment, EXAMPLE ": %s is not told", key->name);
		if (is_number(key) && !strstr(comment, "likewise"))
			expect_bounds(EXAMPLE, key, comment);
	}
}

/* Is the key set in this paragraph, at the beginning of a line? */
static bool is_set_in(const char *paragraph, const struct config_key *key)
{
	char begin[64];
	const char *at;

	snprintf(begin, sizeof(begin), "\n%s ", key->name);
	at = strstr(paragraph, begin);
	return at && at[strlen(begin) + strspn(at + strlen(begin), " ")] == '=';
}

static bool is_bound_in(const char *paragraph, unsigned long first, unsigned long last,
			bool *ret_has_keys)
{
	bool found = false;

	*ret_has_keys = false;
	for (size_t i = 0; config_keys[i].section == CONFIG_TOP; i++) {
		const struct config_key *key = &config_keys[i];

		if (!is_number(key) || !is_set_in(paragraph, key))
			continue;
		*ret_has_keys = true;
		found |= first == key->min && last == key->max;
	}
	return found;
}

Test(config_keys, ranges_in_the_example_are_bounds_of_the_keys_beside_them)
{
	_cleanup_(free_p) char *text = read_whole(EXAMPLE);
	unsigned found = 0;
	char *next;

	for (char *paragraph = text; paragraph; paragraph = next) {
		next = strstr(paragraph + 1, "\n\n");
		if (next)
			*next++ = '\0';
		for (const char *at = paragraph; *at; at++) {
			unsigned long first, last;
			bool has_keys;

			if (!isdigit((unsigned char)*at) ||
			    (at > paragraph && isalnum((unsigned char)at[-1])) ||
			    !is_range(at, &first, &last))
				continue;
			if (is_bound_in(paragraph, first, last, &has_keys))
				found++;
			else
				cr_expect_not(has_keys, EXAMPLE ": %lu to %lu in:%s", first, last,
					      paragraph);
		}
	}
	cr_expect_geq(found, 5, "%u", found);
}
