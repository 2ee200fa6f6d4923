/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors of lower rooms: a negative errno for the program, one line for people.
 *
 * A function that explains its failures takes a `struct error *` as last argument. On failure it
 * returns a negative errno and sets the text: no newline at the end, inputs quoted 'like this',
 * files as file:line. On success it leaves the text alone. main.c and the rooms with
 * `log` in agent/README.md print it.
 */
#pragma once

struct error {
	char text[1024];
};

/* Formats the text, cut to fit. Returns `code`: callers write `return error_set(…)`. */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "what: " and the words of errno -r. Returns r. */
int error_errno(struct error *error, int r, const char *what);

/* Puts "what: " in front of the text of a callee. Returns `code`. */
int error_prefix(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
