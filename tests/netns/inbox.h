/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receivers on the internet (smtp-sink) and what came in, as they wrote it down: from which address, with
 * which HELO and envelope, every byte of the message.
 *
 * Mail of example.org and of most other domains of the name server comes to RECEIVER_IPV4 or
 * RECEIVER_IPV6, as the MTA chooses; that of refuser.example to one that refuses every recipient (500).
 */
#pragma once

#include <stddef.h>

#include "netns/host.h"

struct letter {
	char client[46]; /* the address that it came from, as pool_of() knows it */
	char helo[64];
	char id[160];	/* Message-ID, without brackets; "": had none */
	char *envelope; /* lines "X-Mail-Args: …" and "X-Rcpt-Args: …" */
	char *text;	/* the message; of a long one the first LETTER_MAX_BYTES */
	size_t bytes;	/* all that was written down */
};
#define LETTER_MAX_BYTES (2 << 20)
#define _cleanup_letter_ __attribute__((cleanup(letter_done)))
void letter_done(struct letter *letter);

struct inbox {
	struct letter *letters;
	size_t count;
};
#define _cleanup_inbox_ __attribute__((cleanup(inbox_done)))
void inbox_done(struct inbox *inbox);

/* Starts the receivers; once in a world. */
void inbox_start(void);

/* What is there, whole, sorted by Message-ID; the caller's. */
struct inbox inbox_read(void);

/* Awaits the letter with that Message-ID; asserts that there is one and no more. The caller's. */
struct letter inbox_await(const char *id);

/* Whether a line of the message's header begins so ("X-Postern-Pool:"), without regard to case. */
bool letter_has(const struct letter *letter, const char *header);
