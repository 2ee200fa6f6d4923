/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receivers on the internet (smtp-sink) and the mail that they got, with source address, HELO,
 * envelope and every byte.
 *
 * Mail to example.org and most other domains of the name server goes to RECEIVER_IPV4 or
 * RECEIVER_IPV6, as the MTA chooses. The receiver of refuser.example refuses every recipient (500).
 */
#pragma once

#include <stddef.h>

#include "netns/host.h"

struct letter {
	char client[46]; /* the source address, by its pool_of() */
	char helo[64];
	char id[160];	/* Message-ID without brackets; "": none */
	char *envelope; /* lines "X-Mail-Args: …" and "X-Rcpt-Args: …" */
	char *text;	/* the message; of a long one the first LETTER_MAX_BYTES */
	size_t bytes;	/* the whole file */
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

/* All complete letters, sorted by Message-ID; the caller's. */
struct inbox inbox_read(void);

/* Awaits the letter with that Message-ID, and asserts that there is exactly one. The caller's. */
struct letter inbox_await(const char *id);

/* Does a header line of the message begin like this ("X-Postern-Pool:"), in any case of letters? */
bool letter_has(const struct letter *letter, const char *header);
