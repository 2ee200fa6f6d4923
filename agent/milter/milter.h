/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern milter`: decides about each message for an MTA that speaks the milter protocol (Postfix,
 * Sendmail). Long-running, without privileges, and the only process that parses mail in transit.
 * One event loop does everything.
 *
 *   MTA ──► listener.c: connections ──► protocol.c: packets
 *             └──► session.c ──► transaction.c: client, login, envelope, headers, body (mail/)
 *                    └──► end_of_message.c
 *                           ├──► dns/: has the sender's domain mail DNS?
 *                           ├──► agent_client.c: POST /v1/messages
 *                           └──► headers for the lane, or a text of reply.c
 *
 *   decision    reply to the MTA
 *   steer       every X-Postern-* header that came in is removed; X-Postern-Pool and, where the
 *               pool has a lane, X-Postern-Lane are added (mta/headers.h)
 *   defer       451 with the decision's enhanced status
 *   reject      550 with it
 *   (rejected)  the agent rejects the facts (400): as steered to high-risk, counted by outage.c
 *   (none)      the agent does not answer within AGENT_TIME_MS, or answers nonsense: on_agent_down.
 *               With `accept` the message passes without a lane, except one that is high-risk
 *               whatever the agent would decide (bounce, no-mail-dns, marked as spam): it gets that
 *               pool's headers. outage.c counts and reports.
 *
 * Nothing is decided before the end of a message, so the MTA does not wait for the milter earlier.
 * Where several milters run, this one comes last: it reads the headers that scanners add.
 *
 * SIGHUP reads the configuration again, for the messages that begin after it; messages in progress
 * keep the rules they started under (config_ref.h). A wrong configuration is reported, and the old
 * one stays. runtime_dir, user and the socket change only with a restart.
 *
 * ---- Limits on what a remote can grow; the limits of connections are in listener.h
 *
 *   recipients       only counted; the first is kept
 *   a header         PROTOCOL_DATA_MAX; the MTA's own limit is lower by default
 *   body             at most 64 KiB are read, and only in possible bounces; an MTA with SKIP does
 *                    not send the rest
 *   forged headers   FORGED_NAMES_MAX names, FORGED_MAX in all; a message with more is rejected
 *                    (5.7.1)
 *   addresses        keys of mailbox.h: a local part that is too long is cut and still counted; a
 *                    login is cut to POLICY_NAME_SIZE likewise
 */
#pragma once

struct config;
struct error;

#define MILTER_CONNECTIONS_MAX 8192 /* of the MTA; fewer where the process may open fewer files */

struct milter_options {
	const struct config *config;
	/* Called once it listens. May be NULL. */
	void (*on_ready)(void);
};

/*
 * Listens and serves until SIGTERM or SIGINT; 0 then. Takes those signals, SIGHUP and SIGPIPE over,
 * and keeps the caller's user (process/privileges.h). -EADDRINUSE: another process serves the
 * socket; -EINVAL: no address of a resolver; -ENOMEM; others: process/listen.h.
 */
int milter_run(const struct milter_options *options, struct error *error);
