/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP between the hosts of a world, and the receiver's view of it.
 *
 * An origin says which sender connects, by the marks that the datapath's selectors see. A process
 * that really has that user, cgroup and host connects, and hands the socket to the test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "netns/host.h"

struct origin {
	enum host host;
	uid_t uid;
	uint32_t mark;	  /* SO_MARK; 0: none */
	bool in_cgroup;	  /* world.cgroup */
	const char *bind; /* source address; NULL: the kernel's choice */
	uint16_t port;	  /* source port; 0: the kernel's choice */
};

/* Listens in `internet`, or on another host; both families, any address. */
int receiver_open(uint16_t port);
int receiver_open_on(enum host host, uint16_t port);

struct talk {
	int client;
	int server;
	char from[ADDRESS_TEXT_SIZE]; /* the source that the receiver sees */
	uint16_t from_port;
};
#define _cleanup_talk_ __attribute__((cleanup(talk_close)))
#define TALK_NONE      ((struct talk){.client = -1, .server = -1})

#define CONNECT_MS (int)(5000 * test_patience()) /* for connections that are expected to succeed */
#define REFUSE_MS  600				 /* for the others: one SYN without an answer */

/* Connects to the receiver. 0 or -errno of connect(); -ETIMEDOUT after `within_ms`. */
int talk_open(int receiver, const struct origin *origin, const char *destination, uint16_t port,
	      int within_ms, struct talk *ret_talk);
/* The same, expected to succeed. */
struct talk talk_must(int receiver, const struct origin *origin, const char *destination,
		      uint16_t port);
void talk_close(struct talk *talk);

/* Sends so many bytes each way at once and compares each. The sockets stay open. */
bool talk_transfer(const struct talk *talk, size_t up_bytes, size_t down_bytes);
/* Sends a few bytes each way: is the connection alive? */
bool talk_lives(const struct talk *talk);
/* Is the client's next packet answered with a reset, and no byte of it delivered? */
bool talk_is_reset(const struct talk *talk);

/* TCP packets to port 25 that come in from the wire at `internet`, counted by source address. */
struct capture_source {
	struct address address;
	uint64_t packets;
};
struct capture;
struct capture *capture_start(void);
/* The same on another wire: from outside, by an interface of that host. */
struct capture *capture_start_on(enum host host, const char *interface);
/*
 * Reads the packets that have arrived, then ends. Fails the test if the kernel lost a packet.
 * Borrowed.
 */
const struct capture_source *capture_stop(struct capture *capture, size_t *ret_count);
void capture_free(struct capture *capture);
