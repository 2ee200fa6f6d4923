/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line per message on stderr, with the syslog priority prefix "<3>" when stderr is a journal
 * stream (JOURNAL_STREAM, sd-daemon(3)). For main, api, mta and cli; lower layers return errors.
 * Never log a secret or a message body.
 */
#pragma once

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

void log_message(enum log_level level, const char *module, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(module, ...)	 log_message(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_message(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...)	 log_message(LOG_LEVEL_INFO, module, __VA_ARGS__)
