/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts with foreign names in them, before a terminal or a log gets them. Names come from mail,
 * from callers of the API and from files. Harmful are:
 *
 *   control characters    C0, DEL and C1: they move the cursor, forge lines, set titles
 *   line breaks           also U+2028 and U+2029: one line stays one line
 *   marks of direction    of Unicode's bidirectional algorithm: text reads in another order
 *   bytes of no UTF-8     8-bit terminals take 0x80 to 0x9f as C1
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Replaces each byte of a harmful character by '?'. False: the text had none. */
bool disarm_text(char *text);

/*
 * Prints JSON in UTF-8. Harmful characters, which can only stand in its strings, become \uXXXX: the
 * document stays the same. Line breaks between its values stay.
 */
void disarm_json(const char *json, FILE *out);
