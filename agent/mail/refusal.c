/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the codes, and compares words. */
#include "mail/refusal.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- status codes */

/* "5.1.1". Subject and detail 0 mean "other or undefined". */
struct status {
	unsigned class, subject, detail;
};

static bool read_number(const char **at, unsigned *ret_number)
{
	const char *start = *at;
	unsigned number = 0;

	while (isdigit((unsigned char)**at) && *at - start < 3)
		number = number * 10 + (unsigned)(*(*at)++ - '0');
	*ret_number = number;
	return *at > start && !isdigit((unsigned char)**at);
}

static bool read_status(const char *at, struct status *ret_status)
{
	return read_number(&at, &ret_status->class) && *at++ == '.' &&
	       read_number(&at, &ret_status->subject) && *at++ == '.' &&
	       read_number(&at, &ret_status->detail);
}

static bool is_listed(const struct status *status, const struct status *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(status, &list[i], sizeof(*status)) == 0)
			return true;
	return false;
}

static bool is_unknown_recipient(const struct status *status)
{
	static const struct status list[] = {{5, 1, 1}, {5, 1, 10}, {5, 1, 351}};

	return is_listed(status, list, COUNT(list));
}

/* Whatever the words say. */
static bool is_other(const struct status *status)
{
	static const struct status list[] = {{5, 2, 2}, {5, 1, 7}, {5, 1, 8}};

	return status->class != 5 || is_listed(status, list, COUNT(list));
}

enum refusal refusal_of_status(const char *text)
{
	struct status status;

	if (!read_status(text, &status))
		return REFUSAL_VAGUE;
	if (is_unknown_recipient(&status))
		return REFUSAL_UNKNOWN_RECIPIENT;
	return is_other(&status) || status.subject == 7 ? REFUSAL_OTHER : REFUSAL_VAGUE;
}

/* ---- words */

static bool has_any(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasestr(text, words[i]))
			return true;
	return false;
}

/* Exim reports an unknown sender by the same words after "Sender verify failed". */
static bool words_say_unknown(const char *text, const struct status *status)
{
	static const char *const senders[] = {"sender verif", "sender address",
					      "verification failed"};
	static const char *const words[] = {
		"user unknown",	       "unknown user",		 "no such user",
		"user not found",      "no such mailbox",	 "mailbox not found",
		"no mailbox here",     "recipient unknown",	 "no such recipient",
		"unknown recipient",   "recipient not found",	 "not a known user",
		"user does not exist", "mailbox does not exist", "user doesn't exist",
		"no such address",     "account does not exist",
	};
	static const struct status access_denied = {5, 4, 1};

	if (has_any(text, senders, COUNT(senders)))
		return false;
	return has_any(text, words, COUNT(words)) ||
	       (is_listed(status, &access_denied, 1) &&
		strcasestr(text, "recipient address rejected: access denied"));
}

/* ---- replies */

/* "550-5.1.1 …", "550 #5.1.1 …": NULL without a reply code of class 4 or 5. */
static const char *find_reply(const char *text)
{
	for (const char *at = strpbrk(text, "45"); at; at = strpbrk(at + 1, "45"))
		if (isdigit((unsigned char)at[1]) && isdigit((unsigned char)at[2]) &&
		    (at[3] == ' ' || at[3] == '-') &&
		    (at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '.')))
			return at;
	return NULL;
}

/* Without a status code, the class of the reply. */
static struct status status_of_reply(const char *reply)
{
	struct status status;

	if (reply && read_status(reply + 4 + strspn(reply + 4, "(#"), &status))
		return status;
	return (struct status){.class = reply && *reply == '4' ? 4 : 5};
}

static enum refusal of_reply(const char *text, const char *reply)
{
	const struct status status = status_of_reply(reply);

	if (is_unknown_recipient(&status))
		return REFUSAL_UNKNOWN_RECIPIENT;
	if (is_other(&status))
		return REFUSAL_OTHER;
	if (words_say_unknown(text, &status))
		return REFUSAL_UNKNOWN_RECIPIENT;
	return status.subject == 7 ? REFUSAL_OTHER : REFUSAL_VAGUE;
}

enum refusal refusal_of_diagnostic(const char *diagnostic)
{
	const char *type = strchr(diagnostic, ';');
	const char *text = type ? type + 1 : diagnostic;

	return of_reply(text, find_reply(text));
}

enum refusal refusal_of_text(const char *line)
{
	const char *reply = find_reply(line);

	if (reply)
		return of_reply(line, reply);
	return strstr(line, "#5.1.1)") ? REFUSAL_UNKNOWN_RECIPIENT : REFUSAL_VAGUE;
}
