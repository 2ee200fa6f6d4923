/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The name servers of /etc/resolv.conf (resolv.conf(5)), and its changes: DHCP may write it long
 * after the start. libunbound reads it once, drops scopes, and gives up at a line that it cannot
 * read.
 *
 *   nameserver 192.0.2.53            192.0.2.53
 *   nameserver fe80::53%eth0         fe80::53%3: by the interface's index; it may come later
 *   nameserver localhost             not readable: noted, and the other lines count
 *   (no server, or no file)          127.0.0.1
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/address.h"

#define RESOLV_CONF_SERVERS_MAX 8 /* glibc asks three */
#define RESOLV_CONF_SERVER_SIZE (ADDRESS_TEXT_SIZE + 12)
#define RESOLV_CONF_NOTE_SIZE	128

struct resolv_conf_server {
	char text[RESOLV_CONF_SERVER_SIZE]; /* "": its interface does not exist */
	char interface[IF_NAMESIZE];	    /* of its scope; "": none */
	unsigned index;			    /* of that interface; 0: it does not exist */
};

/* All zero before it is read. */
struct resolv_conf {
	struct resolv_conf_server servers[RESOLV_CONF_SERVERS_MAX];
	unsigned count;
	char note[RESOLV_CONF_NOTE_SIZE]; /* of the first line that is ignored; "": none is */
	uint64_t looked_ns;
	struct timespec changed;
	ino_t inode;
};

/*
 * Looks once a second at most. True: it is read, for the first time or because it has changed, or
 * the interface of a scope has another index. A file that cannot be read has no servers.
 */
bool resolv_conf_follow(struct resolv_conf *file, uint64_t now_ns);

/*
 * One line. 1: a server; 0: a line of another kind; -EINVAL: a server that is no address. A server
 * whose interface does not exist has no text.
 */
int resolv_conf_line(const char *line, struct resolv_conf_server *ret_server);
