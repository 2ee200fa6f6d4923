/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of postern.conf as libconfuse's tables, and its errors in our words. */
#include "config/syntax.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* Not a key: nobody can be told of it or set it. The line of a section is its value. */
#define LINE_KEY "(line)"

/* libconfuse has one lexer for the process and hands no pointer of ours to its callbacks. */
static struct {
	const char *file;
	syntax_visitor visitor;
	void *data;
	struct error *error;
	int result; /* of the first error */
} parse;

/* Text of libconfuse in, 'found …, expected …' out. Its argument, where it has one, is %1$s. */
static const struct {
	const char *format;
	const char *ours;
} messages[] = {
	{"missing title for section", "found '%1$s' without a name, expected %1$s \"NAME\" { … }"},
	{"missing opening brace", "found '%1$s' without '{', expected %1$s \"NAME\" { … }"},
	{"missing equal sign", "found '%1$s' without '=', expected %1$s = VALUE"},
	{"attempt to append", "found '+=', expected '=': '%1$s' is no list"},
	{"unexpected closing brace", "found '}', expected a key or the end of the file"},
	{"premature end", "found the end of the file, expected a value or '{'"},
};

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void unknown_key(const cfg_t *cfg, const char *key, char *ret_text, size_t size)
{
	size_t used = (size_t)snprintf(ret_text, size, "found '%.100s', expected one of", key);

	for (const cfg_opt_t *opt = cfg->opts; opt->name && used < size; opt++)
		if (strcmp(opt->name, LINE_KEY) != 0)
			used += (size_t)snprintf(ret_text + used, size - used, "%s %s",
						 ret_text[used - 1] == 'f' ? "" : ",", opt->name);
}

/* Words are keys or values wherever those may stand; only behind a value of a list are they not. */
static void unexpected_token(const char *token, char *ret_text, size_t size)
{
	const char *expected = "',' or '}'";

	if (strcmp(token, "}") == 0)
		expected = "a value";
	else if (strcmp(token, "+=") == 0 || (strlen(token) == 1 && strchr("={},()", *token)))
		expected = "a key or a value";
	snprintf(ret_text, size, "found '%.100s', expected %s", token, expected);
}

static void translate(const cfg_t *cfg, const char *format, va_list arguments, char *ret_text,
		      size_t size)
{
	const char *argument = strstr(format, "%s") ? va_arg(arguments, const char *) : "";

	if (begins_with(format, "no such option")) {
		unknown_key(cfg, argument, ret_text, size);
		return;
	}
	if (begins_with(format, "unexpected token")) {
		unexpected_token(argument, ret_text, size);
		return;
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (begins_with(format, messages[i].format)) {
			snprintf(ret_text, size, messages[i].ours, argument);
			return;
		}
	}
	snprintf(ret_text, size, "found '%.100s', expected KEY = VALUE", argument);
}

static void take_error(cfg_t *cfg, const char *format, va_list arguments)
{
	char text[768];

	if (parse.result < 0)
		return;
	translate(cfg, format, arguments, text, sizeof(text));
	parse.result = error_set(parse.error, -EINVAL, "%s:%d: %s", parse.file, cfg->line, text);
}

/*
 * Called for each value. The first line of a key is kept as the key's comment, which survives when
 * libconfuse drops the values for those of a second `key =`: that would be a silent surprise.
 */
static int take_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *ret_value)
{
	struct syntax_value *value;
	char line[16];

	if (opt->nvalues == 1 && cfg_opt_getcomment(opt)) {
		parse.result = error_set(parse.error, -EINVAL,
					 "%s:%d: found '%s' again, expected it once (it is at line "
					 "%s)",
					 parse.file, cfg->line, opt->name, cfg_opt_getcomment(opt));
		return -1;
	}
	snprintf(line, sizeof(line), "%d", cfg->line);
	if (opt->nvalues == 1 && cfg_opt_setcomment(opt, line) != CFG_SUCCESS)
		return -1;
	value = malloc(sizeof(*value) + strlen(text) + 1);
	if (!value)
		return -1;
	value->line = cfg->line;
	strcpy(value->text, text);
	*(void **)ret_value = value;
	return 0;
}

/* The one way by which a second `key =` gets past take_value(): an empty list calls nothing. */
static int check_emptied(const cfg_t *cfg)
{
	for (cfg_opt_t *opt = cfg->opts; opt->name; opt++)
		if (opt->type == CFGT_PTR && opt->nvalues == 0 && cfg_opt_getcomment(opt))
			return error_set(parse.error, -EINVAL,
					 "%s:%s: found '%s' again further down, expected it once",
					 parse.file, cfg_opt_getcomment(opt), opt->name);
	return 0;
}

static int visit(cfg_t *keys, const char *kind)
{
	struct syntax_section section = {.kind = kind, .title = keys->title, .keys = keys};
	int r = check_emptied(keys);

	if (r < 0)
		return r;
	if (kind)
		section.line = syntax_get(&section, LINE_KEY, 0)->line;
	return parse.visitor(parse.data, &section);
}

/* Called when a section closes. */
static int take_section(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	parse.result = visit(cfg_opt_getnsec(opt, 0), opt->name);
	return parse.result < 0 ? -1 : cfg_opt_rmnsec(opt, 0);
}

/*
 * A default is parsed, and take_value() called with it, when the section opens: the only moment at
 * which libconfuse tells where that is.
 */
#define SECTION_LINE CFG_PTR_CB(LINE_KEY, "-", CFGF_NONE, take_value, free)
#define VALUE(name)  CFG_PTR_CB(name, NULL, CFGF_NONE, take_value, free)
#define LIST(name)   CFG_PTR_LIST_CB(name, NULL, CFGF_NONE, take_value, free)

static cfg_opt_t pool_keys[] = {
	SECTION_LINE,  LIST("addresses"),   LIST("handles"),
	VALUE("helo"), VALUE("when_empty"), CFG_END(),
};

static cfg_opt_t sender_keys[] = {
	SECTION_LINE,
	LIST("source"),
	LIST("mark"),
	LIST("uid"),
	LIST("cgroup"),
	VALUE("policy"),
	VALUE("connections_per_minute"),
	VALUE("flows_max"),
	CFG_END(),
};

static cfg_opt_t policy_keys[] = {
	SECTION_LINE,
	VALUE("like"),
	VALUE("recipients_external_per_hour"),
	VALUE("recipients_internal_per_hour"),
	VALUE("recipients_per_day"),
	VALUE("messages_per_minute"),
	VALUE("connections_per_minute"),
	VALUE("on_limit"),
	VALUE("spam_of_last"),
	VALUE("reports_per_day"),
	VALUE("spam_for"),
	LIST("senders"),
	LIST("tenants"),
	LIST("domains"),
	CFG_END(),
};

static cfg_opt_t tenant_keys[] = {
	SECTION_LINE,
	LIST("senders"),
	LIST("domains"),
	VALUE("recipients_external_per_day"),
	VALUE("recipients_per_day"),
	VALUE("on_limit"),
	CFG_END(),
};

static cfg_opt_t top_keys[] = {
	CFG_SEC("pool", pool_keys, CFGF_MULTI | CFGF_TITLE),
	CFG_SEC("sender", sender_keys, CFGF_MULTI | CFGF_TITLE),
	CFG_SEC("policy", policy_keys, CFGF_MULTI | CFGF_TITLE),
	CFG_SEC("tenant", tenant_keys, CFGF_MULTI | CFGF_TITLE),
	/* The datapath. */
	LIST("interfaces"),
	LIST("ports"),
	VALUE("ingress"),
	VALUE("egress"),
	VALUE("default"),
	VALUE("plumb"),
	VALUE("pin_path"),
	VALUE("flows_max"),
	VALUE("sender_flows_max"),
	VALUE("sender_connections_per_minute"),
	VALUE("senders_max"),
	VALUE("timeout_established_sec"),
	VALUE("timeout_transitory_sec"),
	/* The agent. */
	VALUE("runtime_dir"),
	VALUE("state"),
	VALUE("user"),
	VALUE("metrics"),
	LIST("internal_domains"),
	VALUE("identity"),
	VALUE("relay_dkim"),
	VALUE("senders_tracked_max"),
	VALUE("decisions_max"),
	/* Mail. */
	VALUE("milter"),
	VALUE("socketmap"),
	VALUE("lanes"),
	VALUE("on_agent_down"),
	LIST("spam_marks"),
	LIST("authserv_ids"),
	LIST("resolver"),
	VALUE("mail_dns_aaaa"),
	VALUE("mail_dns_null_mx"),
	VALUE("dns_timeout_ms"),
	CFG_END(),
};

static int parse_text(const char *text)
{
	static const char *const sections[] = {"pool", "sender", "policy", "tenant"};
	cfg_t *cfg = cfg_init(top_keys, CFGF_NONE);
	int r;

	if (!cfg)
		return -ENOMEM;
	cfg_set_error_function(cfg, take_error);
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		cfg_set_validate_func(cfg, sections[i], take_section);
	r = cfg_parse_buf(cfg, text);
	if (r == CFG_SUCCESS)
		parse.result = visit(cfg, NULL);
	else if (parse.result == 0)
		parse.result = error_set(parse.error, -ENOMEM, "%s: out of memory", parse.file);
	cfg_free(cfg);
	return parse.result;
}

int syntax_parse(const char *file, const char *text, syntax_visitor visitor, void *data,
		 struct error *error)
{
	parse.file = file;
	parse.visitor = visitor;
	parse.data = data;
	parse.error = error;
	parse.result = 0;
	return parse_text(text);
}

bool syntax_is_set(const struct syntax_section *section, const char *key)
{
	return cfg_getopt(section->keys, key)->flags & CFGF_MODIFIED;
}

size_t syntax_count(const struct syntax_section *section, const char *key)
{
	return cfg_size(section->keys, key);
}

const struct syntax_value *syntax_get(const struct syntax_section *section, const char *key,
				      size_t index)
{
	return cfg_getnptr(section->keys, key, (unsigned)index);
}
