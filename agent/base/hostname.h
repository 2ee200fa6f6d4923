/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hosts and address literals, as text; no question to DNS. */
#pragma once

#include <stdbool.h>

#define HOSTNAME_MAX_BYTES 253 /* without the last dot; RFC 1035 section 2.3.4 */

/* Labels of 1 to 63 letters, digits, '-' and '_'; no dot at the end. */
bool hostname_is_dns(const char *text);
/*
 * RFC 1123 section 2.1: at least two labels without '_' and without '-' at their ends; the last one
 * is not all digits, as that of 192.0.2.1 is.
 */
bool hostname_is_domain(const char *text);
/* RFC 5321 section 4.1.3: [192.0.2.1], [IPv6:2001:db8::1] with the tag in any case. */
bool hostname_is_literal(const char *text);
