/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 and IPv6 addresses, prefixes and their text. One representation: 16 bytes in network order,
 * IPv4 as IPv4-mapped (RFC 4291 section 2.5.5.2), the same as in the maps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address {
	uint8_t bytes[16];
};

/* length counts all 128 bits: that of 10.0.0.0/8 is 104. Host bits are zero. */
struct prefix {
	struct address address;
	unsigned length;
};

#define ADDRESS_TEXT_SIZE  46 /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_SIZE   50 /* address, slash, three digits */
#define ENDPOINT_TEXT_SIZE 54 /* [address]:port */

bool address_is_ipv4(const struct address *address);
bool address_equal(const struct address *a, const struct address *b);
int address_compare(const struct address *a, const struct address *b); /* like memcmp */

/* False: unspecified, loopback, multicast, broadcast. No public packet has such a source. */
bool address_is_unicast(const struct address *address);

/* IPv6 or a dotted quad, without brackets or blanks. -EINVAL: neither. */
int address_parse(const char *text, struct address *ret_address);

/* address/length. -EINVAL: another form; -ERANGE: length too large; -EDOM: host bits are set. */
int prefix_parse(const char *text, struct prefix *ret_prefix);

bool prefix_contains(const struct prefix *prefix, const struct address *address);

/* Decimal digits, 1 to 65535. -EINVAL: another form. */
int port_parse(const char *text, uint16_t *ret_port);
/* ip:port or [ip6]:port. -EINVAL: another form. */
int endpoint_parse(const char *text, struct address *ret_address, uint16_t *ret_port);

/* All write into `buffer` and return it. */
const char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_SIZE]);
const char *prefix_format(const struct prefix *prefix, char buffer[PREFIX_TEXT_SIZE]);
/* ip:port or [ip6]:port */
const char *endpoint_format(const struct address *address, uint16_t port,
			    char buffer[ENDPOINT_TEXT_SIZE]);
/* `bytes`: an address as in the maps. */
const char *endpoint_format_bytes(const uint8_t bytes[16], uint16_t port,
				  char buffer[ENDPOINT_TEXT_SIZE]);
