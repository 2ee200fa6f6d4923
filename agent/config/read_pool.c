/* SPDX-License-Identifier: BSD-2-Clause */
/* pool "NAME" { … }: its name and id, its addresses and handles. */
#include "config/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/hostname.h"

#define WEIGHT_MAX 1000

bool pool_is_helo(const char *text)
{
	return hostname_is_domain(text) || hostname_is_literal(text);
}

/* ---- handles */

static int check_handle(const struct reader *reader, const struct address *handle, const char *text,
			int line)
{
	if (address_is_unicast(handle))
		return 0;
	return read_error(reader, line,
			  "found handle '%.100s', expected a unicast address that is not loopback "
			  "(the kernel lets no packet from 127.0.0.0/8 or ::1 leave the host)",
			  text);
}

static int handles_read(const struct reader *reader, const struct config_key *key,
			const struct value *value, void *field)
{
	struct config_pool *pool = field;
	struct config_address *handles =
		array_grow(pool->handles, pool->n_handles, sizeof(*handles));
	struct config_address *handle;

	if (!handles)
		return read_out_of_memory(reader);
	pool->handles = handles;
	handle = &handles[pool->n_handles];
	*handle = (struct config_address){.line = value->line};
	if (address_parse(value->text, &handle->address) < 0)
		return read_refuse(reader, key, value, "an IPv4 or IPv6 address");
	pool->n_handles++;
	return check_handle(reader, &handle->address, value->text, value->line);
}

static void handles_release(void *field)
{
	free(((struct config_pool *)field)->handles);
}

const struct kind kind_handles = {
	.name = "address", .is_list = true, .read = handles_read, .release = handles_release};

/* ---- addresses: "ADDRESS [weight N] [handle ADDRESS] [helo NAME]" */

/* An address while the words behind it are read. */
struct words {
	const struct reader *reader;
	const struct value *value; /* all of it, for errors */
	struct config_address *address;
};

static int refuse_words(const struct words *words, const char *expected)
{
	return read_error(words->reader, words->value->line, "found '%.100s', expected %s",
			  words->value->text, expected);
}

static int read_weight(const struct words *words, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long weight = strtoul(text, NULL, 10);

	if (digits == 0 || digits > 4 || text[digits] || weight < 1 || weight > WEIGHT_MAX)
		return refuse_words(words, "'weight' and a number from 1 to 1000 behind the "
					   "address");
	words->address->weight = (unsigned)weight;
	return 0;
}

static int read_handle(const struct words *words, const char *text)
{
	struct config_address *address = words->address;

	if (address_parse(text, &address->handle) < 0 ||
	    address_is_ipv4(&address->handle) != address_is_ipv4(&address->address))
		return read_error(
			words->reader, words->value->line,
			"found handle '%.100s', expected an %s address, like the one it stands for",
			text, address_is_ipv4(&address->address) ? "IPv4" : "IPv6");
	address->has_handle = true;
	return check_handle(words->reader, &address->handle, text, words->value->line);
}

static int read_helo(const struct words *words, const char *text)
{
	if (!pool_is_helo(text))
		return read_error(words->reader, words->value->line,
				  "found helo '%.100s', expected " POOL_HELO_EXPECTED, text);
	words->address->helo = strdup(text);
	return words->address->helo ? 0 : read_out_of_memory(words->reader);
}

static int read_word(const struct words *words, const char *word, const char *text)
{
	const struct config_address *address = words->address;
	const struct {
		const char *word;
		bool is_set;
		int (*read)(const struct words *words, const char *text);
	} table[] = {
		{"weight", address->weight, read_weight},
		{"handle", address->has_handle, read_handle},
		{"helo", address->helo, read_helo},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(word, table[i].word) == 0)
			return table[i].is_set ? refuse_words(words, "each word once")
					       : table[i].read(words, text);
	return refuse_words(words, "an address, then 'weight N', 'handle ADDRESS' or 'helo NAME'");
}

/* Cuts up `text`. */
static int read_words(const struct words *words, char *text)
{
	static const char blanks[] = " \t";
	struct config_address *address = words->address;
	char *save, *word = strtok_r(text, blanks, &save);
	int r = 0;

	if (!word || address_parse(word, &address->address) < 0)
		return refuse_words(words, "an IPv4 or IPv6 address, or such an address and "
					   "'weight N'");
	while (r == 0 && (word = strtok_r(NULL, blanks, &save))) {
		const char *behind = strtok_r(NULL, blanks, &save);

		r = read_word(words, word, behind ? behind : "");
	}
	if (r < 0)
		return r;
	if (address->weight == 0)
		address->weight = 1;
	return address_is_unicast(&address->address) ? 0 : refuse_words(words, READ_UNICAST);
}

static int addresses_read(const struct reader *reader, const struct config_key *key,
			  const struct value *value, void *field)
{
	struct config_pool *pool = field;
	struct config_address *addresses =
		array_grow(pool->addresses, pool->n_addresses, sizeof(*addresses));
	_cleanup_(free_p) char *text = strdup(value->text);
	struct words words = {reader, value, NULL};

	(void)key;
	if (addresses)
		pool->addresses = addresses;
	if (!addresses || !text)
		return read_out_of_memory(reader);
	words.address = &addresses[pool->n_addresses++];
	*words.address = (struct config_address){.line = value->line};
	return read_words(&words, text);
}

static void addresses_release(void *field)
{
	struct config_pool *pool = field;

	for (size_t i = 0; i < pool->n_addresses; i++)
		free(pool->addresses[i].helo);
	free(pool->addresses);
}

const struct kind kind_addresses = {
	.name = "address", .is_list = true, .read = addresses_read, .release = addresses_release};

/* ---- pools */

int pool_check(const struct reader *reader, const struct value *title)
{
	static const char *const words[] = {"hold", "pass", "drop"};
	struct address address;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(title->text, words[i]) == 0)
			return read_error(
				reader, title->line,
				"found pool name '%s', expected another: the word is reserved",
				words[i]);
	/* "handle/192.0.2.1" is a sender. */
	if (address_parse(title->text, &address) == 0)
		return read_error(reader, title->line,
				  "found pool name '%s', expected another: it is an address",
				  title->text);
	return 0;
}

/* "normal" and "high-risk" have fixed ids; the others begin at POOL_FIRST_FREE. */
static int choose_id(const struct reader *reader, struct config_pool *pool)
{
	uint32_t id = POOL_FIRST_FREE;

	for (size_t i = 0; i < reader->config->n_pools; i++)
		id += reader->config->pools[i].id >= POOL_FIRST_FREE;
	if (strcmp(pool->name, "normal") == 0)
		id = POOL_NORMAL;
	else if (strcmp(pool->name, "high-risk") == 0)
		id = POOL_HIGH_RISK;
	if (id >= POSTERN_POOLS_MAX)
		return read_error(reader, pool->line, "found pool '%s', expected at most %d pools",
				  pool->name, POSTERN_POOLS_MAX - 1);
	pool->id = id;
	return 0;
}

/* The handles of single addresses stand behind those of the pool. */
static int add_own_handles(const struct reader *reader, struct config_pool *pool)
{
	for (size_t i = 0; i < pool->n_addresses; i++) {
		const struct config_address *address = &pool->addresses[i];
		struct config_address *handles;

		if (!address->has_handle)
			continue;
		handles = array_grow(pool->handles, pool->n_handles, sizeof(*handles));
		if (!handles)
			return read_out_of_memory(reader);
		pool->handles = handles;
		handles[pool->n_handles++] = (struct config_address){
			.address = address->handle, .line = address->line, .of = address};
	}
	return 0;
}

static int check_count(const struct reader *reader, const struct config_pool *pool)
{
	size_t count = 0;

	if (pool->n_addresses == 0)
		return read_error(reader, pool->line,
				  "found pool '%s' without addresses, expected at least one",
				  pool->name);
	if (pool->n_addresses > POSTERN_SLOTS)
		return read_error(reader, pool->line,
				  "found %zu addresses in pool '%s', expected at most %d",
				  pool->n_addresses, pool->name, POSTERN_SLOTS);
	for (size_t i = 0; i < reader->config->n_pools; i++)
		count += reader->config->pools[i].n_addresses;
	if (count > POSTERN_ADDRESSES_MAX)
		return read_error(reader, pool->line,
				  "found %zu addresses in the pools up to '%s', expected at most "
				  "%d in all",
				  count, pool->name, POSTERN_ADDRESSES_MAX);
	return 0;
}

int pool_finish(const struct reader *reader, void *pool)
{
	int r = choose_id(reader, pool);

	if (r == 0)
		r = check_count(reader, pool);
	return r < 0 ? r : add_own_handles(reader, pool);
}
