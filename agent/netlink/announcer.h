/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Announces addresses to the neighbours of an interface, which may have them in their tables with
 * the hardware address of another host: an ARP announcement (RFC 5227 section 2.3), an unsolicited
 * neighbour advertisement with the override flag (RFC 4861 section 7.2.6). Each is sent
 * ANNOUNCER_TIMES times, as packets get lost and switches learn late.
 *
 * The socket needs CAP_NET_RAW when it is opened, and no capability later. It receives nothing.
 */
#pragma once

#include "base/address.h"

struct announcer;
struct error;

#define ANNOUNCER_TIMES 3

/* -EPERM: no CAP_NET_RAW; -ENOMEM; an errno of socket(2). announcer_close(NULL) is fine. */
int announcer_open(struct announcer **ret_announcer, struct error *error);
void announcer_close(struct announcer *announcer);

/*
 * Sends the first announcement. Interfaces without Ethernet, or without ARP, are left out. Failures
 * are left to the repetitions. -ENOMEM.
 */
int announcer_add(struct announcer *announcer, const struct address *address, int index);

/*
 * Sends the other announcements of all addresses, one a second, in a child process that ends by
 * itself. The caller does not wait for it. NULL is fine.
 */
void announcer_finish(struct announcer *announcer);
