/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hears of changes of links, addresses, routes, rules, qdiscs and filters in the network namespace
 * of its creation. It says only that there was a change: the kernel keeps some to itself (IPv4
 * routes that go with their link, TCX programs), and snapshot.h has the truth.
 *
 * An overflow of the socket loses messages, the newest first. It counts as a change, after which
 * nothing is left unread.
 */
#pragma once

struct error;
struct monitor;

/* monitor_close() ends it. -ENOMEM; an errno of socket(2) or bind(2). */
int monitor_open(struct monitor **ret_monitor, struct error *error);
void monitor_close(struct monitor *monitor);

/* Readable when there are messages. */
int monitor_fd(const struct monitor *monitor);

/*
 * MONITOR_LINK: a link, or messages were lost. A link that leaves and comes back at once can have
 * the same index, and no hooks: the next look must not wait.
 */
enum monitor_change { MONITOR_NOTHING, MONITOR_CHANGE, MONITOR_LINK };
/* Reads all messages without blocking: the most urgent of their changes. */
enum monitor_change monitor_read(struct monitor *monitor);

/* The same of messages of rtnetlink in memory, aligned as the kernel sends them. */
enum monitor_change monitor_parse(const void *messages, int size);
