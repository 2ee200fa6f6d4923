/* SPDX-License-Identifier: BSD-2-Clause */
/* Cuts a name down, form by form, in the order of the configuration. */
#include "policy/owner.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "config/config.h"
#include "policy/identity.h"
#include "policy/letters.h"

/* Removes the text before `from`. */
static void keep_from(char *name, const char *from)
{
	memmove(name, from, strlen(from) + 1);
}

/* Removes the text between `end` and the '@'. */
static void end_local_part(char *end, const char *at)
{
	memmove(end, at, strlen(at) + 1);
}

/* '+' and '-' may stand for the first '='. */
static bool is_srs(const char *name)
{
	return strncasecmp(name, "srs", 3) == 0 && (name[3] == '0' || name[3] == '1') && name[4] &&
	       strchr("=+-", name[4]);
}

/* The host that rewrote the sender answers for it. */
static void cut_srs(char *name, char *at)
{
	if (is_srs(name))
		keep_from(name, at + 1);
}

static void cut_plus(char *name, char *at)
{
	char *plus = memchr(name, '+', (size_t)(at - name));

	if (plus && plus > name && !is_srs(name))
		end_local_part(plus, at);
}

/* "prvs=TAG=LOCAL" (draft-levine-smtp-batv), "prvs=LOCAL/TAG" before it. */
static void cut_prvs(char *name, char *at)
{
	char *local = name + strlen("prvs=");
	char *mark;

	if (strncasecmp(name, "prvs=", strlen("prvs=")) != 0)
		return;
	mark = memchr(local, '=', (size_t)(at - local));
	if (mark && mark + 1 < at) {
		keep_from(name, mark + 1);
		return;
	}
	mark = memchr(local, '/', (size_t)(at - local));
	if (!mark || mark == local)
		return;
	end_local_part(mark, at);
	keep_from(name, local);
}

static void cut_btv1(char *name, char *at)
{
	const char *mark = strncasecmp(name, "btv1==", strlen("btv1==")) == 0
				   ? strstr(name + strlen("btv1=="), "==")
				   : NULL;

	if (mark && mark + 2 < at)
		keep_from(name, mark + 2);
}

/* "LIST-USER=DOMAIN", "LIST-NUMBER-USER=DOMAIN": the recipient of a list's mail. */
static void cut_verp(char *name, char *at)
{
	char *equals = memchr(name, '=', (size_t)(at - name));
	char *dash = equals ? memrchr(name, '-', (size_t)(equals - name)) : NULL;

	if (!dash || dash == name)
		return;
	while (dash > name + 1 && isdigit((unsigned char)dash[-1]))
		dash--;
	while (dash > name + 1 && dash[-1] == '-')
		dash--;
	end_local_part(dash, at);
}

enum form { FORM_PLUS, FORM_PRVS, FORM_BTV1, FORM_SRS, FORM_VERP, FORMS };

static const char *const form_names[FORMS] = {
	[FORM_PLUS] = "plus", [FORM_PRVS] = "prvs", [FORM_BTV1] = "btv1",
	[FORM_SRS] = "srs",   [FORM_VERP] = "verp",
};

static void cut(enum form form, char *name, char *at)
{
	switch (form) {
	case FORM_PLUS:
		cut_plus(name, at);
		break;
	case FORM_PRVS:
		cut_prvs(name, at);
		break;
	case FORM_BTV1:
		cut_btv1(name, at);
		break;
	case FORM_SRS:
		cut_srs(name, at);
		break;
	default: /* FORM_VERP */
		cut_verp(name, at);
		break;
	}
}

/* "PATTERN: NAME" */
static void replace(char *name, const char *form)
{
	const char *colon = strchr(form, ':');
	char pattern[POLICY_NAME_SIZE];

	if (!colon || (size_t)(colon - form) >= sizeof(pattern))
		return;
	snprintf(pattern, sizeof(pattern), "%.*s", (int)(colon - form), form);
	if (fnmatch(pattern, name, FNM_CASEFOLD | FNM_NOESCAPE) == 0)
		snprintf(name, POLICY_NAME_SIZE, "%s", colon + 1 + strspn(colon + 1, " "));
}

static void apply(const char *form, char *name, bool is_login)
{
	char *at = strrchr(name, '@');

	if (*form == '@') {
		if (is_login && !at && strlen(name) + strlen(form) < POLICY_NAME_SIZE)
			strcat(name, form);
		return;
	}
	for (enum form known = 0; known < FORMS; known++) {
		if (strcasecmp(form_names[known], form) != 0)
			continue;
		/* A quoted local part is not of these forms. */
		if (at && *name != '"' && strpbrk(name, "+="))
			cut(known, name, at);
		return;
	}
	replace(name, form);
}

/* "bob"@example.com: the quotes are not needed (RFC 5321 section 4.1.2). */
static void unquote(char *name)
{
	char *end = *name == '"' ? strchr(name + 1, '"') : NULL;
	char *local = name + 1;

	if (!end || end[1] != '@' || end == local)
		return;
	for (char *c = local; c < end; c++)
		if (!isalnum((unsigned char)*c) && (unsigned char)*c < 0x80 &&
		    !strchr("!#$%&'*+-/=?^_`{|}~.", *c))
			return;
	memmove(end, end + 1, strlen(end));
	keep_from(name, local);
}

void owner_of(const struct config *config, const char *name, bool is_login,
	      char ret_owner[POLICY_NAME_SIZE])
{
	size_t before;
	bool had_domain;

	snprintf(ret_owner, POLICY_NAME_SIZE, "%s", name);
	letters_fold(ret_owner);
	/*
	 * A form may stand in another: prvs=TAG=news-1-al=example.org@shop.example.com. Each round
	 * but one makes the name shorter.
	 */
	do {
		before = strlen(ret_owner);
		had_domain = strchr(ret_owner, '@') != NULL;
		unquote(ret_owner);
		if (config_sender_find(config, ret_owner))
			return;
		for (size_t i = 0; i < config->sender_forms.count; i++)
			apply(config->sender_forms.texts[i], ret_owner, is_login);
	} while (strlen(ret_owner) < before || (!had_domain && strchr(ret_owner, '@')));
}

/* Domains and clients have other characters than logins. */
void owner_of_order(const struct config *config, const char *name, char ret_owner[POLICY_NAME_SIZE])
{
	owner_of(config, name, !strpbrk(name, ".:/"), ret_owner);
}
