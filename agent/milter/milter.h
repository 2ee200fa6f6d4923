/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern milter`: what an MTA that speaks the milter protocol (Postfix, Sendmail) asks about each
 * message. Long-running, without privileges, and the only process that parses mail.
 *
 *   MTA ──► session.c: client, login, envelope; mail/: headers and the start of the body
 *             │ at the end of the message
 *             ├──► dns/: has the sender's domain mail DNS?
 *             ├──► ask.c: POST /v1/messages to the agent ──► the decision
 *             └──► headers for the lane (end_of_message.c), or a refusal that people understand (reply.c)
 *
 *   decision   what the MTA is told
 *   steer      every X-Postern-* header that came in is removed; X-Postern-Pool and, where the pool has
 *              a lane, X-Postern-Lane are added (mta/headers.h)
 *   defer      451 with the decision's enhanced status
 *   reject     550 with it
 *   (refused)  the agent does not understand the facts (400): as steered to high-risk, and counted by outage.c
 *   (none)     the agent does not answer within AGENT_TIME_MS, or nonsense: on_agent_down. With `accept`
 *              the message passes without a lane, but for one that is high-risk whatever the agent would
 *              say (bounce, no-mail-dns, marked as spam): it is marked so. outage.c counts and tells.
 *
 * dns_alarm.c tells when the DNS fails, reload.c reads another configuration. Nothing is answered before the end of a message, so the MTA need not wait for us earlier. One message
 * is asked about once: where several milters run, this one comes last, to see what scanners added.
 *
 * ---- Limits on what a remote can grow
 *
 *   recipients       only counted
 *   a header         PROTOCOL_DATA_MAX; the MTA's own limit is lower by default
 *   body             64 KiB are looked at, where there is a reason to; the rest is not even sent
 *   forged headers   FORGED_NAMES_MAX names, FORGED_MAX in all; a message with more is rejected (5.7.1)
 *   addresses        keys of mailbox.h, so a local part that is too long is cut and still counted;
 *                    a login is cut to POLICY_NAME_SIZE likewise
 */
#pragma once

struct config;
struct error;

/* How long the MTA may keep silent; its own limits are below it. */
#define MILTER_IDLE_SEC 3600

struct milter_options {
	const struct config *config;
	/* Called once it listens. May be NULL. */
	void (*on_ready)(void);
};

/*
 * Listens and serves until SIGTERM or SIGINT; 0 then. As whoever it is: see process/privileges.h. SIGHUP reads
 * the configuration again, for the messages that begin after it; where it is wrong the old one stays. What was
 * opened at the start changes with a new start only. Once a process (libmilter). -EADDRINUSE: somebody serves that socket; others: bind(2), with the socket's
 * name in the text.
 */
int milter_run(const struct milter_options *options, struct error *error);
