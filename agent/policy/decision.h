/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts about one message or some connections, and the decision on them.
 *
 * Facts belong to the caller: texts are borrowed, NULL where unknown. A text of POLICY_NAME_SIZE
 * bytes or more is refused (-EINVAL): a parser of mail cuts or rejects it first.
 *
 * ---- The rules, in order; the first that matches gives the reason
 *
 *   rule         matches when                                      decision
 *   manual       the sender has a manual verdict                   its pool; `pass`: no pool;
 *                                                                  `drop`: defer 4.7.1
 *   restricted   the sender is restricted                          reject 5.1.8 or 5.7.711
 *   bounce       null envelope sender, or marked as a bounce       high-risk
 *   no-mail-dns  the sender's domain has neither A nor MX          high-risk
 *   spam         marked as spam, or the sender is high-risk        high-risk
 *                for repeated spam
 *   over-limit   count + this message > limit, of sender or        as on_limit says, below
 *                tenant
 *   relay        there is a pool "relay", the envelope sender's    pool relay
 *                domain is not internal and neither SPF nor
 *                (where relay_dkim is set) DKIM passed
 *   good         anything else                                     normal
 *   unknown-     anything else, without an identity                the configuration's `default`;
 *   sender                                                         `drop`: defer 4.7.1
 *
 * Connections are tried by manual, restricted, spam (the sender's) and over-limit alone.
 *
 * Bounces and no-mail-dns always go to high-risk. Therefore a manual verdict that steers or passes
 * yields to both. A verdict that lets nothing out does not yield: a restricted sender could
 * otherwise go on under the null sender.
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
 * A message that alone has more recipients than the limit can never pass: where on_limit defers, it
 * is rejected with 5.5.3, and the sender is not restricted for it. Where on_limit restricts, such a
 * message restricts like any other.
 *
 * A sender that was restricted and released is not restricted again on the same UTC day; over the
 * limit it is high-risk. Limits by the minute never restrict, they defer: the excess moves into
 * later minutes. A tenant's limit goes by the tenant's on_limit.
 *
 * ---- What is counted
 *
 * A message that is steered counts 1 and its recipients. Deferred and rejected messages count
 * nothing: they come again, or not at all. A bounce counts nothing unless the host itself names its
 * sender: by the login, by a selector, or by the client where `identity` is "client". It then
 * counts as an automatic message. An automatic message to one recipient counts as a message without
 * recipients, until the sender has sent the policy's automatic_per_day on this UTC day; beyond, and
 * to several recipients, it counts like any other. Mail steered to high-risk for being over a limit
 * counts too, so that a sender returns to normal when it has slowed down. Connections count
 * whatever the decision is: they are open when they are reported.
 *
 * ---- The identity: the sender that is counted
 *
 * The authenticated user, whatever envelope and From are. Otherwise the configuration's `identity`,
 * then the sender of the selector, then the client. All names are one name space, without regard to
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
	const char *user;	   /* authenticated */
	const char *envelope_from; /* without brackets; "": the null sender */
	const char *header_from;
	uint32_t recipients_external;
	uint32_t recipients_internal;
	bool bounce;	/* a delivery status notification */
	bool automatic; /* an automatic reply (RFC 3834) */
	bool spam;	/* marked by a scanner */
	enum facts_dns mail_dns;
	enum facts_auth spf;
	enum facts_auth dkim;
	/* Of both: */
	const char *client; /* address, as text */
	const char *sender; /* by selector; the only identity of connections */
	const char *tenant; /* NULL: the first that matches in the configuration */
	/* Of connections: */
	uint32_t connections; /* number of them; 0 counts as 1 */
};

enum decision_action {
	DECISION_STEER = 1,
	DECISION_DEFER = 2,
	DECISION_REJECT = 3,
	DECISION_ACTIONS,
};

/* Source of an identity. Users and envelope senders are mailboxes, the others connectors. */
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
	STEP_YIELDED, /* matched, but yields: to bounce, no-mail-dns, a later limit */
	STEP_ALERTED, /* over the limit, with on_limit = alert */
	STEP_OUTCOMES,
};

/* A rule that was tried. over-limit has a step for each limit that these facts count against. */
struct decision_step {
	enum reason rule;
	enum step_outcome outcome;
	enum config_limit limit; /* CONFIG_LIMITS unless over-limit */
	/* over-limit: count, addition, limit. spam: marks among the last messages, 0, limit. */
	uint32_t count;
	uint32_t adds;
	uint32_t max;
};
/* Eight rules, of which over-limit has up to six steps: a message counts against six limits. */
#define DECISION_STEPS_MAX 13

struct decision {
	enum decision_action action;
	enum reason reason;
	uint32_t pool; /* POOL_NONE unless STEER; also for `pass` */
	const char
		*status; /* enhanced status code (RFC 3463), static; NULL unless DEFER or REJECT */
	int64_t until_sec; /* end of the reason; 0: unknown, or with this message */
	enum identity_kind identity;
	char sender[POLICY_NAME_SIZE]; /* accountable; "": nobody */
	const char *policy;	       /* names, borrowed from the configuration */
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
