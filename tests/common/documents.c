/* SPDX-License-Identifier: BSD-2-Clause */
/* Types are parsed and matched at once: they exist only as the text of the page. */
#include "common/documents.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define PAGE "tools/man/postern.8"

struct match {
	struct documents *documents;
	const char *at; /* the type that is left */
	char *why;
	size_t size;
};

static bool match_type(struct match *match, const json_t *value);

/* ---- words */

static void skip_blanks(struct match *match)
{
	match->at += strspn(match->at, " \n");
}

static bool take(struct match *match, const char *text)
{
	skip_blanks(match);
	if (strncmp(match->at, text, strlen(text)) != 0)
		return false;
	match->at += strlen(text);
	return true;
}

static void must_take(struct match *match, const char *text)
{
	cr_assert(take(match, text), "%s: found '%.40s', expected '%s'", PAGE, match->at, text);
}

static void take_name(struct match *match, char *ret_name, size_t size)
{
	size_t length;

	skip_blanks(match);
	for (length = 0; isalnum((unsigned char)match->at[length]) || match->at[length] == '_';)
		length++;
	cr_assert(length > 0 && length < size, "%s: found '%.40s', expected a name", PAGE,
		  match->at);
	snprintf(ret_name, size, "%.*s", (int)length, match->at);
	match->at += length;
}

static bool differ(struct match *match, const char *expected, const json_t *value)
{
	_cleanup_(free_p) char *text = json_dumps(value, JSON_ENCODE_ANY);

	snprintf(match->why, match->size, "expected %s, found %.200s", expected,
		 text ? text : "nothing");
	return false;
}

/* ---- objects */

static const char *type_of(const struct documents *documents, const char *name)
{
	const struct document_row *row = documents_find(&documents->definitions, name);

	if (!row)
		row = documents_find(&documents->routes, name);
	cr_assert_not_null(row, "%s: '%s' is not defined", PAGE, name);
	return row->type;
}

/*
 * One member, whose name is next. `value` NULL: the type is only skipped. Adds the name to `known`.
 */
static bool match_member(struct match *match, const json_t *value, json_t *known)
{
	size_t offset = (size_t)(match->at - match->documents->text);
	bool is_optional;
	const json_t *member;
	char name[64];

	must_take(match, "\"");
	take_name(match, name, sizeof(name));
	must_take(match, "\"");
	is_optional = take(match, "?");
	must_take(match, ":");
	json_object_set_new(known, name, json_true());
	member = json_object_get(value, name);
	if (!match_type(match, member)) {
		size_t length = strlen(match->why);

		snprintf(match->why + length, match->size - length, " (in '%s')", name);
		return false;
	}
	if (member && !json_is_null(member))
		match->documents->seen[offset] = true;
	if (!value || member || is_optional)
		return true;
	snprintf(match->why, match->size, "member '%s' is missing", name);
	return false;
}

static bool match_members(struct match *match, const json_t *value, json_t *known);

static bool match_spread(struct match *match, const json_t *value, json_t *known)
{
	struct match other = *match;
	char name[64];

	take_name(match, name, sizeof(name));
	other.at = type_of(match->documents, name);
	must_take(&other, "{");
	return match_members(&other, value, known);
}

/* {KEY: type}: any names. */
static bool match_any_name(struct match *match, const json_t *value, json_t *known)
{
	const char *begin;
	const char *name;
	bool good = true;
	json_t *member;

	take_name(match, (char[64]){""}, 64);
	must_take(match, ":");
	begin = match->at;
	json_object_foreach ((json_t *)value, name, member) {
		match->at = begin;
		json_object_set_new(known, name, json_true());
		good = match_type(match, member) && good;
	}
	match->at = begin;
	match_type(match, NULL);
	return good;
}

/* Up to the closing brace. */
static bool match_members(struct match *match, const json_t *value, json_t *known)
{
	bool good = true;

	do {
		if (take(match, "..."))
			good = match_spread(match, value, known) && good;
		else if (skip_blanks(match), *match->at == '"')
			good = match_member(match, value, known) && good;
		else
			good = match_any_name(match, value, known) && good;
	} while (take(match, ","));
	must_take(match, "}");
	return good;
}

static bool match_object(struct match *match, const json_t *value)
{
	json_t *known = json_object();
	bool good = match_members(match, json_is_object(value) ? value : NULL, known);
	const char *name;
	json_t *member;

	if (value && !json_is_object(value))
		good = differ(match, "an object", value);
	json_object_foreach ((json_t *)value, name, member) {
		if (good && !json_object_get(known, name)) {
			snprintf(match->why, match->size, "member '%s' is not documented", name);
			good = false;
		}
	}
	json_decref(known);
	return good;
}

/* ---- all types */

static bool match_list(struct match *match, const json_t *value)
{
	const char *begin = match->at;
	bool good = !value || json_is_array(value) || differ(match, "a list", value);
	const json_t *entry;
	size_t i;

	json_array_foreach ((json_t *)value, i, entry) {
		match->at = begin;
		good = match_type(match, entry) && good;
	}
	match->at = begin;
	match_type(match, NULL);
	must_take(match, "]");
	return good;
}

static bool match_word(struct match *match, const json_t *value)
{
	size_t length = strcspn(match->at, "\"");
	const char *text = json_string_value(value);
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)length, match->at);
	match->at += length + 1;
	return !value || (text && strcmp(text, word) == 0) || differ(match, word, value);
}

static bool is_time(const json_t *value)
{
	const char *form = "0000-00-00T00:00:00Z";
	const char *text = json_string_value(value);

	for (; text && *form; form++, text++)
		if (*form == '0' ? !isdigit((unsigned char)*text) : *form != *text)
			return false;
	return text && !*text;
}

static bool match_name(struct match *match, const json_t *value)
{
	struct match other = *match;
	char name[64];
	bool good;

	take_name(match, name, sizeof(name));
	if (strcmp(name, "text") == 0)
		good = json_is_string(value);
	else if (strcmp(name, "integer") == 0)
		good = json_is_integer(value);
	else if (strcmp(name, "number") == 0)
		good = json_is_number(value);
	else if (strcmp(name, "boolean") == 0)
		good = json_is_boolean(value);
	else if (strcmp(name, "null") == 0)
		good = json_is_null(value);
	else if (strcmp(name, "time") == 0)
		good = is_time(value);
	else if (!value)
		return true;
	else
		return other.at = type_of(match->documents, name), match_type(&other, value);
	return !value || good || differ(match, name, value);
}

/* Members of an alternative that does not fit count as unseen. */
static bool match_one(struct match *match, const json_t *value)
{
	size_t size = strlen(match->documents->text) * sizeof(bool);
	_cleanup_(free_p) bool *before = malloc(size);
	bool good;

	memcpy(before, match->documents->seen, size);
	if (take(match, "{"))
		good = match_object(match, value);
	else if (take(match, "["))
		good = match_list(match, value);
	else if (take(match, "\""))
		good = match_word(match, value);
	else
		good = match_name(match, value);
	if (!good)
		memcpy(match->documents->seen, before, size);
	return good;
}

/* If no alternative fits, `why` is about the last one. */
static bool match_type(struct match *match, const json_t *value)
{
	bool good = false;

	do {
		good = match_one(match, good ? NULL : value) || good;
	} while (take(match, "|"));
	return good;
}

bool documents_match(struct documents *documents, const char *type, const json_t *value, char *why,
		     size_t size)
{
	struct match match = {documents, type, why, size};

	why[0] = '\0';
	return match_type(&match, value);
}

/* ---- the page */

const struct document_row *documents_find(const struct document_block *block, const char *head)
{
	for (size_t i = 0; i < block->count; i++)
		if (strcmp(block->rows[i].head, head) == 0)
			return &block->rows[i];
	return NULL;
}

/* The head without its line ends and without more than one blank anywhere. */
static void copy_head(const char *from, const char *to, char ret_head[256])
{
	size_t size = 0;

	for (; from < to; from++) {
		bool is_blank = *from == ' ' || *from == '\n';

		cr_assert_lt(size, 255u, "%s: '%.40s'", PAGE, from);
		if (!is_blank)
			ret_head[size++] = *from;
		else if (size && ret_head[size - 1] != ' ')
			ret_head[size++] = ' ';
	}
	while (size && ret_head[size - 1] == ' ')
		size--;
	ret_head[size] = '\0';
}

/* Where the head ends: at the third word, which is the body's type. */
static const char *find_body(const char *from, const char *to, const char **ret_body)
{
	const char *path = strstr(from, " /");
	const char *body;

	*ret_body = NULL;
	if (!path || path > to)
		return to;
	path += strspn(path, " ");
	path += strcspn(path, " \n");
	body = path + strspn(path, " \n");
	if (body < to)
		*ret_body = body;
	return path;
}

/* Statements begin in the first column; their continuation is indented. */
static void read_block(const char *from, struct document_block *block)
{
	const char *end = strstr(from, "\n.Ed");
	const char *statement = strstr(from, ".Bd -literal") + strlen(".Bd -literal\n");

	while (statement < end) {
		struct document_row *row = &block->rows[block->count++];
		const char *equal = strstr(statement, " = ");
		const char *next = statement;

		cr_assert_leq(block->count, (size_t)DOCUMENT_ROWS_MAX);
		do {
			next = strchr(next, '\n') + 1;
		} while (*next == ' ' || *next == '\n');
		cr_assert(equal && equal < next, "%s: no ' = ' in '%.60s'", PAGE, statement);
		copy_head(statement, find_body(statement, equal, &row->body), row->head);
		row->type = equal + 3;
		statement = next;
	}
}

struct documents *documents_read(void)
{
	static struct documents documents;
	_cleanup_(fclose_p) FILE *in = fopen(PAGE, "r");
	size_t size = 0;
	const char *json, *commands, *api;

	cr_assert_not_null(in, "%s", PAGE);
	cr_assert_gt(getdelim(&documents.text, &size, '\0', in), 0);
	documents.seen = calloc(strlen(documents.text) + 1, sizeof(bool));
	json = strstr(documents.text, "\n.Sh JSON\n");
	api = strstr(documents.text, "\n.Sh API\n");
	cr_assert(json && api);
	commands = strstr(strstr(json, "\n.Ed"), ".Bd -literal");
	cr_assert(commands && commands < api);
	read_block(json, &documents.definitions);
	read_block(commands, &documents.commands);
	read_block(api, &documents.routes);
	return &documents;
}

/* Does `"name":` or `"name"?:` begin here? */
static bool is_member(const char *at)
{
	size_t length = *at == '"' ? strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
	const char *behind = at + length + 1;

	return length && *behind == '"' && (behind[1] == ':' || strncmp(behind + 1, "?:", 2) == 0);
}

static void add_unseen(const struct documents *documents, const struct document_block *block,
		       char *names, size_t size, size_t *count)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct document_row *row = &block->rows[i];
		const char *end = i + 1 < block->count ? row[1].type : strstr(row->type, "\n.Ed");

		for (const char *at = row->type; at < end; at++) {
			size_t used = strlen(names);

			if (!is_member(at) || documents->seen[at - documents->text])
				continue;
			++*count;
			snprintf(names + used, size - used, " %s.%.*s", row->head,
				 (int)strcspn(at + 1, "\""), at + 1);
		}
	}
}

size_t documents_unseen(const struct documents *documents, char *names, size_t size)
{
	size_t count = 0;

	names[0] = '\0';
	add_unseen(documents, &documents->definitions, names, size, &count);
	add_unseen(documents, &documents->commands, names, size, &count);
	add_unseen(documents, &documents->routes, names, size, &count);
	return count;
}
