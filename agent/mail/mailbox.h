/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mailboxes as keys: one text for one mailbox, however it was written (RFC 5321, SMTPUTF8: RFC 6531).
 *
 *   <Bob@Example.NET>              Bob@example.net       the local part's case is its host's affair
 *   <@a,@b:bob@example.net.>       bob@example.net       source routes mean nothing (appendix C)
 *   <"bob"@example.net>            bob@example.net       quotes stay where they are needed only
 *   <"b o b"@example.net>          "b o b"@example.net
 *   <bob@bücher.example>           bob@xn--bcher-kva.example    one form of a domain: what DNS is asked for
 *   <bob@[IPv6:2001:DB8::1]>       bob@[ipv6:2001:db8::1]
 *   <bob>                          bob
 *   <>                             (empty: the null sender)
 *   <"">                           the same, as Postfix has it
 *
 * Anything else has a key, too, always the same one: bytes that are no text become '?', and what is too
 * long loses the end of its local part. A key is its own key.
 */
#pragma once

#include <stdbool.h>

#include "policy/decision.h" /* POLICY_NAME_SIZE */

#define MAILBOX_DOMAIN_SIZE 256 /* NUL included; of DNS 253 bytes are the most (RFC 1035) */

/* A reverse- or forward-path, with or without its brackets; no parameters behind it. */
void mailbox_parse(const char *path, char ret_mailbox[POLICY_NAME_SIZE]);

/* The first mailbox of a header such as From or To (RFC 5322). False: there is none. */
bool mailbox_of_header(const char *value, char ret_mailbox[POLICY_NAME_SIZE]);

/* Of a key: what is behind its '@', borrowed. NULL: nothing. A literal keeps its brackets. */
const char *mailbox_domain(const char *mailbox);

/*
 * As DNS knows it: A-labels (IDNA 2008) in lower case, no dot at the end. Literals ("[192.0.2.1]") come
 * back as they are. -EINVAL: cannot be the name of a mail domain: empty or too long, as a whole or
 * one label; characters other than letters, digits, '-' and '_'; no IDN; no address in the brackets.
 */
int mailbox_domain_ascii(const char *domain, char ret_ascii[MAILBOX_DOMAIN_SIZE]);
