/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a request of the socketmap protocol (socketmap_table(5)) is answered. There is one table:
 *
 *   lane SENDER    the transport by which mail of this envelope sender is delivered now, for
 *                  sender_dependent_default_transport_maps. The null sender is "", <> as postconf(5)
 *                  has it, and "<>" in quotes, as Postfix 3.7 asks for it
 *
 *   what holds (judge_envelope())        answer
 *   a pool with a lane                   OK LANE:
 *   pool normal, without a lane; pass    NOTFOUND               (default_transport)
 *   another pool, without a lane         OK retry:4.7.1 …       mail of it never leaves by another's
 *   dropped, or restricted               OK postern-hold:…
 *   another table, or none               PERM …
 *
 * retry(8) keeps the mail in the queue, mailq(1) shows why, and it leaves when the verdict has changed:
 * nothing is lost. Only the queue manager may ask (postfix.h): smtpd(8) would refuse recipients of such a
 * sender before the milter can say what it has to say, and everybody's while the agent is away.
 */
#pragma once

#include <stddef.h>

struct judge;
struct now;

/* A sender that Postfix can hand over fits: its lines have 2048 bytes (line_length_limit). */
#define LOOKUP_REQUEST_MAX 4096
#define LOOKUP_REPLY_MAX   256

/* A transport and the beginning of its next hop, which is what it says. */
#define LOOKUP_RETRY   "retry:4.7.1 "
#define LOOKUP_NO_LANE "pool %s has no lane, mail waits"

/* `request` need not be text. Writes one without line ends, NUL behind it; returns its length. */
size_t lookup_reply(const struct judge *judge, const char *request, size_t size,
		    const struct now *now, char ret_reply[LOOKUP_REPLY_MAX]);
