/* SPDX-License-Identifier: BSD-2-Clause */
/* One address of a pool with what belongs to it, one handle, one name for HELO. */
#include "config/read.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define WEIGHT_MAX 1000
#define LABEL_MAX  63 /* RFC 1035 section 2.3.4 */
#define DOMAIN_MAX 253

#define SPACES " \t"

/* ---- names for HELO */

/* RFC 1123 section 2.1; two labels at least, and the last not all digits: 192.0.2.1 is no name. */
static bool is_domain(const char *text)
{
	const char *label = text;
	unsigned labels = 0;

	if (strlen(text) > DOMAIN_MAX)
		return false;
	for (;; label++) {
		size_t length = strcspn(label, ".");

		for (size_t i = 0; i < length; i++)
			if (!isalnum((unsigned char)label[i]) && label[i] != '-')
				return false;
		if (length == 0 || length > LABEL_MAX || label[0] == '-' ||
		    label[length - 1] == '-')
			return false;
		labels++;
		if (!label[length])
			return labels >= 2 && strspn(label, "0123456789") < length;
		label += length;
	}
}

/* RFC 5321 section 4.1.3: [192.0.2.1], [IPv6:2001:db8::1] */
static bool is_address_literal(const char *text)
{
	char inner[INET6_ADDRSTRLEN];
	size_t length = strlen(text);
	uint8_t bytes[16];
	bool ipv6;

	if (length < 2 || text[0] != '[' || text[length - 1] != ']')
		return false;
	ipv6 = strncmp(text + 1, "IPv6:", 5) == 0;
	text += ipv6 ? 6 : 1;
	length = strlen(text) - 1;
	if (length >= sizeof(inner))
		return false;
	memcpy(inner, text, length);
	inner[length] = '\0';
	return inet_pton(ipv6 ? AF_INET6 : AF_INET, inner, bytes) == 1;
}

int read_helo_name(const struct reader *reader, const char *text, int line, char **ret_helo)
{
	if (!is_domain(text) && !is_address_literal(text))
		return read_error(reader, line,
				  "found helo '%.100s', expected a domain name such as "
				  "'out.example.net' or an address literal such as '[192.0.2.1]'",
				  text);
	*ret_helo = strdup(text);
	return *ret_helo ? 0 : read_out_of_memory(reader);
}

/* ---- handles */

static int check_handle(const struct reader *reader, const struct address *handle, const char *text,
			int line)
{
	if (address_is_unicast(handle))
		return 0;
	return read_error(reader, line,
			  "found handle '%.100s', expected a unicast address that is not loopback "
			  "(the kernel lets nothing out of the host that comes from 127.0.0.0/8 or "
			  "::1)",
			  text);
}

int read_handle(const struct reader *reader, const struct syntax_value *value,
		struct config_address *ret_handle)
{
	*ret_handle = (struct config_address){.line = value->line};
	if (address_parse(value->text, &ret_handle->address) < 0)
		return read_error(reader, value->line,
				  "found handle '%.100s', expected an IPv4 or IPv6 address",
				  value->text);
	return check_handle(reader, &ret_handle->address, value->text, value->line);
}

/* ---- one address: "ADDRESS [weight N] [handle ADDRESS] [helo NAME]" */

static bool is_weight(const char *text, unsigned *ret_weight)
{
	size_t digits = strspn(text, "0123456789");
	unsigned weight;

	if (digits == 0 || digits > 4 || text[digits])
		return false;
	weight = (unsigned)atoi(text);
	if (weight < 1 || weight > WEIGHT_MAX)
		return false;
	*ret_weight = weight;
	return true;
}

struct words {
	const struct reader *reader;
	const struct syntax_value *value; /* all of it, for errors */
	struct config_address *address;
};

static int read_weight(const struct words *words, const char *text)
{
	return is_weight(text, &words->address->weight)
		       ? 0
		       : read_error(words->reader, words->value->line,
				    "found '%.100s', expected 'weight' and a number from 1 to %d "
				    "behind the address",
				    words->value->text, WEIGHT_MAX);
}

static int read_own_handle(const struct words *words, const char *text)
{
	struct config_address *address = words->address;

	if (address_parse(text, &address->handle) < 0 ||
	    address_is_ipv4(&address->handle) != address_is_ipv4(&address->address))
		return read_error(
			words->reader, words->value->line,
			"found handle '%.100s', expected an %s address, as is the one that "
			"it stands for",
			text, address_is_ipv4(&address->address) ? "IPv4" : "IPv6");
	address->has_handle = true;
	return check_handle(words->reader, &address->handle, text, words->value->line);
}

static int read_own_helo(const struct words *words, const char *text)
{
	return read_helo_name(words->reader, text, words->value->line, &words->address->helo);
}

/* `text`: what is behind the word; it is cut up. */
static int read_word_and_value(const struct words *words, const char *word, const char *text)
{
	const struct config_address *address = words->address;
	static const char again[] = "found '%.100s', expected each word once";

	if (strcmp(word, "weight") == 0)
		return address->weight ? read_error(words->reader, words->value->line, again,
						    words->value->text)
				       : read_weight(words, text);
	if (strcmp(word, "handle") == 0)
		return address->has_handle ? read_error(words->reader, words->value->line, again,
							words->value->text)
					   : read_own_handle(words, text);
	if (strcmp(word, "helo") == 0)
		return address->helo ? read_error(words->reader, words->value->line, again,
						  words->value->text)
				     : read_own_helo(words, text);
	return read_error(
		words->reader, words->value->line,
		"found '%.100s', expected an address, then 'weight N', 'handle ADDRESS' or "
		"'helo NAME'",
		words->value->text);
}

static int read_words(const struct words *words, char *text)
{
	char *save, *word = strtok_r(text, SPACES, &save);
	int r = 0;

	if (!word || address_parse(word, &words->address->address) < 0)
		return read_error(words->reader, words->value->line,
				  "found '%.100s', expected an IPv4 or IPv6 address, or such an "
				  "address and 'weight N'",
				  words->value->text);
	while (r == 0 && (word = strtok_r(NULL, SPACES, &save))) {
		const char *behind = strtok_r(NULL, SPACES, &save);

		r = read_word_and_value(words, word, behind ? behind : "");
	}
	return r;
}

int read_pool_address(const struct reader *reader, const struct syntax_value *value,
		      struct config_address *ret_address)
{
	const struct words words = {reader, value, ret_address};
	_cleanup_(free_p) char *text = strdup(value->text);
	int r;

	*ret_address = (struct config_address){.line = value->line};
	if (!text)
		return read_out_of_memory(reader);
	r = read_words(&words, text);
	if (r < 0)
		return r;
	if (ret_address->weight == 0)
		ret_address->weight = 1;
	if (!address_is_unicast(&ret_address->address))
		return read_error(reader, value->line,
				  "found '%.100s', expected a unicast address (not unspecified, "
				  "loopback, multicast or broadcast)",
				  value->text);
	return 0;
}
