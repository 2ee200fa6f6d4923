/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tolerant reader of the grammar in RFC 8601, 2.2: a malformed part is skipped up to the next
 * ';'.
 */
#include "mail/authres.h"

#include <string.h>
#include <strings.h>

#include "config/config.h"
#include "mail/lexer.h"
#include "mail/mailbox.h"

#define WORD_SIZE 256 /* the longest meaningful word is a host name */

/* One `method=result reason=… ptype.property=value …`. */
struct result {
	char method[WORD_SIZE];
	enum facts_auth auth;
	bool mailfrom, helo;	       /* it has this property of SMTP */
	char sender[POLICY_NAME_SIZE]; /* with mailfrom */
};

static bool is_trusted(const struct config_texts *trusted, const char *id)
{
	for (size_t i = 0; i < trusted->count; i++)
		if (strcasecmp(trusted->texts[i], id) == 0)
			return true;
	return false;
}

static enum facts_auth auth_of_word(const char *word)
{
	static const struct {
		const char *word;
		enum facts_auth auth;
	} words[] = {
		{"pass", FACTS_AUTH_PASS},     {"none", FACTS_AUTH_NONE},
		{"neutral", FACTS_AUTH_NONE},  {"fail", FACTS_AUTH_FAIL},
		{"softfail", FACTS_AUTH_FAIL}, {"policy", FACTS_AUTH_FAIL},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i].word, word) == 0)
			return words[i].auth;
	return FACTS_AUTH_UNKNOWN;
}

static bool at_end(struct lexer *lexer)
{
	lexer_skip(lexer);
	return !*lexer->at || *lexer->at == ';';
}

/* The version is optional; 1 is the default and the only one known. */
static bool read_version(struct lexer *lexer, const char *stops)
{
	char version[WORD_SIZE];

	return !lexer_word(lexer, stops, version, sizeof(version)) || strcmp(version, "1") == 0;
}

/* "x y"@example.com begins with a quoted string; "@example.com" is a domain. */
static void read_sender(struct lexer *lexer, char ret_sender[POLICY_NAME_SIZE])
{
	char path[2 * POLICY_NAME_SIZE] = "";
	const char *start;
	size_t size;

	lexer_skip(lexer);
	start = lexer->at;
	lexer_find(lexer, "; \t\r\n(");
	size = (size_t)(lexer->at - start);
	if (size < sizeof(path))
		memcpy(path, start, size);
	mailbox_parse(path + (path[0] == '@'), ret_sender);
}

static void read_value(struct lexer *lexer, const char *type, const char *property,
		       struct result *ret_result)
{
	char value[WORD_SIZE];

	if (strcasecmp(type, "smtp") == 0 && strcasecmp(property, "mailfrom") == 0) {
		read_sender(lexer, ret_result->sender);
		ret_result->mailfrom = true;
		return;
	}
	lexer_word(lexer, ";", value, sizeof(value));
	ret_result->helo |= strcasecmp(type, "smtp") == 0 && strcasecmp(property, "helo") == 0;
}

/* Reads to the next ';', and notes a property of the envelope sender or of the HELO name. */
static void read_properties(struct lexer *lexer, struct result *ret_result)
{
	char type[WORD_SIZE], property[WORD_SIZE];

	ret_result->mailfrom = ret_result->helo = false;
	ret_result->sender[0] = '\0';
	while (!at_end(lexer)) {
		if (!lexer_word(lexer, ".=;", type, sizeof(type))) {
			lexer_step(lexer);
			continue;
		}
		if (!lexer_take(lexer, '.') ||
		    !lexer_word(lexer, "=;", property, sizeof(property)) || !lexer_take(lexer, '='))
			continue;
		read_value(lexer, type, property, ret_result);
	}
}

/* After a ';'. False: malformed. */
static bool read_result(struct lexer *lexer, struct result *ret_result)
{
	char word[WORD_SIZE];
	bool understood;

	understood = lexer_word(lexer, "=/;", ret_result->method, sizeof(ret_result->method));
	if (lexer_take(lexer, '/'))
		understood = read_version(lexer, "=;") && understood;
	understood =
		lexer_take(lexer, '=') && lexer_word(lexer, ";", word, sizeof(word)) && understood;
	read_properties(lexer, ret_result);
	if (!understood)
		return false;
	ret_result->auth = auth_of_word(word);
	return true;
}

/* The result that outweighs, of two signatures. */
static enum facts_auth better(enum facts_auth a, enum facts_auth b)
{
	static const int rank[] = {
		[FACTS_AUTH_UNKNOWN] = 0,
		[FACTS_AUTH_NONE] = 1,
		[FACTS_AUTH_FAIL] = 2,
		[FACTS_AUTH_PASS] = 3,
	};

	return rank[a] > rank[b] ? a : b;
}

static void take_result(struct authres *header, const struct result *result)
{
	if (strcasecmp(result->method, "dkim") == 0) {
		header->dkim = better(header->dkim, result->auth);
		header->dkim_said = true;
	} else if (strcasecmp(result->method, "spf") == 0 && !header->spf_said &&
		   (result->mailfrom || !result->helo)) {
		header->spf = result->auth;
		header->spf_said = true;
		header->spf_names_sender = result->mailfrom;
		strcpy(header->spf_mailfrom, result->sender);
	}
}

void authres_read(struct authres *authres, const struct config_texts *trusted, const char *value)
{
	struct authres header = {.spf = FACTS_AUTH_UNKNOWN};
	struct lexer lexer = {.at = value};
	char id[WORD_SIZE];

	if (!lexer_word(&lexer, ";", id, sizeof(id)) || !is_trusted(trusted, id) ||
	    !read_version(&lexer, ";"))
		return;
	while (lexer_take(&lexer, ';')) {
		struct result result;

		if (read_result(&lexer, &result))
			take_result(&header, &result);
	}
	if (header.spf_said && !authres->spf_said) {
		authres->spf = header.spf;
		authres->spf_said = true;
		authres->spf_names_sender = header.spf_names_sender;
		strcpy(authres->spf_mailfrom, header.spf_mailfrom);
	}
	if (header.dkim_said && !authres->dkim_said) {
		authres->dkim = header.dkim;
		authres->dkim_said = true;
	}
}

/* "x@example.com", or "example.com" as a local part. */
static bool is_of_sender(const char *mailfrom, const char *envelope_from)
{
	const char *domain = mailbox_domain(envelope_from);
	char ascii[MAILBOX_DOMAIN_SIZE];

	if (strcasecmp(mailfrom, envelope_from) == 0)
		return true;
	return domain && !strchr(mailfrom, '@') && mailbox_domain_ascii(mailfrom, ascii) == 0 &&
	       strcmp(ascii, domain) == 0;
}

enum facts_auth authres_spf(const struct authres *authres, const char *envelope_from)
{
	if (!authres->spf_names_sender)
		return authres->spf == FACTS_AUTH_PASS ? FACTS_AUTH_UNKNOWN : authres->spf;
	return envelope_from && is_of_sender(authres->spf_mailfrom, envelope_from)
		       ? authres->spf
		       : FACTS_AUTH_UNKNOWN;
}
