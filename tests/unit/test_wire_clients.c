/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exim's ACL and Haraka's plugin are not C. This finds the members that they write and read in
 * their text and checks them against wire/facts.c and wire/decision.c.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "mta/template.h"
#include "policy/message.h"
#include "wire/decision.h"
#include "wire/facts.h"

#define PLUGIN "tools/haraka/postern.js"

TestSuite(wire_clients);

static struct error error;

/* The part of `text` from `begin` up to `end`; the caller's. */
static char *part_of(const char *text, const char *begin, const char *end)
{
	const char *from = strstr(text, begin);
	const char *to = from ? strstr(from + strlen(begin), end) : NULL;

	cr_assert_not_null(to, "no '%s' … '%s'", begin, end);
	return strndup(from, (size_t)(to - from));
}

static char *read_plugin(void)
{
	_cleanup_(fclose_p) FILE *in = fopen(PLUGIN, "r");
	char *text = NULL;
	size_t size = 0;

	cr_assert_not_null(in, PLUGIN);
	cr_assert_gt(getdelim(&text, &size, '\0', in), 0);
	return text;
}

/* Calls `check` with group 1 of every match of the pattern; returns how many there are. */
static size_t for_each(const char *text, const char *pattern, void (*check)(const char *name))
{
	regmatch_t match[2];
	size_t count = 0;
	regex_t regex;

	cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE), 0);
	for (; regexec(&regex, text, 2, match, 0) == 0; text += match[0].rm_eo, count++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)(match[1].rm_eo - match[1].rm_so),
			 text + match[1].rm_so);
		check(name);
	}
	regfree(&regex);
	return count;
}

/* null is no valid value of any member, and an unknown member gives another error. */
static void expect_fact(const char *name)
{
	static const struct config config;
	struct message_facts message;
	json_t *body = json_pack("{s:n}", name);

	cr_expect_eq(facts_read(body, &config, &message, &error), -EINVAL);
	cr_expect(strncmp(error.text, "member '", 8) == 0, "%s: %s", name, error.text);
	json_decref(body);
}

Test(wire_clients, exim_writes_facts_that_the_agent_reads)
{
	_cleanup_(free_p) char *facts =
		part_of(template_exim_acl, "set acl_m_postern_facts", "set acl_m_postern_answer");

	cr_expect_geq(for_each(facts, "\"([a-z_]+)\":", expect_fact), 11);
}

Test(wire_clients, haraka_writes_facts_that_the_agent_reads)
{
	_cleanup_(free_p) char *plugin = read_plugin();
	_cleanup_(free_p) char *facts = part_of(plugin, "function recipients_of", "// ---- the");

	cr_expect_geq(for_each(facts, "[ {]([a-z]+_?[a-z_]*): ", expect_fact), 11);
}

static void expect_in_decision(const char *name)
{
	const struct message_decision message = {.decision = {.action = DECISION_STEER}};
	_cleanup_(free_p) char *text = NULL;
	json_t *document;

	cr_assert_eq(decision_print(&message, NULL, &text, &error), 0);
	document = json_loads(text, 0, NULL);
	cr_expect(json_object_get(document, name), "'%s' is not in %s", name, text);
	json_decref(document);
}

Test(wire_clients, exim_reads_members_that_the_agent_prints)
{
	cr_expect_geq(
		for_each(template_exim_acl, "extract json[{]([a-z_]+)[}]", expect_in_decision), 4);
}

Test(wire_clients, haraka_reads_members_that_the_agent_prints)
{
	_cleanup_(free_p) char *plugin = read_plugin();
	_cleanup_(free_p) char *keep = part_of(plugin, "const bind = ", "// A verdict");
	_cleanup_(free_p) char *hook = part_of(plugin, "exports.hook_data_post", "keep(");

	cr_expect_geq(for_each(keep, "answer[?]?[.]([a-z_]+)", expect_in_decision), 4);
	cr_expect_geq(for_each(hook, "answer[?]?[.]([a-z_]+)", expect_in_decision), 4);
}
