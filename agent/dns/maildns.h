/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail DNS: does a domain have an A or an MX record? libunbound asks, without DNSSEC; an answer is
 * kept as long as its TTL says.
 *
 *   answer of the DNS                                     mail DNS
 *   A or MX (`dns_aaaa`: or AAAA), CNAMEs followed        present; targets of MX are not checked
 *   none of them, or NXDOMAIN                             absent; a minute at most without a SOA
 *   with `dns_null_mx`: a null MX (RFC 7505), even with A absent; else an MX like any other
 *   SERVFAIL, REFUSED, no answer in time, no resolver     unknown, except with a record present
 *   (not asked) a domain literal, "[192.0.2.1]"           present: it needs no name
 *   (not asked) not a mail domain (mailbox_domain_ascii)  absent
 *
 * Everything runs in the caller's event loop; only libunbound has a thread of its own. Lookups of
 * one domain share its queries; each waits at most `dns_timeout_ms` from the first of them. A later
 * answer is kept for the next lookup. While the DNS is silent, at most MAILDNS_WAITING_MAX lookups
 * wait and MAILDNS_ASKED_MAX domains have queries (up to three sockets each); every further lookup
 * is unknown at once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "policy/decision.h"

struct config_mail;
struct error;
struct event_base;
struct maildns;

#define MAILDNS_DOMAINS_MAX 8192 /* known at once; the least recently used is evicted */
#define MAILDNS_ASKED_MAX   512
#define MAILDNS_WAITING_MAX 256
#define MAILDNS_UNKNOWN_SEC 5 /* how long an unknown outcome is kept */

/*
 * One lookup that waits, embedded by the caller. All zero but for `done` and `data`: it does not
 * wait. `done` may start or cancel lookups, but must not free the maildns.
 */
struct maildns_wait {
	void (*done)(void *data, enum facts_dns dns);
	void *data;
	/* maildns.c's: */
	TAILQ_ENTRY(maildns_wait) link;
	struct maildns_waits *list; /* NULL: it does not wait */
	struct maildns *maildns;
	enum facts_dns dns;
};

/*
 * Reads the DNS keys of `config` and keeps no pointer to it. Without a resolver those of
 * /etc/resolv.conf are asked, which is read again after it changes. -EINVAL: no address of a
 * resolver; -ENOMEM.
 */
int maildns_new(const struct config_mail *config, struct event_base *base,
		struct maildns **ret_maildns, struct error *error);
/* No lookup may wait. NULL is fine. */
void maildns_free(struct maildns *maildns);

/*
 * True: known at once, in *ret_dns. False: `wait->done` follows from the loop, unless
 * maildns_cancel() comes first. The domain may be NULL or "" (a sender without one): unknown.
 */
bool maildns_lookup(struct maildns *maildns, const char *domain, struct maildns_wait *wait,
		    enum facts_dns *ret_dns);
/* A wait that does not wait is fine. */
void maildns_cancel(struct maildns_wait *wait);

struct maildns_counters {
	uint64_t lookups;
	uint64_t hits;	   /* answered from the domains known */
	uint64_t queries;  /* sent to libunbound: two or three for a domain */
	uint64_t unknowns; /* lookups answered unknown: */
	uint64_t timeouts; /*   of these, without an answer in time */
	uint64_t refused;  /*   of these, at one of the limits above */
	uint64_t domains;  /* known or with queries at the moment */
};
const struct maildns_counters *maildns_counters(const struct maildns *maildns);

/* The first line of resolv.conf that is ignored, and why; "": none is. Borrowed. */
const char *maildns_note(const struct maildns *maildns);
