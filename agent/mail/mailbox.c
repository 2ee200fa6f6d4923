/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes a path apart, cleans each part, and joins them to the key. */
#include "mail/mailbox.h"

#include <ctype.h>
#include <errno.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hostname.h"
#include "base/text.h"
#include "mail/utf8.h"
#include "mail/lexer.h"
#include "policy/identity.h"

/* In a key, with space left for '@' and the shortest quoted and escaped local part. */
#define DOMAIN_MAX_BYTES (POLICY_NAME_SIZE - 1 - 5)

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return !*text;
}

/* RFC 5321's atext, RFC 6531's additions, and dots, also two in a row. */
static bool is_dot_string(const char *text)
{
	const char *at = text;

	while (*at && (isalnum((unsigned char)*at) || (unsigned char)*at >= 0x80 ||
		       strchr("!#$%&'*+-/=?^_`{|}~.", *at)))
		at++;
	return at > text && !*at;
}

/* ---- local part */

/* "b\o b" -> bo b: without the quotes, and without the backslashes in them. */
static void unquote(const char *bytes, size_t size, char ret_text[POLICY_NAME_SIZE])
{
	char plain[POLICY_NAME_SIZE] = "";
	size_t length = 0;
	bool quoted = size >= 2 && bytes[0] == '"' && bytes[size - 1] == '"';

	if (quoted) {
		bytes++;
		size -= 2;
	}
	for (size_t i = 0; i < size && length < sizeof(plain); i++) {
		if (quoted && bytes[i] == '\\' && i + 1 < size)
			i++;
		plain[length++] = bytes[i];
	}
	utf8_clean(plain, length, ret_text, POLICY_NAME_SIZE);
}

static size_t quoted_size(const char *text)
{
	size_t size = 2;

	for (; *text; text++)
		size += *text == '"' || *text == '\\' ? 2 : 1;
	return size;
}

/* Writes at most `max` bytes and a NUL. */
static size_t write_local(char text[POLICY_NAME_SIZE], size_t max, char *ret_local)
{
	char *out = ret_local;
	size_t length;

	text[utf8_cut(text, max)] = '\0';
	while (!is_dot_string(text) && quoted_size(text) > max)
		text[utf8_cut(text, strlen(text) - 1)] = '\0';
	length = strlen(text);
	if (is_dot_string(text)) {
		memcpy(ret_local, text, length + 1);
		return length;
	}
	*out++ = '"';
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"' || text[i] == '\\')
			*out++ = '\\';
		*out++ = text[i];
	}
	*out++ = '"';
	*out = '\0';
	return (size_t)(out - ret_local);
}

/* ---- domain */

static int check_name(char *text)
{
	size_t length = strlen(text);

	if (text[0] == '[')
		return hostname_is_literal(text) ? 0 : -EINVAL;
	if (length > 0 && text[length - 1] == '.')
		text[--length] = '\0';
	return hostname_is_dns(text) ? 0 : -EINVAL;
}

int mailbox_domain_ascii(const char *domain, char ret_ascii[MAILBOX_DOMAIN_SIZE])
{
	_cleanup_(free_p) char *ascii = NULL;
	char text[MAILBOX_DOMAIN_SIZE];

	if (!is_ascii(domain)) {
		if (idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) !=
		    IDN2_OK)
			return -EINVAL;
		domain = ascii;
	}
	if (strlen(domain) >= sizeof(text))
		return -EINVAL;
	strcpy(text, domain);
	text_lower(text);
	if (check_name(text) < 0)
		return -EINVAL;
	strcpy(ret_ascii, text);
	return 0;
}

/* The part after the '@'. */
static void write_domain(const char *bytes, size_t size, char ret_domain[POLICY_NAME_SIZE])
{
	/* A domain that is too long keeps its end, which names its owner. */
	size_t skip = size > DOMAIN_MAX_BYTES ? size - DOMAIN_MAX_BYTES : 0;
	char text[DOMAIN_MAX_BYTES + 1], ascii[MAILBOX_DOMAIN_SIZE];

	utf8_clean(bytes + skip, size - skip, text, sizeof(text));
	text_lower(text);
	if (skip || mailbox_domain_ascii(text, ascii) < 0 || strlen(ascii) > DOMAIN_MAX_BYTES)
		strcpy(ret_domain, text);
	else
		strcpy(ret_domain, ascii);
}

/* ---- paths */

static void trim(const char **text, size_t *size)
{
	for (; *size > 0 && text_is_blank(**text); (*size)--)
		(*text)++;
	while (*size > 0 && text_is_blank((*text)[*size - 1]))
		(*size)--;
}

/* The closing bracket may be missing. */
static void strip_brackets(const char **text, size_t *size)
{
	bool closed = *size > 1 && (*text)[*size - 1] == '>';

	if (*size == 0 || **text != '<')
		return;
	(*text)++;
	*size -= closed ? 2 : 1;
	trim(text, size);
}

static void strip_route(const char **text, size_t *size)
{
	const char *colon = *size > 0 && **text == '@' ? memchr(*text, ':', *size) : NULL;

	if (!colon)
		return;
	*size -= (size_t)(colon + 1 - *text);
	*text = colon + 1;
}

void mailbox_parse(const char *path, char ret_mailbox[POLICY_NAME_SIZE])
{
	char local[POLICY_NAME_SIZE], domain[POLICY_NAME_SIZE] = "";
	size_t size = strlen(path), length;
	const char *at;

	trim(&path, &size);
	strip_brackets(&path, &size);
	strip_route(&path, &size);
	ret_mailbox[0] = '\0';
	if (size == 0)
		return;
	at = identity_at(path, size);
	unquote(path, at ? (size_t)(at - path) : size, local);
	if (at && at + 1 < path + size)
		write_domain(at + 1, (size_t)(path + size - at - 1), domain);
	if (!*local && !*domain)
		return;
	length = write_local(local, POLICY_NAME_SIZE - 1 - (*domain ? strlen(domain) + 1 : 0),
			     ret_mailbox);
	if (*domain)
		snprintf(ret_mailbox + length, POLICY_NAME_SIZE - length, "@%s", domain);
}

const char *mailbox_domain(const char *mailbox)
{
	return identity_domain(mailbox);
}

/* ---- headers */

/* Copies the words without comments and white space. */
static void copy_words(struct lexer lexer, const char *end, char *ret_text, size_t size)
{
	size_t length = 0;

	while (lexer.at < end) {
		const char *start = lexer.at;
		size_t taken;

		if (lexer_skip(&lexer))
			continue;
		lexer_step(&lexer);
		taken = (size_t)(lexer.at - start);
		if (length + taken >= size)
			break;
		memcpy(ret_text + length, start, taken);
		length += taken;
	}
	ret_text[length] = '\0';
}

bool mailbox_of_header(const char *value, char ret_mailbox[POLICY_NAME_SIZE])
{
	struct lexer start = {.at = value}, end;
	char path[4 * POLICY_NAME_SIZE], mailbox[POLICY_NAME_SIZE];

	for (;;) {
		end = start;
		lexer_find(&end, "<,:;");
		copy_words(start, end.at, path, sizeof(path));
		if (*end.at == '<') {
			start = end;
			lexer_find(&end, ">");
			end.at += *end.at == '>';
		} else if (*end.at == ':' && strchr(path, '@')) {
			lexer_find(&end, ",;"); /* the colon is in a domain literal */
		} else if (*end.at && (!*path || *end.at == ':')) {
			/* An empty list member, or a group name. */
			start.at = end.at + 1;
			continue;
		}
		break;
	}
	copy_words(start, end.at, path, sizeof(path));
	mailbox_parse(path, mailbox);
	if (!*mailbox)
		return false;
	strcpy(ret_mailbox, mailbox);
	return true;
}
