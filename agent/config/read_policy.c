/* SPDX-License-Identifier: BSD-2-Clause */
/* policy "NAME" { … }: its limits, and the patterns that tenants have as well. */
#include "config/kinds.h"

#include <ctype.h>
#include <string.h>

/* ---- patterns */

bool policy_is_sender(const char *text)
{
	for (const char *c = text; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return false;
	return true;
}

bool policy_is_domain(const char *text)
{
	return policy_is_sender(text) && !strchr(text, '@');
}

/* policy/owner.h has the forms. */
bool policy_is_sender_form(const char *text)
{
	static const char *const forms[] = {"plus", "prvs", "btv1", "srs", "verp"};
	const char *colon = strchr(text, ':');

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcasecmp(text, forms[i]) == 0)
			return true;
	if (*text == '@')
		return policy_is_domain(text + 1);
	return colon && colon > text && colon[1 + strspn(colon + 1, " ")];
}

/* ---- keys of their own */

/* Not documented: "default" is taken as well, as the ready-made policy has the service's limits. */
static int like_read(const struct reader *reader, const struct config_key *key,
		     const struct value *value, void *field)
{
	const struct value service = {"service", value->line};
	bool is_default = strcmp(value->text, "default") == 0;

	return kind_word.read(reader, key, is_default ? &service : value, field);
}

const struct kind kind_like = {.name = "word", .read = like_read};

/* "N of M", or "never". */
static int spam_of_last_read(const struct reader *reader, const struct config_key *key,
			     const struct value *value, void *field)
{
	struct config_policy *policy = field;
	unsigned count, of;
	char rest;

	if (strcmp(value->text, "never") == 0) {
		policy->spam_count = policy->spam_of = 0;
		return 0;
	}
	if (!isdigit((unsigned char)value->text[0]) ||
	    sscanf(value->text, "%3u of %2u%c", &count, &of, &rest) != 2 || count < 1 ||
	    count > of || of > key->max)
		return read_refuse(reader, key, value, key->expected);
	policy->spam_count = count;
	policy->spam_of = of;
	return 0;
}

const struct kind kind_spam_of_last = {.name = "ratio", .read = spam_of_last_read};

/* ---- policies */

/*
 * service: the limits that Microsoft publishes for its outbound service; it has none for
 * connections. standard, strict: the limits that Microsoft recommends for outbound spam policies.
 */
static const uint32_t limits[][CONFIG_LIMITS_OF_SENDER] = {
	[CONFIG_LIKE_STANDARD] = {500, 1000, 1000, 30, 0},
	[CONFIG_LIKE_STRICT] = {400, 800, 800, 30, 0},
	[CONFIG_LIKE_SERVICE] = {10000, 10000, 10000, 30, 0},
};

/* A limit that is left out is that of `like`; 0 is that of the service. */
int policy_finish(const struct reader *reader, void *instance)
{
	struct config_policy *policy = instance;

	for (unsigned i = 0; i < CONFIG_LIMITS_OF_SENDER; i++) {
		if (policy->limits[i] == READ_LEFT_OUT)
			policy->limits[i] = limits[policy->like][i];
		else if (policy->limits[i] == 0)
			policy->limits[i] = limits[CONFIG_LIKE_SERVICE][i];
	}
	if (strcmp(policy->name, "default") != 0 ||
	    policy->senders.count + policy->tenants.count + policy->domains.count == 0)
		return 0;
	return read_error(reader, policy->line,
			  "found policy 'default' with senders, tenants or domains, expected none: "
			  "it holds for senders that no other policy matches");
}
