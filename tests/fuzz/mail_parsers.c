/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds any bytes to the parsers of mail, and looks at what they make of them; see mail_parsers.h. */
#include "fuzz/mail_parsers.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "fuzz/mail_feed.h"
#include "mail/authres.h"
#include "mail/utf8.h"
#include "mail/mailbox.h"
#include "mail/message.h"

#define FAIL(error, ...) error_set(error, -EBADMSG, __VA_ARGS__)
#define COUNT(table)	 (sizeof(table) / sizeof((table)[0]))

static struct config_mark marks[] = {
	{"X-Spam-Flag", "YES"},
	{"X-Spam-Status", "Yes"},
	{"X-Rspamd-Action", "add header"},
};
static char *ids[] = {"mx.example.net", "a"};
static const struct config_mail config = {
	.spam_marks = marks,
	.n_spam_marks = COUNT(marks),
	.authserv_ids = {ids, COUNT(ids)},
};

/* In memory of just its size, so that a sanitizer sees who reads past it. NULs end it. */
static char *text_of(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	if (!text)
		abort();
	return text;
}

static bool is_clean(const char *text)
{
	json_t *string = text ? json_string(text) : NULL;
	char again[MESSAGE_ID_MAX_BYTES + 1];

	if (!text)
		return true;
	json_decref(string);
	utf8_clean(text, strlen(text), again, sizeof(again));
	return string && strcmp(again, text) == 0;
}

/* ---- messages */

static int check_findings(const struct message_findings *found, bool null_sender,
			  struct error *error)
{
	const char *const texts[] = {found->message_id, found->header_from, found->bounce_to,
				     found->unknown_recipient, found->original_id};

	for (size_t i = 0; i < COUNT(texts); i++)
		if (!is_clean(texts[i]) || (texts[i] && !*texts[i]))
			return FAIL(error, "text %zu: '%s'", i, texts[i]);
	if (null_sender && !found->bounce)
		return FAIL(error, "the null sender is no bounce");
	if (!found->bounce && (found->bounce_to || found->unknown_recipient || found->original_id))
		return FAIL(error, "what is no bounce has a bounce's findings");
	if (found->spam != (found->mark != NULL))
		return FAIL(error, "spam without a mark, or a mark without spam");
	return 0;
}

static int read_message(const uint8_t *data, size_t size, unsigned seed, const char *sender,
			char told[MAIL_TOLD_SIZE], struct error *error)
{
	struct message *message = mail_feed(&config, data, size, seed);
	struct message_findings findings;
	int r;

	message_findings(message, sender, &findings);
	r = check_findings(&findings, sender && !*sender, error);
	mail_tell(message, sender, told);
	message_free(message);
	return r;
}

int mail_parsers_message(const uint8_t *data, size_t size, struct error *error)
{
	static const char *const senders[] = {NULL, "", "bob@example.net"};
	char whole[MAIL_TOLD_SIZE], pieces[MAIL_TOLD_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(senders); i++) {
		r = read_message(data, size, 0, senders[i], whole, error);
		for (unsigned seed = 1; r == 0 && seed < 4; seed++) {
			r = read_message(data, size, seed * (unsigned)(size + 1), senders[i],
					 pieces, error);
			if (r == 0 && strcmp(whole, pieces) != 0)
				r = FAIL(error, "'%.400s' as a whole, '%.400s' in pieces", whole,
					 pieces);
		}
	}
	return r;
}

/* ---- Authentication-Results */

static bool is_same(const struct authres *a, const struct authres *b)
{
	return a->spf == b->spf && a->dkim == b->dkim && a->spf_said == b->spf_said &&
	       a->dkim_said == b->dkim_said;
}

int mail_parsers_authres(const uint8_t *data, size_t size, struct error *error)
{
	static const struct config_texts nobody = {NULL, 0};
	_cleanup_(free_p) char *value = text_of(data, size);
	_cleanup_(free_p) char *commented = malloc(strlen(value) + 16);
	struct authres once = {.spf = FACTS_AUTH_UNKNOWN}, other = once;

	authres_read(&once, &config.authserv_ids, value);
	if (once.spf > FACTS_AUTH_FAIL || once.dkim > FACTS_AUTH_FAIL)
		return FAIL(error, "spf %d, dkim %d", once.spf, once.dkim);
	if ((once.spf && !once.spf_said) || (once.dkim && !once.dkim_said))
		return FAIL(error, "a result that nobody said");
	sprintf(commented, "\n (a\\)(b)c)\t%s", value);
	authres_read(&other, &config.authserv_ids, commented);
	if (!is_same(&once, &other))
		return FAIL(error, "a comment makes a difference");
	authres_read(&other, &config.authserv_ids, "a; spf=pass; dkim=fail");
	authres_read(&other, &config.authserv_ids, value);
	if ((once.spf_said && other.spf != once.spf) || (once.dkim_said && other.dkim != once.dkim))
		return FAIL(error, "a header further down changed what is known");
	other = (struct authres){.spf = FACTS_AUTH_UNKNOWN};
	authres_read(&other, &nobody, value);
	return other.spf_said || other.dkim_said ? FAIL(error, "nobody was believed") : 0;
}

/* ---- mailboxes */

static int check_key(const char *key, struct error *error)
{
	char again[POLICY_NAME_SIZE], ascii[MAILBOX_DOMAIN_SIZE], header[POLICY_NAME_SIZE + 8];
	const char *domain = mailbox_domain(key);

	if (!is_clean(key))
		return FAIL(error, "'%s' is no text", key);
	mailbox_parse(key, again);
	if (strcmp(again, key) != 0)
		return FAIL(error, "the key of '%s' is '%s'", key, again);
	if (domain && !strstr(key, domain))
		return FAIL(error, "the domain of '%s' is '%s'", key, domain);
	if (!domain || *domain == '[' || mailbox_domain_ascii(domain, ascii) < 0)
		return 0;
	if (strcmp(ascii, domain) != 0)
		return FAIL(error, "the domain '%s' of a key is '%s'", domain, ascii);
	snprintf(header, sizeof(header), "B (\\)) <%s>", key);
	if (!mailbox_of_header(header, again) || strcmp(again, key) != 0)
		return FAIL(error, "'%s' is '%s'", header, again);
	return 0;
}

int mail_parsers_mailbox(const uint8_t *data, size_t size, struct error *error)
{
	_cleanup_(free_p) char *text = text_of(data, size);
	char key[POLICY_NAME_SIZE];
	int r;

	mailbox_parse(text, key);
	r = check_key(key, error);
	if (r == 0 && mailbox_of_header(text, key))
		r = *key ? check_key(key, error) : FAIL(error, "a header gave the null sender");
	return r;
}
