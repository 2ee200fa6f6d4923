/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a domain have mail DNS: an A or an MX record? Asked of libunbound, without DNSSEC; answers are kept as
 * long as their TTL says.
 *
 *   what the DNS says                                     answer
 *   A or MX (with `dns_aaaa` also AAAA), CNAMEs followed      present; where an MX leads is not looked at
 *   none of them, or NXDOMAIN                             absent
 *   with `dns_null_mx`: a null MX (RFC 7505), even beside an A   absent; without it an MX like any other
 *   SERVFAIL, REFUSED, no answer in time, no resolver     unknown, unless another record is present
 *   (not asked) a domain literal, "[192.0.2.1]"           present: no name is needed
 *   (not asked) what cannot be a name of a mail domain    absent (mailbox_domain_ascii())
 *
 * Any number of threads may look up at once. Those that ask for one domain share its queries; each waits
 * `dns_timeout_ms` at most, counted from the first of them. An answer that comes too late is kept for the
 * next. While the DNS is dead, at most MAILDNS_WAITING_MAX threads wait and MAILDNS_ASKED_MAX domains are
 * asked for (up to three sockets each); who comes in addition is answered unknown at once.
 */
#pragma once

#include <stdint.h>

#include "policy/decision.h"

struct config_mail;
struct error;
struct maildns;

#define MAILDNS_DOMAINS_MAX 8192 /* known at once; the one longest not asked for gives way */
#define MAILDNS_ASKED_MAX   512
#define MAILDNS_WAITING_MAX 256
#define MAILDNS_UNKNOWN_SEC 5 /* how long unknown is an answer, too */

/*
 * Of `config` counts what concerns DNS (resolver; none: those of /etc/resolv.conf, read once); it is not
 * needed after the call. Starts a thread of its own. -EINVAL: no address of a resolver; -ENOMEM, -EAGAIN.
 */
int maildns_new(const struct config_mail *config, struct maildns **ret_maildns,
		struct error *error);
/* No lookup may be under way. NULL is fine. */
void maildns_free(struct maildns *maildns);

/* The domain may be NULL or "" (a sender without one): unknown. */
enum facts_dns maildns_lookup(struct maildns *maildns, const char *domain);

struct maildns_counters {
	uint64_t lookups;
	uint64_t hits;	   /* answered by what was known */
	uint64_t queries;  /* sent to libunbound: two or three for a domain */
	uint64_t unknowns; /* lookups answered unknown: */
	uint64_t timeouts; /*   of these, for want of an answer in time */
	uint64_t refused;  /*   of these, for too many that wait or are asked for */
	uint64_t domains;  /* known or asked for at the moment */
};
void maildns_counters(struct maildns *maildns, struct maildns_counters *ret_counters);
