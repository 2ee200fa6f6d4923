/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the codes, and weighs them against the words. */
#include "mail/refusal.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "mail/phrases.h"

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
	static const struct status list[] = {{5, 1, 6}, {5, 1, 7}, {5, 1, 8}, {5, 2, 2}};

	return status->class != 5 || is_listed(status, list, COUNT(list));
}

/* Oracle's server says 5.1.10 of a null MX, with a comment. */
enum refusal refusal_of_status(const char *text)
{
	struct status status;

	if (!read_status(text, &status))
		return REFUSAL_VAGUE;
	if (is_other(&status) || (is_unknown_recipient(&status) && phrases_say_other(text)))
		return REFUSAL_OTHER;
	if (is_unknown_recipient(&status))
		return REFUSAL_UNKNOWN_RECIPIENT;
	return status.subject == 7 ? REFUSAL_POLICY : REFUSAL_VAGUE;
}

/* ---- words */

/* Microsoft 365, of a recipient that its directory does not have. */
static bool is_access_denied(const char *text, const struct status *status)
{
	static const struct status access_denied = {5, 4, 1};

	return is_listed(status, &access_denied, 1) && strcasestr(text, "address") &&
	       strcasestr(text, "rejected") && strcasestr(text, "access");
}

/* A reply without a code is a text of the server that sent the bounce. */
static bool is_unrouteable(const char *text, const char *reply)
{
	return reply && (strcasestr(text, "unrouteable address") ||
			 strcasestr(text, "address rejected: undeliverable"));
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

/* Words outweigh a code: servers say 5.1.1 of limits, and 5.7.1 of unknown recipients. */
static enum refusal of_reply(const char *text, const char *reply)
{
	const struct status status = status_of_reply(reply);
	bool code = is_unknown_recipient(&status);
	bool words;

	if (is_other(&status))
		return REFUSAL_OTHER;
	words = phrases_say_unknown(text);
	if (!(code && words) && phrases_say_other(text))
		return REFUSAL_OTHER;
	if (words || is_access_denied(text, &status) || is_unrouteable(text, reply))
		return REFUSAL_UNKNOWN_BY_WORDS;
	if (code)
		return REFUSAL_UNKNOWN_RECIPIENT;
	return status.subject == 7 ? REFUSAL_POLICY : REFUSAL_VAGUE;
}

enum refusal refusal_of_diagnostic(const char *diagnostic)
{
	const char *type = strchr(diagnostic, ';');
	const char *text = type ? type + 1 : diagnostic;

	return of_reply(text, find_reply(text));
}

bool refusal_text_is_unknown(const char *line)
{
	const char *reply = find_reply(line);
	enum refusal refusal;

	if (!reply)
		return strstr(line, "#5.1.1") ||
		       (phrases_say_unknown(line) && !phrases_say_other(line));
	refusal = of_reply(line, reply);
	return refusal == REFUSAL_UNKNOWN_RECIPIENT || refusal == REFUSAL_UNKNOWN_BY_WORDS;
}

enum refusal refusal_weigh(enum refusal status, enum refusal diagnostic)
{
	if (status == REFUSAL_OTHER || diagnostic == REFUSAL_OTHER)
		return REFUSAL_OTHER;
	if (diagnostic == REFUSAL_UNKNOWN_BY_WORDS)
		return REFUSAL_UNKNOWN_RECIPIENT;
	if (status == REFUSAL_POLICY || diagnostic == REFUSAL_POLICY)
		return REFUSAL_OTHER;
	return status == REFUSAL_UNKNOWN_RECIPIENT ? status : diagnostic;
}
