/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The properties of the parsers of mail (agent/mail/, agent/milter/protocol.h) for any bytes; one function
 * for each parser, like the functions of parsers.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/*
 * A whole message: the findings do not depend on where the body is cut, are text that JSON takes, and those
 * of a bounce are a bounce's.
 */
int mail_parsers_message(const uint8_t *data, size_t size, struct error *error);

/* The value of an Authentication-Results: comments change nothing, nor does a repetition; trust does. */
int mail_parsers_authres(const uint8_t *data, size_t size, struct error *error);

/* A path, and the value of a header: keys fit, are text, and are their own keys, in a header too. */
int mail_parsers_mailbox(const uint8_t *data, size_t size, struct error *error);

/*
 * What the MTA sends to the milter: the packets taken do not depend on where the input is cut, come in an
 * order that makes sense, and have their texts within them.
 */
int mail_parsers_milter(const uint8_t *data, size_t size, struct error *error);
