/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a lower layer says what went wrong: a negative errno for the program, one line for people.
 *
 * A function that can fail with an explanation takes a `struct error *` last; on failure it returns
 * a negative errno and has set the text (no trailing newline, inputs quoted 'like this', files named
 * as file:line). On success the error is untouched. Only main, api, mta and cli print it.
 */
#pragma once

struct error {
	char text[1024];
};

/* Formats the text (cut to fit) and returns `code`, so that callers write `return error_set(…)`. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "what: " and the words of errno -r. Returns r. */
int error_errno(struct error *error, int r, const char *what);

/* Puts "what: " in front of the text that a callee set; returns `code`. */
int error_prefix(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
