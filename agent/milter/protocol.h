/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The milter protocol, versions 2 to 6, on the filter's side: checks every packet of the MTA, and
 * writes replies. It does no I/O.
 *
 *   packet    the length of the rest (32 bit), a command (one byte), data; numbers in network order
 *
 *   command   data                            expected in              next state
 *   OPTNEG    version, actions, steps         NEW                      NEGOTIATED
 *   MACRO     a command; names and values     all but NEW              the same
 *   CONNECT   host, family (, port, address)  NEGOTIATED               CONNECTED
 *   HELO      a name                          CONNECTED                the same
 *   MAIL      a path, arguments               CONNECTED to BODY        ENVELOPE
 *   RCPT      a path, arguments               ENVELOPE                 the same
 *   DATA                                      ENVELOPE                 the same
 *   UNKNOWN   a line                          CONNECTED to BODY        the same
 *   HEADER    name, value                     ENVELOPE, HEADERS        HEADERS
 *   EOH                                       ENVELOPE, HEADERS        BODY
 *   BODY      bytes                           BODY                     the same
 *   BODYEOB   bytes, or none                  ENVELOPE, HEADERS, BODY  CONNECTED
 *   ABORT                                     all but NEW              CONNECTED; NEGOTIATED stays
 *   QUIT_NC                                   all but NEW              NEGOTIATED
 *   QUIT                                      all                      the end
 *
 * Texts end with a NUL. A packet that is longer than allowed, malformed or not expected breaks the
 * protocol: the connection must end, because nothing after that packet can be understood.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

struct evbuffer;

#define PROTOCOL_VERSION     6
#define PROTOCOL_HEAD_BYTES  5	       /* of a packet: length and command */
#define PROTOCOL_DATA_MAX    (2 << 20) /* a header with its name; Postfix allows 100 KiB */
#define PROTOCOL_REPLY_BYTES 512       /* a line of SMTP (RFC 5321, 4.5.3.1.5) */

enum protocol_command {
	PROTOCOL_ABORT = 'A',
	PROTOCOL_BODY = 'B',
	PROTOCOL_CONNECT = 'C',
	PROTOCOL_MACRO = 'D',
	PROTOCOL_BODYEOB = 'E',
	PROTOCOL_HELO = 'H',
	PROTOCOL_QUIT_NC = 'K',
	PROTOCOL_HEADER = 'L',
	PROTOCOL_MAIL = 'M',
	PROTOCOL_EOH = 'N',
	PROTOCOL_OPTNEG = 'O',
	PROTOCOL_QUIT = 'Q',
	PROTOCOL_RCPT = 'R',
	PROTOCOL_DATA = 'T',
	PROTOCOL_UNKNOWN = 'U',
};

/* Those that Postern sends. */
enum protocol_reply {
	PROTOCOL_CONTINUE = 'c',
	PROTOCOL_ADD_HEADER = 'h',
	PROTOCOL_CHANGE_HEADER = 'm',
	PROTOCOL_PROGRESS = 'p',
	PROTOCOL_SKIP = 's',
	PROTOCOL_TEMPFAIL = 't',
	PROTOCOL_REPLY_CODE = 'y',
};

/* Actions that a filter may take. */
#define PROTOCOL_CAN_ADD_HEADERS    0x01u
#define PROTOCOL_CAN_CHANGE_HEADERS 0x10u

/* Steps: commands that the MTA leaves out, and commands that it wants no reply to. */
#define PROTOCOL_NO_HELO	  0x00002u
#define PROTOCOL_NO_REPLY_HEADER  0x00080u
#define PROTOCOL_NO_UNKNOWN	  0x00100u
#define PROTOCOL_NO_DATA	  0x00200u
#define PROTOCOL_CAN_SKIP	  0x00400u
#define PROTOCOL_NO_REPLY_CONNECT 0x01000u
#define PROTOCOL_NO_REPLY_MAIL	  0x04000u
#define PROTOCOL_NO_REPLY_RCPT	  0x08000u
#define PROTOCOL_NO_REPLY_EOH	  0x40000u

enum protocol_state {
	PROTOCOL_STATE_NEW,
	PROTOCOL_STATE_NEGOTIATED,
	PROTOCOL_STATE_CONNECTED,
	PROTOCOL_STATE_ENVELOPE,
	PROTOCOL_STATE_HEADERS,
	PROTOCOL_STATE_BODY,
};

/* One connection; all zero: it begins. */
struct protocol {
	enum protocol_state state;
	uint32_t version, steps; /* agreed on */
};

/* A packet that was understood; texts are borrowed from its data. */
struct protocol_packet {
	enum protocol_command command;
	bool wants_reply; /* CONTINUE, or SKIP to a body; a BODYEOB always wants its decision */
	bool has_address; /* CONNECT: the client has an IPv4 or IPv6 address */
	struct address address;
	const char *text;  /* MAIL, RCPT: the path; HEADER: the name */
	const char *value; /* HEADER; MACRO: {auth_authen}, NULL: not in it */
	char stage;	   /* MACRO: the command that the macros are for */
	const void *bytes; /* BODY, BODYEOB */
	size_t size;
};

/*
 * The packet at the front of the input: its bytes with the length, in one piece, to be drained by
 * the caller. 0: it is not complete; -EPROTO: no packet is that long, or empty; -ENOMEM.
 */
long protocol_peek(struct evbuffer *in, const char **ret_packet);

/*
 * Takes one packet, of protocol_peek(). -EPROTO: it breaks the protocol. -EOPNOTSUPP: the MTA does
 * not let a filter change headers, or speaks an older version.
 */
int protocol_take(struct protocol *protocol, const char *packet, size_t size,
		  struct protocol_packet *ret_packet);

/* ---- replies, appended to `out`; false: out of memory */

bool protocol_reply(struct evbuffer *out, enum protocol_reply reply);
/* After an OPTNEG was taken. */
bool protocol_reply_negotiated(struct evbuffer *out, const struct protocol *protocol);
bool protocol_add_header(struct evbuffer *out, const char *name, const char *value);
/* The `which`-th header of that name, from 1. */
bool protocol_remove_header(struct evbuffer *out, const char *name, uint32_t which);
/* "550 5.7.1 text": one line, each '%' doubled, as Sendmail takes it for a format. */
bool protocol_reply_code(struct evbuffer *out, const char *code, const char *status,
			 const char *text);
