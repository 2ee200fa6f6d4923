/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MTA's side of the milter protocol (version 6): one connection, like one of Postfix or
 * Sendmail, except where a test deviates. A milter that breaks the protocol fails the test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milter/protocol.h"

struct peer {
	int fd;
	uint32_t steps; /* those that the milter asked for and got */
};

struct peer_header {
	const char *name;
	const char *value;
};

#define PEER_HEADERS_MAX 40

struct peer_message {
	const char *user;  /* {auth_authen}; NULL: none */
	const char *from;  /* with brackets */
	unsigned external; /* recipients */
	unsigned internal;
	struct peer_header headers[PEER_HEADERS_MAX]; /* up to the first without a name */
	const char *body;			      /* NULL: none */
};

/* The milter's reply to the end of a message. */
struct peer_result {
	char action; /* PROTOCOL_CONTINUE, PROTOCOL_REPLY_CODE, …; '\0': it closed the connection */
	char reply[1024];   /* "550 5.1.8 …" */
	char pool[64];	    /* the X-Postern-Pool that it adds; "": none */
	char lane[128];	    /* X-Postern-Lane */
	unsigned added;	    /* headers in all */
	char removed[1024]; /* "name:position " for each, in order */
};

/* All steps of Postfix 3.7, and the steps of protocol version 2. */
#define PEER_STEPS_ALL 0x1fffff
#define PEER_STEPS_OLD 0x7f

/*
 * Connects, negotiates, and reports a client with that IPv4 or IPv6 address (NULL: a unix socket).
 */
struct peer peer_open(const char *socket_path, uint32_t steps, const char *client);
void peer_connect(struct peer *peer, const char *client); /* another client, after QUIT_NC */
/* Sends QUIT; the milter may have closed the connection already. */
void peer_close(struct peer *peer);

/* Sends one packet; true: completely. */
bool peer_send(struct peer *peer, char command, const void *data, size_t size);
/* The next packet; 0: the milter closed the connection. Appends a NUL to the data. */
char peer_receive(struct peer *peer, char *data, size_t room, size_t *ret_size);

void peer_mail(struct peer *peer, const char *user, const char *from);
void peer_rcpt(struct peer *peer, const char *to);
void peer_header(struct peer *peer, const char *name, const char *value, size_t size);
void peer_end_of_headers(struct peer *peer);
/* PROTOCOL_CONTINUE or PROTOCOL_SKIP. */
char peer_body(struct peer *peer, const void *bytes, size_t size);

/* The whole message, except its end. */
void peer_begin(struct peer *peer, const struct peer_message *message);
/* The end, without waiting for the reply; then the reply. */
void peer_end(struct peer *peer);
struct peer_result peer_result(struct peer *peer);
/* All three in one call. */
struct peer_result peer_deliver(struct peer *peer, const struct peer_message *message);
