/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers to requests of the socketmap protocol (socketmap_table(5)). There is one table:
 *
 *   lane SENDER    the transport that delivers mail of this envelope sender now, for
 *                  sender_dependent_default_transport_maps. The null sender is "", <> as in
 *                  postconf(5), or "<>" with quotes, as Postfix 3.7 asks for it
 *
 *   judge_envelope()                     answer
 *   a pool with a lane                   OK LANE:
 *   a pool that holds: it is disabled,
 *   or has no active address             OK retry:4.7.1 …       at once, instead of a try per host
 *   pool normal without a lane; pass     NOTFOUND               (default_transport)
 *   another pool without a lane          OK retry:4.7.1 …       its mail never uses another lane
 *   drop, restricted                     OK retry:4.7.1 …
 *   another table, or none               PERM …
 *
 * retry(8) keeps the mail in the queue and mailq(1) shows the reason; the mail leaves when the
 * verdict changes. Only the queue manager may ask (postfix.h): smtpd(8) would reject recipients
 * of such a sender before the milter answers, and all recipients while the agent is down.
 */
#pragma once

#include <stddef.h>

struct judge;
struct now;

/* Longer than any sender from Postfix, whose lines have 2048 bytes (line_length_limit). */
#define LOOKUP_REQUEST_MAX 4096
#define LOOKUP_REPLY_MAX   256

/* The transport retry(8) and the start of its next hop, the text in the queue. */
#define LOOKUP_RETRY   "retry:4.7.1 "
#define LOOKUP_NO_LANE "pool %s has no lane, mail waits"
#define LOOKUP_HELD    "pool %s %s, mail waits"

/*
 * `request` may be any bytes. Writes a text without line ends, NUL-terminated; returns its
 * length.
 */
size_t lookup_reply(const struct judge *judge, const char *request, size_t size,
		    const struct now *now, char ret_reply[LOOKUP_REPLY_MAX]);
