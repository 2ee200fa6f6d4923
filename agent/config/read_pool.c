/* SPDX-License-Identifier: BSD-2-Clause */
/* pool "NAME" { addresses handles helo when_empty } */
#include "config/read.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 1000
#define LABEL_MAX  63 /* RFC 1035 section 2.3.4 */
#define DOMAIN_MAX 253

#define SPACES " \t"

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

/* "ADDRESS" or "ADDRESS weight N" */
static int read_address(const struct reader *reader, const struct syntax_value *value,
			struct config_address *ret_address)
{
	size_t length = strcspn(value->text, SPACES);
	const char *rest = value->text + length + strspn(value->text + length, SPACES);
	char text[ADDRESS_TEXT_SIZE] = "";

	*ret_address = (struct config_address){.weight = 1, .line = value->line};
	if (length < sizeof(text))
		memcpy(text, value->text, length);
	if (address_parse(text, &ret_address->address) < 0)
		return read_error(reader, value->line,
				  "found '%.100s', expected an IPv4 or IPv6 address, or such an "
				  "address and 'weight N'",
				  value->text);
	if (!*rest)
		return 0;
	if (strncmp(rest, "weight", 6) != 0 || !strchr(SPACES, rest[6]) ||
	    !is_weight(rest + 6 + strspn(rest + 6, SPACES), &ret_address->weight))
		return read_error(reader, value->line,
				  "found '%.100s', expected 'weight' and a number from 1 to %d "
				  "behind the address",
				  value->text, WEIGHT_MAX);
	return 0;
}

static int read_pool_address(const struct reader *reader, const struct syntax_value *value,
			     struct config_address *ret_address)
{
	int r = read_address(reader, value, ret_address);

	if (r < 0)
		return r;
	if (!address_is_unicast(&ret_address->address))
		return read_error(reader, value->line,
				  "found '%.100s', expected a unicast address (not unspecified, "
				  "loopback, multicast or broadcast)",
				  value->text);
	return 0;
}

static int read_handle(const struct reader *reader, const struct syntax_value *value,
		       struct config_address *ret_address)
{
	*ret_address = (struct config_address){.weight = 1, .line = value->line};
	if (address_parse(value->text, &ret_address->address) < 0)
		return read_error(reader, value->line,
				  "found handle '%.100s', expected an IPv4 or IPv6 address",
				  value->text);
	if (!address_is_unicast(&ret_address->address))
		return read_error(reader, value->line,
				  "found handle '%.100s', expected a unicast address that is not "
				  "loopback (the kernel lets nothing out of the host that comes "
				  "from 127.0.0.0/8 or ::1)",
				  value->text);
	return 0;
}

typedef int (*address_reader)(const struct reader *reader, const struct syntax_value *value,
			      struct config_address *ret_address);

/* What was read before a failure is the caller's as well. */
static int read_addresses(const struct reader *reader, const struct syntax_section *section,
			  const char *key, address_reader read_one,
			  struct config_address **ret_addresses, size_t *ret_count)
{
	size_t count = syntax_count(section, key);

	*ret_addresses = calloc(count ? count : 1, sizeof(**ret_addresses));
	if (!*ret_addresses)
		return read_out_of_memory(reader);
	*ret_count = count;
	for (size_t i = 0; i < count; i++) {
		int r = read_one(reader, syntax_get(section, key, i), &(*ret_addresses)[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

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

static int read_helo(const struct reader *reader, const struct syntax_section *section,
		     char **ret_helo)
{
	const struct syntax_value *value = syntax_get(section, "helo", 0);

	if (value && !is_domain(value->text) && !is_address_literal(value->text))
		return read_error(reader, value->line,
				  "found helo '%.100s', expected a domain name such as "
				  "'out.example.net' or an address literal such as '[192.0.2.1]'",
				  value->text);
	return read_copy(reader, section, "helo", ret_helo);
}

/* The two that always are there have fixed ids, so the others begin at POOL_FIRST_FREE. */
static int choose_id(const struct reader *reader, const struct syntax_section *section,
		     const char *name, uint32_t *ret_id)
{
	uint32_t id = POOL_FIRST_FREE;

	for (size_t i = 0; i < reader->config->n_pools; i++)
		id += reader->config->pools[i].id >= POOL_FIRST_FREE;
	if (strcmp(name, "normal") == 0)
		id = POOL_NORMAL;
	else if (strcmp(name, "high-risk") == 0)
		id = POOL_HIGH_RISK;
	if (id >= POSTERN_POOLS_MAX)
		return read_error(reader, section->line,
				  "found pool '%s', expected at most %d pools", name,
				  POSTERN_POOLS_MAX - 1);
	*ret_id = id;
	return 0;
}

static int check_pool_name(const struct reader *reader, const struct syntax_section *section)
{
	static const char *const words[] = {"hold", "pass", "drop"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(section->title, words[i]) == 0)
			return read_error(reader, section->line,
					  "found pool name '%s', expected another: that word has a "
					  "meaning of its own",
					  words[i]);
	for (size_t i = 0; i < reader->config->n_pools; i++)
		if (strcmp(section->title, reader->config->pools[i].name) == 0)
			return read_error(reader, section->line,
					  "found pool '%s' again, expected it once (it is at line "
					  "%d)",
					  section->title, reader->config->pools[i].line);
	return 0;
}

static int read_when_empty(struct reader *reader, const struct syntax_section *section, uint32_t id)
{
	struct read_name *name = &reader->when_empty[id];
	int r = read_copy(reader, section, "when_empty", &name->text);

	if (r == 0 && name->text)
		name->line = syntax_get(section, "when_empty", 0)->line;
	return r;
}

static int read_keys(struct reader *reader, const struct syntax_section *section,
		     struct config_pool *pool)
{
	int r = read_addresses(reader, section, "addresses", read_pool_address, &pool->addresses,
			       &pool->n_addresses);

	if (r == 0)
		r = read_addresses(reader, section, "handles", read_handle, &pool->handles,
				   &pool->n_handles);
	if (r == 0)
		r = read_helo(reader, section, &pool->helo);
	if (r == 0)
		r = read_when_empty(reader, section, pool->id);
	if (r == 0 && pool->n_addresses == 0)
		r = read_error(reader, section->line,
			       "found pool '%s' without addresses, expected at least one",
			       pool->name);
	return r;
}

int read_pool(struct reader *reader, const struct syntax_section *section)
{
	struct config *config = reader->config;
	struct config_pool pool = {.line = section->line};
	struct config_pool *pools;
	int r = check_pool_name(reader, section);

	if (r == 0)
		r = read_title(reader, section, POSTERN_POOL_LABEL, &pool.name);
	if (r < 0)
		return r;
	pools = reallocarray(config->pools, config->n_pools + 1, sizeof(*pools));
	if (!pools) {
		free(pool.name);
		return read_out_of_memory(reader);
	}
	config->pools = pools;
	r = choose_id(reader, section, pool.name, &pool.id);
	/* From here on the configuration owns what is read, complete or not. */
	pools[config->n_pools] = pool;
	pool = (struct config_pool){0};
	config->n_pools++;
	return r < 0 ? r : read_keys(reader, section, &pools[config->n_pools - 1]);
}
