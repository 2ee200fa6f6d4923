/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One message between its reporter (an MTA, the milter) and the judge: the facts that go in, the
 * decision that comes out. wire/facts.h and wire/decision.h are the JSON of both.
 */
#pragma once

#include "base/address.h"
#include "policy/decision.h"
#include "policy/surge.h"

struct lane;

struct message_facts {
	struct facts facts;
	/* Of a bounce, each NULL where it is not known: */
	const char *bounce_to;	       /* sender of the message that bounced */
	const char *unknown_recipient; /* recipient that does not exist */
	const char *original_id;       /* Message-ID of the message that bounced */
	enum surge_origin origin;      /* used where original_id does not answer it */
	bool mail_dns_asked;	       /* name servers were asked for facts.mail_dns */
	uint32_t unanswered;	       /* earlier messages that the reporter got no answer for */
	/* Storage for a key of mail/mailbox.h; facts.envelope_from may point to it. */
	char mailbox[POLICY_NAME_SIZE];
};

struct message_decision {
	struct decision decision;
	const char *pool; /* NULL unless steered to one */
	/* For the MTA to use now; NULL: not steered to a pool, or the pool has none. Borrowed. */
	const struct lane *lane;
	/* The lane's binding; "": the lane does not serve this family. */
	char handle_ipv4[ADDRESS_TEXT_SIZE];
	char handle_ipv6[ADDRESS_TEXT_SIZE];
};
