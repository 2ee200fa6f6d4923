/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of the file, before they are parsed. */
#pragma once

struct error;

/*
 * *ret_text ends with NUL and holds no other; free() frees it. -EINVAL: no regular file, empty, or
 * a byte is NUL; -EFBIG: over CONFIG_SIZE_MAX_BYTES; -ENOMEM; others: those of open(2) and read(2).
 */
int file_read(const char *file, char **ret_text, struct error *error);
/* The line of `at`, which lies in `text`. */
int file_line(const char *text, const char *at);
