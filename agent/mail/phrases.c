/* SPDX-License-Identifier: BSD-2-Clause */
/* Reduces a text to its words, then compares at the beginning of each word. */
#include "mail/phrases.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

#define WORDS_SIZE 1024

#define PHRASES(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * By the first letter. The servers that use a rare one stand beside it. Where languages other than
 * English have letters outside of ASCII, a phrase ends before them or begins behind them.
 */
static const char *const *const unknown_phrases[26] = {
	['a' - 'a'] = PHRASES("account does not exist", "account doesn't exist",
			      "account not found", "account that you tried to reach does not",
			      "account unknown", "address does not exist", "address doesn't exist",
			      "address not found", "address unknown", "addressee unknown",
			      "adresse destinataire invalide", "adresse d au moins un destinataire",
			      "adresse inconnue", "adresse invalide"),
	['b' - 'a'] = PHRASES("bad address", "bad destination mailbox address", "bad recipient",
			      "benutzer unbekannt", "benutzer nicht gefunden"),
	['d' - 'a'] =
		PHRASES("delivery to non-existent", "destinataire inconnu", "destinataire invalide",
			"destinatario desconocido", "destinatario sconosciuto"),
	['e' - 'a'] = PHRASES("exrecipnotfound" /* Exchange */),
	['i' - 'a'] = PHRASES("invalid address", "invalid final delivery userid" /* IMail */,
			      "invalid mailbox", "invalid recipient", "invalid user",
			      "is not a valid mailbox", "is not a valid recipient",
			      "is not a valid user", "is not a known user"),
	['m' - 'a'] = PHRASES("mailbox does not exist", "mailbox doesn't exist", "mailbox invalid",
			      "mailbox not exist", "mailbox not found", "mailbox unknown"),
	['n' - 'a'] = PHRASES(
		"no account by that name", "no local mailbox", "no mailbox by that",
		"no mailbox found", "no mailbox here" /* qmail */, "no one by that name",
		"no such account", "no such address", "no such addressee", "no such local user",
		"no such mailbox", "no such person", "no such recipient", "no such user",
		"no such virtual user", "no valid recipient", "non-existent user",
		"nonexistent user", "not a known user", "not a valid mailbox",
		"not a valid recipient", "not a valid user", "not listed in domino directory",
		"not listed in public name", "not our customer" /* Comcast */),
	['p' - 'a'] = PHRASES("person not found", "postfach existiert nicht",
			      "postfach nicht gefunden", "postfach unbekannt"),
	['r' - 'a'] =
		PHRASES("recipient does not exist", "recipient doesn't exist", "recipient invalid",
			"recipient name is not recognized" /* Exchange */, "recipient not exist",
			"recipient not found", "recipient unknown", "recipnotfound" /* Exchange */,
			"requested action not taken: mailbox unavailable" /* GMX, Hotmail */),
	['s' - 'a'] = PHRASES("such user does not exist"),
	['u' - 'a'] = PHRASES(
		"unable to find user" /* Prodigy */, "undeliverable address",
		"unbekannter benutzer", "unbekannter empf", "unknown account", "unknown address",
		"unknown addressee", "unknown local part", "unknown local-part", "unknown mailbox",
		"unknown or illegal alias" /* Lotus */, "unknown recipient", "unknown to address",
		"unknown user", "unknown virtual", "user does not exist", "user doesn't exist",
		"user doesn't have a", "user invalid", "user is unknown", "user not exist",
		"user not found", "user not known", "user not listed in", "user unknown",
		"username not found", "usuario desconocido", "utente sconosciuto",
		"utilisateur inconnu"),
};

/* In Japanese: "is not found", "does not exist", "is not in", in UTF-8 and in ISO-2022-JP. */
static const char *const unknown_bytes[] = {
	"\xe8\xa6\x8b\xe3\x81\xa4\xe3\x81\x8b\xe3\x82\x8a\xe3\x81\xbe\xe3\x81\x9b",
	"\xe5\xad\x98\xe5\x9c\xa8\xe3\x81\x97\xe3\x81\xbe\xe3\x81\x9b",
	"\xe3\x81\xab\xe3\x81\x82\xe3\x82\x8a\xe3\x81\xbe\xe3\x81\x9b",
	"8+$D$+$j$^$;",
	"B8:_$7$^$;",
	"$K$\"$j$^$;",
};

/* Exim says "no such user" of a sender, after "sender verify failed". */
static const char *const other_phrases[] = {
	"does not accept mail",
	"mailbox full",
	"mailbox is full",
	"over quota",
	"overquota",
	"quota exceeded",
	"sender",
	"too many",
	"verification failed",
	"blacklist",
	"blocklist",
	"blocked",
	"host unknown",
	"spam",
	"unknown host",
	"is disabled",
	"is inactive",
	"suspended",
};

static bool is_address_edge(char c)
{
	static const bool edges[256] = {
		[' '] = true, ['\t'] = true, ['\r'] = true, ['\n'] = true, ['<'] = true,
		['>'] = true, ['['] = true,  [']'] = true,  ['('] = true,  [')'] = true,
		['"'] = true, [','] = true,  [';'] = true,  ['\0'] = true,
	};

	return edges[(unsigned char)c];
}

/* The end of a word that may be an address. */
static const char *end_of_word(const char *at)
{
	while (!is_address_edge(*at))
		at++;
	return at;
}

/* White space, brackets and addresses become one blank. */
static void reduce(const char *text, char ret_words[WORDS_SIZE])
{
	size_t size = 0;

	while (*text && size < WORDS_SIZE - 1) {
		const char *end = end_of_word(text);
		size_t length = (size_t)(end - text);

		if (length == 0 || memchr(text, '@', length)) {
			if (size > 0 && ret_words[size - 1] != ' ')
				ret_words[size++] = ' ';
		} else {
			length = length < WORDS_SIZE - 1 - size ? length : WORDS_SIZE - 1 - size;
			memcpy(ret_words + size, text, length);
			size += length;
		}
		text = length == 0 && *end ? end + 1 : end;
	}
	ret_words[size] = '\0';
	text_lower(ret_words);
}

static bool begins_with(const char *at, const char *phrase)
{
	while (*phrase && *at == *phrase)
		at++, phrase++;
	return !*phrase;
}

static bool any_begins(const char *at)
{
	const char *const *phrases = *at >= 'a' && *at <= 'z' ? unknown_phrases[*at - 'a'] : NULL;

	for (; phrases && *phrases; phrases++)
		if (begins_with(at, *phrases))
			return true;
	return false;
}

static bool says_unknown(const char *words)
{
	bool begins = true;

	for (const char *at = words; *at; at++) {
		if (begins && any_begins(at))
			return true;
		begins = !isalnum((unsigned char)*at);
	}
	return false;
}

static bool has_any(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, list[i]))
			return true;
	return false;
}

/* Neither UTF-8 nor the escapes of ISO-2022-JP. */
static bool is_plain(const char *text)
{
	while (*text > 0 && *text != '\x1b')
		text++;
	return !*text;
}

bool phrases_say_unknown(const char *text)
{
	char words[WORDS_SIZE];

	reduce(text, words);
	return says_unknown(words) ||
	       (!is_plain(text) &&
		has_any(text, unknown_bytes, sizeof(unknown_bytes) / sizeof(unknown_bytes[0])));
}

bool phrases_say_other(const char *text)
{
	char words[WORDS_SIZE];

	reduce(text, words);
	return has_any(words, other_phrases, sizeof(other_phrases) / sizeof(other_phrases[0]));
}
