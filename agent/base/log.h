/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages on stderr, one line each. If stderr is the journal (JOURNAL_STREAM, sd-daemon(3)), a
 * line begins with its priority, "<3>". For the rooms with `log` in agent/README.md; all others
 * return errors. Never log a secret or the body of a message.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

void log_message(enum log_level level, const char *module, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Does the journal of systemd get the lines? Otherwise a person may read them. */
bool log_is_journal(void);

/* A field of an entry of the journal. */
struct log_field {
	char name[40]; /* "POSTERN_SENDER" */
	const char *value;
};

/* The same line. The journal also gets the fields, by which journalctl(1) finds it. */
void log_fields(enum log_level level, const char *module, const struct log_field *fields,
		size_t count, const char *format, ...) __attribute__((format(printf, 5, 6)));

#define log_error(module, ...)	 log_message(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_message(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...)	 log_message(LOG_LEVEL_INFO, module, __VA_ARGS__)
