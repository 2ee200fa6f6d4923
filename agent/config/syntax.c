/* SPDX-License-Identifier: BSD-2-Clause */
/* Follows the tokens, and hands each value to its section. */
#include "config/syntax.h"

#include <stdio.h>
#include <string.h>

#include "config/read.h"
#include "config/section.h"
#include "config/token.h"

struct parser {
	struct reader *reader;
	struct tokens tokens;
	struct token token; /* the one looked at */
};

static int step(struct parser *parser)
{
	return tokens_next(&parser->tokens, &parser->token);
}

static bool is_sign(const struct parser *parser, const char *sign)
{
	return parser->token.kind == TOKEN_SIGN && strcmp(parser->token.text, sign) == 0;
}

static int refuse(const struct parser *parser, const char *expected)
{
	const struct token *token = &parser->token;

	return read_error(parser->reader, token->line,
			  token->kind == TOKEN_END ? "found %s, expected %s"
						   : "found '%.100s', expected %s",
			  token->text, expected);
}

/* ---- keys */

static int unknown_key(const struct parser *parser, enum config_section section)
{
	char expected[800] = "one of";
	size_t used = strlen(expected);
	const char *before = " ";

	for (unsigned i = CONFIG_POOL; section == CONFIG_TOP && i < CONFIG_SECTIONS; i++) {
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%s", before,
					 config_section_name(i));
		before = ", ";
	}
	for (size_t i = 0; i < config_n_keys && used < sizeof(expected); i++) {
		if (config_keys[i].section != section)
			continue;
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%s", before,
					 config_keys[i].name);
		before = ", ";
	}
	return refuse(parser, expected);
}

static int parse_value(struct parser *parser, struct section *section, const struct config_key *key,
		       const char *expected)
{
	const struct value value = {parser->token.text, parser->token.line};

	if (parser->token.kind != TOKEN_WORD)
		return refuse(parser, expected);
	return section_value(parser->reader, section, key, &value);
}

/* Behind '{'. */
static int parse_list(struct parser *parser, struct section *section, const struct config_key *key)
{
	int r = step(parser);

	section_empty(section, key);
	while (r == 0 && !is_sign(parser, "}")) {
		r = parse_value(parser, section, key, "a value or '}'");
		if (r == 0)
			r = step(parser);
		if (r < 0 || is_sign(parser, "}"))
			break;
		r = is_sign(parser, ",") ? step(parser) : refuse(parser, "',' or '}'");
	}
	return r;
}

static int check_assignment(const struct parser *parser, const struct section *section,
			    const struct config_key *key)
{
	int line = section_given(section, key);

	if (is_sign(parser, "+=") && config_key_is_list(key))
		return 0;
	if (is_sign(parser, "+="))
		return read_error(parser->reader, parser->token.line,
				  "found '+=', expected '=': '%s' is no list", key->name);
	if (!is_sign(parser, "="))
		return read_error(parser->reader, parser->token.line,
				  "found '%s' without '=', expected %s = VALUE", key->name,
				  key->name);
	if (line)
		return read_error(parser->reader, parser->token.line,
				  "found '%s' again, expected it once (it is at line %d)",
				  key->name, line);
	return 0;
}

static int parse_key(struct parser *parser, struct section *section)
{
	const struct config_key *key = config_key_find(section->kind, parser->token.text);
	int r;

	if (!key)
		return unknown_key(parser, section->kind);
	r = step(parser);
	if (r == 0)
		r = check_assignment(parser, section, key);
	if (r == 0)
		r = step(parser);
	if (r < 0)
		return r;
	return config_key_is_list(key) && is_sign(parser, "{")
		       ? parse_list(parser, section, key)
		       : parse_value(parser, section, key, "a value");
}

/* ---- sections */

/* KIND "NAME" '{': up to the brace. */
static int parse_title(struct parser *parser, enum config_section kind, struct section *ret_section)
{
	const char *name = config_section_name(kind);
	char title[256];
	int r = step(parser);

	if (r == 0 && parser->token.kind != TOKEN_WORD)
		return read_error(parser->reader, parser->token.line,
				  "found '%s' without a name, expected %s \"NAME\" { … }", name,
				  name);
	if (r == 0) {
		/* Longer than every label: a name that is cut is refused for its length. */
		snprintf(title, sizeof(title), "%s", parser->token.text);
		r = step(parser);
	}
	if (r == 0 && !is_sign(parser, "{"))
		return read_error(parser->reader, parser->token.line,
				  "found '%s' without '{', expected %s \"NAME\" { … }", name, name);
	return r < 0 ? r
		     : section_open(parser->reader, kind,
				    &(struct value){title, parser->token.line}, ret_section);
}

static int parse_section(struct parser *parser, enum config_section kind)
{
	struct section section;
	int r = parse_title(parser, kind, &section);

	if (r == 0)
		r = step(parser);
	while (r == 0 && !is_sign(parser, "}")) {
		r = parser->token.kind == TOKEN_WORD ? parse_key(parser, &section)
						     : refuse(parser, "a key or '}'");
		if (r == 0)
			r = step(parser);
	}
	return r < 0 ? r : section_close(parser->reader, &section);
}

/* CONFIG_TOP: the word names none. */
static enum config_section section_kind(const char *word)
{
	for (unsigned i = CONFIG_POOL; i < CONFIG_SECTIONS; i++)
		if (strcmp(config_section_name(i), word) == 0)
			return i;
	return CONFIG_TOP;
}

static int parse_top(struct parser *parser)
{
	struct section top;
	int r = section_open(parser->reader, CONFIG_TOP, NULL, &top);

	while (r == 0 && (r = step(parser)) == 0 && parser->token.kind != TOKEN_END) {
		enum config_section kind = CONFIG_TOP;

		if (parser->token.kind == TOKEN_WORD)
			kind = section_kind(parser->token.text);
		else
			r = refuse(parser,
				   is_sign(parser, "}") ? "a key or the end of the file" : "a key");
		if (r < 0)
			break;
		if (kind == CONFIG_TOP)
			r = parse_key(parser, &top);
		else
			r = parser->reader->top_only ? tokens_skip_block(&parser->tokens)
						     : parse_section(parser, kind);
	}
	if (r == 0 && parser->reader->top_only)
		parser->reader->last_line = parser->tokens.line;
	return r < 0 ? r : section_close(parser->reader, &top);
}

/* ---- the whole file */

/*
 * Reads the whole file before the keys: after a brace that is never closed, the first wrong key is
 * many lines behind the mistake.
 */
static int check_braces(struct parser *parser)
{
	int depth = 0, outer_line = 0, r;

	while ((r = step(parser)) == 0 && parser->token.kind != TOKEN_END) {
		if (is_sign(parser, "{") && depth++ == 0)
			outer_line = parser->token.line;
		depth -= is_sign(parser, "}");
	}
	if (r == 0 && depth > 0)
		r = read_error(parser->reader, outer_line,
			       "found '{' that is never closed, expected '}'");
	return r;
}

static int pass(struct reader *reader, const char *text, int (*over)(struct parser *parser))
{
	struct parser parser = {.reader = reader};
	int r = tokens_init(&parser.tokens, reader, text);

	if (r == 0)
		r = over(&parser);
	tokens_done(&parser.tokens);
	return r;
}

int syntax_parse(struct reader *reader, const char *text)
{
	int r = reader->top_only ? 0 : pass(reader, text, check_braces);

	return r < 0 ? r : pass(reader, text, parse_top);
}
