/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hosts and what stands in their place in mail, as text. Nothing here asks DNS. */
#pragma once

#include <stdbool.h>

#define HOSTNAME_MAX_BYTES 253 /* without the last dot; RFC 1035 section 2.3.4 */

/* Labels of letters, digits, '-' and '_', each of 1 to 63; no dot at the end. */
bool hostname_is_dns(const char *text);
/*
 * RFC 1123 section 2.1: no '_', and no '-' at either end of a label; two labels at least, and the last is
 * not all digits, as in 192.0.2.1.
 */
bool hostname_is_domain(const char *text);
/* RFC 5321 section 4.1.3: [192.0.2.1], [IPv6:2001:db8::1] with the tag in any case. */
bool hostname_is_literal(const char *text);
