/* SPDX-License-Identifier: BSD-2-Clause */
/* policy "NAME" { … }, the ready-made policies, and what policies have in common with tenants. */
#include "config/read.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define PATTERN_MAX 255
#define LIMIT_MAX   10000 /* recipients a day of the service, and nothing lasts longer */
#define MARKS_MAX   64

/* What left out and 0 mean: the limits that Microsoft publishes for its outbound service. */
static const struct config_policy service = {
	.name = "service",
	.limits = {10000, 10000, 10000, 30, 0},
	.on_limit = CONFIG_ON_LIMIT_HIGH_RISK,
	.spam_count = 10,
	.spam_of = 20,
	.reports_per_day = 5,
	.spam_for_sec = 86400,
};

/* The figures that Microsoft recommends for outbound spam policies; the rest is the service's. */
static const struct {
	const char *name;
	uint32_t external_per_hour, internal_per_hour, recipients_per_day;
} ready_made[] = {
	{"standard", 500, 1000, 1000},
	{"strict", 400, 800, 800},
	{"service", 10000, 10000, 10000},
	{"default", 10000, 10000, 10000},
};
#define READY_MADE (sizeof(ready_made) / sizeof(ready_made[0]))

/* ---- lists of patterns */

static bool is_pattern(const char *text, const char *refused)
{
	size_t length = strlen(text);

	if (length == 0 || length > PATTERN_MAX || strpbrk(text, refused))
		return false;
	for (const char *c = text; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return false;
	return true;
}

static int read_patterns(const struct reader *reader, const struct syntax_section *section,
			 const char *key, const char *refused, const char *example,
			 struct config_patterns *patterns)
{
	size_t count = syntax_count(section, key);

	patterns->texts = calloc(count + 1, sizeof(*patterns->texts));
	if (!patterns->texts)
		return read_out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const struct syntax_value *value = syntax_get(section, key, i);

		if (!is_pattern(value->text, refused))
			return read_error(reader, value->line,
					  "found '%.100s' in '%s', expected one like %s",
					  value->text, key, example);
		patterns->texts[i] = strdup(value->text);
		if (!patterns->texts[i])
			return read_out_of_memory(reader);
		patterns->count++;
	}
	return 0;
}

int read_sender_patterns(const struct reader *reader, const struct syntax_section *section,
			 struct config_patterns *patterns)
{
	return read_patterns(reader, section, "senders", "",
			     "'bob@example.net' or '*@sales.example.net'", patterns);
}

int read_domain_patterns(const struct reader *reader, const struct syntax_section *section,
			 const char *key, struct config_patterns *patterns)
{
	return read_patterns(reader, section, key, "@", "'example.net' or '*.example.net'",
			     patterns);
}

/* ---- single keys */

int read_on_limit(const struct reader *reader, const struct syntax_section *section, bool restricts,
		  enum config_on_limit *ret_on_limit)
{
	static const enum config_on_limit all[] = {
		CONFIG_ON_LIMIT_HIGH_RISK, CONFIG_ON_LIMIT_DEFER, CONFIG_ON_LIMIT_RESTRICT_TODAY,
		CONFIG_ON_LIMIT_RESTRICT,  CONFIG_ON_LIMIT_ALERT,
	};
	const struct syntax_value *value = syntax_get(section, "on_limit", 0);

	if (!value)
		return 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool allowed = restricts || (all[i] != CONFIG_ON_LIMIT_RESTRICT_TODAY &&
					     all[i] != CONFIG_ON_LIMIT_RESTRICT);

		if (!allowed || strcmp(config_on_limit_name(all[i]), value->text) != 0)
			continue;
		*ret_on_limit = all[i];
		return 0;
	}
	return read_error(reader, value->line,
			  "found on_limit '%.100s', expected 'high-risk', 'defer'%s 'alert'",
			  value->text, restricts ? ", 'restrict-today', 'restrict' or" : " or");
}

static int read_limits(const struct reader *reader, const struct syntax_section *section,
		       struct config_policy *policy)
{
	for (unsigned i = 0; i < CONFIG_LIMITS_OF_SENDER; i++) {
		const char *key = config_limit_name(i);
		const struct syntax_value *value = syntax_get(section, key, 0);
		int r;

		if (!value)
			continue;
		r = read_number(reader, value, key, 0, LIMIT_MAX, &policy->limits[i]);
		if (r < 0)
			return r;
		if (policy->limits[i] == 0)
			policy->limits[i] = service.limits[i];
	}
	return 0;
}

/* "N of M", or "never". */
static int read_spam_of_last(const struct reader *reader, const struct syntax_section *section,
			     struct config_policy *policy)
{
	const struct syntax_value *value = syntax_get(section, "spam_of_last", 0);
	unsigned count, of;
	char rest;

	if (!value)
		return 0;
	if (strcmp(value->text, "never") == 0) {
		policy->spam_count = policy->spam_of = 0;
		return 0;
	}
	if (!isdigit((unsigned char)value->text[0]) ||
	    sscanf(value->text, "%3u of %2u%c", &count, &of, &rest) != 2 || count < 1 ||
	    count > of || of > MARKS_MAX)
		return read_error(reader, value->line,
				  "found spam_of_last '%.100s', expected 'N of M' with N from 1 to "
				  "M and M of at most %d, or 'never'",
				  value->text, MARKS_MAX);
	policy->spam_count = count;
	policy->spam_of = of;
	return 0;
}

static int read_spam_for(const struct reader *reader, const struct syntax_section *section,
			 struct config_policy *policy)
{
	const struct syntax_value *value = syntax_get(section, "spam_for", 0);
	uint64_t seconds;

	if (!value)
		return 0;
	if (duration_parse(value->text, &seconds) < 0 || seconds > CONFIG_SPAM_FOR_MAX_SEC)
		return read_error(reader, value->line,
				  "found spam_for '%.100s', expected a time such as '12h', of at "
				  "most 30d",
				  value->text);
	policy->spam_for_sec = (uint32_t)seconds;
	return 0;
}

static int read_spam(const struct reader *reader, const struct syntax_section *section,
		     struct config_policy *policy)
{
	const struct syntax_value *reports = syntax_get(section, "reports_per_day", 0);
	int r = read_spam_of_last(reader, section, policy);

	if (r == 0)
		r = read_spam_for(reader, section, policy);
	if (r == 0 && reports)
		r = read_number(reader, reports, "reports_per_day", 0, LIMIT_MAX,
				&policy->reports_per_day);
	return r;
}

/* ---- whole policies */

static bool take_ready_made(struct config_policy *policy, const char *name)
{
	for (size_t i = 0; i < READY_MADE; i++) {
		if (strcmp(ready_made[i].name, name) != 0)
			continue;
		policy->limits[CONFIG_EXTERNAL_PER_HOUR] = ready_made[i].external_per_hour;
		policy->limits[CONFIG_INTERNAL_PER_HOUR] = ready_made[i].internal_per_hour;
		policy->limits[CONFIG_RECIPIENTS_PER_DAY] = ready_made[i].recipients_per_day;
		return true;
	}
	return false;
}

/* Where a policy begins: the service's figures, or those of the one it is like. */
static int read_like(const struct reader *reader, const struct syntax_section *section,
		     struct config_policy *policy)
{
	const struct syntax_value *value = syntax_get(section, "like", 0);

	if (!value || take_ready_made(policy, value->text))
		return 0;
	return read_error(reader, value->line,
			  "found like '%.100s', expected 'standard', 'strict' or 'service'",
			  value->text);
}

static int check_default(const struct reader *reader, const struct syntax_section *section,
			 const struct config_policy *policy)
{
	if (strcmp(policy->name, "default") != 0 ||
	    policy->senders.count + policy->tenants.count + policy->domains.count == 0)
		return 0;
	return read_error(reader, section->line,
			  "found policy 'default' with senders, tenants or domains, expected none: "
			  "it is for all that no other policy is for");
}

static int add_policy(struct reader *reader, const struct config_policy *values,
		      struct config_policy **ret_policy)
{
	struct config *config = reader->config;
	struct config_policy *policies =
		reallocarray(config->policies, config->n_policies + 1, sizeof(*policies));

	if (!policies)
		return read_out_of_memory(reader);
	config->policies = policies;
	policies[config->n_policies] = *values;
	*ret_policy = &policies[config->n_policies++];
	return 0;
}

int read_policy(struct reader *reader, const struct syntax_section *section)
{
	static int (*const steps[])(const struct reader *, const struct syntax_section *,
				    struct config_policy *) = {read_like, read_limits, read_spam};
	const struct config_policy *before = config_policy_find(reader->config, section->title);
	struct config_policy values = service, *policy;
	int r = read_title(reader, section, POSTERN_SENDER_LABEL, &values.name);

	if (r < 0)
		return r;
	if (before) {
		free(values.name);
		return read_error(reader, section->line,
				  "found policy '%s' again, expected it once (it is at line %d)",
				  section->title, before->line);
	}
	values.line = section->line;
	r = add_policy(reader, &values, &policy);
	if (r < 0) {
		free(values.name);
		return r;
	}
	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i](reader, section, policy);
	if (r == 0)
		r = read_on_limit(reader, section, true, &policy->on_limit);
	if (r == 0)
		r = read_sender_patterns(reader, section, &policy->senders);
	if (r == 0)
		r = read_patterns(reader, section, "tenants", "", "'shop' or 'shop-*'",
				  &policy->tenants);
	if (r == 0)
		r = read_domain_patterns(reader, section, "domains", &policy->domains);
	return r < 0 ? r : check_default(reader, section, policy);
}

int read_ready_made(struct reader *reader)
{
	for (size_t i = 0; i < READY_MADE; i++) {
		struct config_policy values = service, *policy;
		int r;

		if (config_policy_find(reader->config, ready_made[i].name))
			continue;
		take_ready_made(&values, ready_made[i].name);
		values.name = strdup(ready_made[i].name);
		if (!values.name)
			return read_out_of_memory(reader);
		r = add_policy(reader, &values, &policy);
		if (r < 0) {
			free(values.name);
			return r;
		}
	}
	reader->config->default_policy = config_policy_find(reader->config, "default");
	return 0;
}
