/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Postern's part of a configuration file of the MTA: between two comment lines, so that it can be
 * replaced and removed. A file without its part again is the file as it was, byte for byte.
 */
#pragma once

struct error;

/*
 * The text with `body` as its block: in place of the block that it has, else at its end. `file` is
 * for errors. -EINVAL: a block begins and does not end, or the other way round; -ENOMEM.
 */
int block_put(const char *text, const char *body, const char *file, char **ret_text,
	      struct error *error);
/* The text without its block; a copy where it has none. Errors as above. */
int block_remove(const char *text, const char *file, char **ret_text, struct error *error);
/*
 * -EEXIST: a line outside the block begins with a word that begins a line of `body`: the same key
 * of main.cf, or the same service of master.cf.
 */
int block_check(const char *text, const char *body, const char *file, struct error *error);
