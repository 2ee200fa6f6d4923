/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The properties of the parsers of mail (agent/mail/, agent/milter/protocol.h) for any bytes; one
 * function for each parser, like the functions of parsers.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/*
 * A whole message: the findings do not depend on the cuts in the body, and are valid JSON text;
 * only a bounce has findings of a bounce.
 */
int mail_parsers_message(const uint8_t *data, size_t size, struct error *error);

/* The value of an Authentication-Results: comments and repetitions change nothing; trust does. */
int mail_parsers_authres(const uint8_t *data, size_t size, struct error *error);

/* A path, and the value of a header: a key has a limited length, is text, and is its own key. */
int mail_parsers_mailbox(const uint8_t *data, size_t size, struct error *error);

/*
 * The MTA's side of the milter protocol: the packets taken do not depend on the cuts in the input,
 * come in the order of SMTP, and contain their texts.
 */
int mail_parsers_milter(const uint8_t *data, size_t size, struct error *error);
