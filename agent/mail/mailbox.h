/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mailboxes as keys: one text for one mailbox, in whatever form it came (RFC 5321, SMTPUTF8: RFC
 * 6531).
 *
 *   <Bob@Example.NET>              Bob@example.net       the local part keeps its case
 *   <@a,@b:bob@example.net.>       bob@example.net       source routes are ignored (appendix C)
 *   <"bob"@example.net>            bob@example.net       unnecessary quotes are removed
 *   <"b o b"@example.net>          "b o b"@example.net
 *   <bob@bücher.example>           bob@xn--bcher-kva.example    the domain as in DNS
 *   <bob@[IPv6:2001:DB8::1]>       bob@[ipv6:2001:db8::1]
 *   <bob>                          bob
 *   <>                             (empty: the null sender)
 *   <"">                           (the same: Postfix writes it so)
 *
 * Any other input also has a key, always the same: bytes that are not text become '?', and a local
 * part that is too long is cut. A key is its own key.
 */
#pragma once

#include <stdbool.h>

#include "policy/decision.h" /* POLICY_NAME_SIZE */

#define MAILBOX_DOMAIN_SIZE 256 /* NUL included; a DNS name has at most 253 bytes (RFC 1035) */

/* A reverse- or forward-path, with or without its brackets, without parameters. */
void mailbox_parse(const char *path, char ret_mailbox[POLICY_NAME_SIZE]);

/* The first mailbox of a header such as From or To (RFC 5322). False: it has none. */
bool mailbox_of_header(const char *value, char ret_mailbox[POLICY_NAME_SIZE]);

/* The domain of a key, borrowed; a literal keeps its brackets. NULL: none. */
const char *mailbox_domain(const char *mailbox);

/*
 * The domain as in DNS: A-labels (IDNA 2008), lower case, no dot at the end. Literals
 * ("[192.0.2.1]") stay unchanged. -EINVAL: not a mail domain: the name or a label is empty or too
 * long, has characters other than letters, digits, '-' and '_', or is not an IDN; the brackets hold
 * no address.
 */
int mailbox_domain_ascii(const char *domain, char ret_ascii[MAILBOX_DOMAIN_SIZE]);
