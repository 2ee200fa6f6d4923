/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of one message or of some connections (facts), and the answer (decision).
 *
 * Facts are the caller's: texts are borrowed, NULL where they are not known. A text of
 * POLICY_NAME_SIZE or more is refused (-EINVAL): whoever parses mail cuts or rejects it first.
 *
 * ---- The rules, in order; the first that matches gives the reason
 *
 *   rule         matches when                                      decision
 *   manual       a verdict was set by hand                         its pool; `pass`: pool none;
 *                                                                  `drop`: defer 4.7.1
 *   restricted   the sender is restricted                          reject 5.1.8 or 5.7.711
 *   bounce       null envelope sender, or marked as one            high-risk
 *   no-mail-dns  the sender's domain has neither A nor MX          high-risk
 *   spam         marked as spam, or the sender is high-risk        high-risk
 *                for repeated spam
 *   over-limit   count + this one's > limit, of sender or tenant   as on_limit says, below
 *   relay        there is a pool "relay", the envelope sender's    pool relay
 *                domain is not ours and neither SPF nor (where
 *                relay_dkim is set) DKIM passed
 *   good         anything else                                     normal
 *   unknown-     anything else, of nobody                          the configuration's `default`;
 *   sender                                                         `drop`: defer 4.7.1
 *
 * For connections only manual, restricted, spam (the sender's) and over-limit are tried.
 *
 * "Bounces and no-mail-dns go to high-risk whatever else holds" and the order above are both kept like
 * this: whatever chooses a pool gives way to them, so a verdict by hand that steers or passes yields
 * to bounce and no-mail-dns. What lets nothing out stands: no pool is in question then, and else a
 * restricted sender could go on under the null sender.
 *
 * ---- Over a limit
 *
 *   on_limit         decision                          afterwards
 *   high-risk        high-risk
 *   defer            defer 4.7.1
 *   restrict-today   reject 5.1.8 or 5.7.711           restricted until midnight UTC
 *   restrict         reject 5.1.8 or 5.7.711           restricted until released
 *   alert            the next rule is tried            an event
 *
 * One who was restricted and released is not restricted again on the same UTC day, but high-risk while
 * over the limit. What counts by the minute never restricts, but defers: excess slides into later
 * minutes. For a tenant's limit the tenant's on_limit holds.
 *
 * ---- What is counted
 *
 * A message that is steered, and no other, counts 1 and its recipients. Connections count themselves
 * whatever the answer: they were opened before anybody is told of them. Deferred and rejected messages count nothing (they will come again, or not at all). A
 * bounce counts nothing; an automatic reply (to one recipient, else it is none) counts as a message
 * without recipients. Mail steered to high-risk for being over a limit counts as well, so a sender
 * comes back to normal when it has slowed down.
 *
 * ---- Who is counted (the identity)
 *
 * The authenticated user, whatever the envelope and From say. Else what the configuration's `identity`
 * names, then the selector's sender, then the client. All names are one name space, without regard to
 * case: the user bob@example.net and the envelope sender Bob@Example.net are one sender.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "postern/abi.h"

#define POLICY_NAME_SIZE 256 /* NUL included; RFC 5321 allows paths of 256 with their brackets */

enum facts_kind { FACTS_MESSAGE, FACTS_CONNECTION };
enum facts_dns { FACTS_DNS_UNKNOWN, FACTS_DNS_PRESENT, FACTS_DNS_ABSENT, FACTS_DNS_ANSWERS };
enum facts_auth {
	FACTS_AUTH_UNKNOWN,
	FACTS_AUTH_NONE,
	FACTS_AUTH_PASS,
	FACTS_AUTH_FAIL,
	FACTS_AUTH_RESULTS
};

struct facts {
	enum facts_kind kind;
	/* Of a message: */
	const char *message_id;
	const char *user;	   /* who has authenticated */
	const char *envelope_from; /* without brackets; "": the null sender */
	const char *header_from;
	uint32_t recipients_external;
	uint32_t recipients_internal;
	bool bounce;	/* a delivery status notification */
	bool automatic; /* an automatic reply (RFC 3834) */
	bool spam;	/* so marked by a scanner */
	enum facts_dns mail_dns;
	enum facts_auth spf;
	enum facts_auth dkim;
	/* Of both: */
	const char *client; /* address, as text */
	const char *sender; /* whose selector it is; for connections the only identity */
	const char *tenant; /* else the first that the configuration matches */
	/* Of connections: */
	uint32_t connections; /* how many; 0 is taken as 1 */
};

enum decision_action {
	DECISION_STEER = 1,
	DECISION_DEFER = 2,
	DECISION_REJECT = 3,
	DECISION_ACTIONS,
};

/* What an identity was taken from. Users and envelope senders are mailboxes, the others connectors. */
enum identity_kind {
	IDENTITY_NONE,
	IDENTITY_USER,
	IDENTITY_ENVELOPE,
	IDENTITY_DOMAIN,
	IDENTITY_CLIENT,
	IDENTITY_SENDER,
	IDENTITY_KINDS,
};

enum step_outcome {
	STEP_PASSED,  /* did not match; the next was tried */
	STEP_MATCHED, /* gave the reason */
	STEP_YIELDED, /* matched, but gave way to bounce or no-mail-dns */
	STEP_ALERTED, /* over the limit, where that is only said */
	STEP_OUTCOMES,
};

/* One rule as it was tried; over-limit has one step for each limit that this one counts against. */
struct decision_step {
	enum reason rule;
	enum step_outcome outcome;
	enum config_limit limit; /* CONFIG_LIMITS unless over-limit */
	/* over-limit: counted so far, this one's, the limit. spam: marks among the last, 0, the limit. */
	uint32_t count;
	uint32_t adds;
	uint32_t max;
};
/* Eight rules can be tried, over-limit with at most six steps (a message counts against six limits). */
#define DECISION_STEPS_MAX 13

struct decision {
	enum decision_action action;
	enum reason reason;
	uint32_t pool; /* POOL_NONE unless STEER; also for `pass` */
	const char
		*status; /* enhanced status code (RFC 3463), static; NULL unless DEFER or REJECT */
	int64_t until_sec; /* when the reason ends by itself; 0: not known, or with this message */
	enum identity_kind identity;
	char sender[POLICY_NAME_SIZE]; /* who is accountable; "": nobody */
	const char *policy;	       /* names: borrowed from the configuration */
	const char *tenant;	       /* NULL: none */
	struct decision_step steps[DECISION_STEPS_MAX];
	unsigned n_steps;
};

/* Never NULL; "invalid" for a value outside the enum. */
const char *decision_action_name(enum decision_action action); /* steer, defer, reject */
const char *facts_dns_name(enum facts_dns dns);		       /* unknown, present, absent */
const char *facts_auth_name(enum facts_auth auth);	       /* unknown, none, pass, fail */
const char *identity_kind_name(enum identity_kind kind);       /* none, user, envelope, … */
const char *step_outcome_name(enum step_outcome outcome);      /* passed, matched, … */

/* -EINVAL: no such word. */
int decision_action_parse(const char *name, enum decision_action *ret_action);
int facts_dns_parse(const char *name, enum facts_dns *ret_dns);
int facts_auth_parse(const char *name, enum facts_auth *ret_auth);
