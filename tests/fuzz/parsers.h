/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What our parsers owe to any bytes whatever: one function for each, for the fuzzer and for the
 * replay of its corpus. 0; -EBADMSG: something does not hold, said in the text. What a sanitizer
 * or the kernel finds ends the process. parsers_open() comes first; inputs go through files in a
 * directory of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

void parsers_open(void);
void parsers_close(void);

/* postern.conf: it loads, or is refused with a line and words. */
int parsers_config(const uint8_t *data, size_t size, struct error *error);

/* "METHOD URI", a newline, the body: answered with JSON, and refused with a reason. */
int parsers_api(const uint8_t *data, size_t size, struct error *error);

/*
 * What Postfix sends: each request is answered with a reply, and counts nothing; the rest is
 * refused.
 */
int parsers_socketmap(const uint8_t *data, size_t size, struct error *error);

/* The journal of `up`: what was read is the same after it was written. */
int parsers_journal(const uint8_t *data, size_t size, struct error *error);

/*
 * A document from an agent of any version. The CLI prints it without control characters; the milter
 * reads a consistent decision or none.
 */
int parsers_document(const uint8_t *data, size_t size, struct error *error);
