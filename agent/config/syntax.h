/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of the tokens of postern.conf:
 *
 *   file     (key | KIND "NAME" '{' key* '}')*
 *   key      NAME '=' value | NAME ('=' | '+=') list; '+=' adds to the list
 *   list     '{' [value (',' value)* [',']] '}' | value
 *
 * A key is set once in its section; names and values may stand in quotes or not.
 */
#pragma once

struct reader;

/*
 * Reads `text` into reader->config section by section; the top level closes last. -EINVAL: a
 * token, key or value is wrong; -ENOMEM.
 */
int syntax_parse(struct reader *reader, const char *text);
