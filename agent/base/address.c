/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares, classifies, parses and formats addresses and prefixes. */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BYTES 12 /* in front of the four bytes of an IPv4 address */
#define MAPPED_BITS  (MAPPED_BYTES * 8)

static const uint8_t mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

bool address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool address_equal(const struct address *a, const struct address *b)
{
	return address_compare(a, b) == 0;
}

static bool ipv4_is_unicast(const uint8_t bytes[4])
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	return bytes[0] != 0 && bytes[0] != 127 && (bytes[0] & 0xf0) != 224 &&
	       memcmp(bytes, broadcast, sizeof(broadcast)) != 0;
}

bool address_is_unicast(const struct address *address)
{
	static const struct address unspecified;
	static const struct address loopback = {.bytes[15] = 1};

	if (address_is_ipv4(address))
		return ipv4_is_unicast(address->bytes + MAPPED_BYTES);
	return address->bytes[0] != 0xff && !address_equal(address, &unspecified) &&
	       !address_equal(address, &loopback);
}

int address_parse(const char *text, struct address *ret_address)
{
	struct address address;

	memcpy(address.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, address.bytes + MAPPED_BYTES) != 1 &&
	    inet_pton(AF_INET6, text, address.bytes) != 1)
		return -EINVAL;

	*ret_address = address;
	return 0;
}

/* One to three decimal digits only: strtoul() takes signs and blanks. */
static int length_parse(const char *text, unsigned *ret_length)
{
	size_t digits = strspn(text, "0123456789");
	unsigned length = 0;

	if (digits == 0 || text[digits] || (digits > 1 && text[0] == '0'))
		return -EINVAL;
	if (digits > 3)
		return -ERANGE;
	for (; *text; text++)
		length = length * 10 + (unsigned)(*text - '0');

	*ret_length = length;
	return 0;
}

static bool has_host_bits(const struct prefix *prefix)
{
	for (unsigned bit = prefix->length; bit < 128; bit++)
		if (prefix->address.bytes[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

int prefix_parse(const char *text, struct prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS_TEXT_SIZE];
	struct prefix prefix;
	int r;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	r = address_parse(address, &prefix.address);
	if (r < 0)
		return r;
	r = length_parse(slash + 1, &prefix.length);
	if (r < 0)
		return r;
	/* The text counts the bits of its own family. */
	if (!strchr(address, ':'))
		prefix.length += MAPPED_BITS;
	if (prefix.length > 128)
		return -ERANGE;
	if (has_host_bits(&prefix))
		return -EDOM;

	*ret_prefix = prefix;
	return 0;
}

const char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_SIZE])
{
	if (address_is_ipv4(address))
		inet_ntop(AF_INET, address->bytes + MAPPED_BYTES, buffer, ADDRESS_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, address->bytes, buffer, ADDRESS_TEXT_SIZE);
	return buffer;
}

const char *prefix_format(const struct prefix *prefix, char buffer[PREFIX_TEXT_SIZE])
{
	unsigned length = prefix->length;
	char text[ADDRESS_TEXT_SIZE];

	if (address_is_ipv4(&prefix->address) && length >= MAPPED_BITS)
		length -= MAPPED_BITS;
	snprintf(buffer, PREFIX_TEXT_SIZE, "%s/%u", address_format(&prefix->address, text), length);
	return buffer;
}

const char *endpoint_format(const struct address *address, uint16_t port,
			    char buffer[ENDPOINT_TEXT_SIZE])
{
	bool ipv4 = address_is_ipv4(address);
	char text[ADDRESS_TEXT_SIZE];

	snprintf(buffer, ENDPOINT_TEXT_SIZE, ipv4 ? "%s:%u" : "[%s]:%u",
		 address_format(address, text), port);
	return buffer;
}

const char *endpoint_format_bytes(const uint8_t bytes[16], uint16_t port,
				  char buffer[ENDPOINT_TEXT_SIZE])
{
	return endpoint_format((const struct address *)bytes, port, buffer);
}

bool prefix_contains(const struct prefix *prefix, const struct address *address)
{
	size_t whole = prefix->length / 8;
	unsigned rest = prefix->length % 8;

	return memcmp(address->bytes, prefix->address.bytes, whole) == 0 &&
	       (rest == 0 ||
		((address->bytes[whole] ^ prefix->address.bytes[whole]) >> (8 - rest)) == 0);
}

/* Cuts `text` at the colon of the port and at the brackets. */
static bool split_endpoint(char *text, char **ret_address, char **ret_port)
{
	char *colon = strrchr(text, ':');
	bool brackets = *text == '[';

	if (!colon || (brackets && colon[-1] != ']'))
		return false;
	*colon = '\0';
	if (brackets)
		colon[-1] = '\0';
	*ret_address = text + brackets;
	*ret_port = colon + 1;
	return brackets == (strchr(*ret_address, ':') != NULL);
}

int port_parse(const char *text, uint16_t *ret_port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long port = strtoul(text, NULL, 10);

	if (digits == 0 || text[digits] || port < 1 || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

int endpoint_parse(const char *text, struct address *ret_address, uint16_t *ret_port)
{
	char copy[ENDPOINT_TEXT_SIZE + 8], *address, *port;
	struct address parsed;
	int r;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	if (!split_endpoint(copy, &address, &port))
		return -EINVAL;
	r = address_parse(address, &parsed);
	if (r == 0)
		r = port_parse(port, ret_port);
	if (r == 0)
		*ret_address = parsed;
	return r;
}
