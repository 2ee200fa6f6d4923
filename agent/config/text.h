/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of the file, before anyone parses them. What libconfuse 3.3 would pass over in silence
 * is found here, with the line where it begins:
 *
 *   - bytes that are no text; characters that it skips without a word ('*', '+', …)
 *   - strings, comments and braces that are never closed (it takes them as closed by the end)
 *   - empty strings: nothing here may be empty, and such a key ends its parse without an error
 *   - ${NAME}, which it replaces from the environment
 *   - escapes other than \\ and \" in "…" (in '…' a backslash stands for itself, but for \\ and \')
 *
 * Comments (#, //, and those of C) come back as blanks: libconfuse counts each one's line twice,
 * and refuses them within lists.
 */
#pragma once

struct error;

/*
 * *ret_text is freed by free(); it has as many lines as the file. *ret_last_line: where to point to
 * for what is missing. -EINVAL, -EFBIG: see config_load(); other errors are those of open(2), read(2).
 */
int text_read(const char *file, char **ret_text, int *ret_last_line, struct error *error);
