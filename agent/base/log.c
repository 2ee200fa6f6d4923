/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes each line by one write(2): lines of several processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/disarm.h"

#define TEXT_SIZE 2048

/* The journal's priorities are the numbers of syslog(3). */
static const char *const priorities[] = {
	[LOG_LEVEL_ERROR] = "<3>",
	[LOG_LEVEL_WARNING] = "<4>",
	[LOG_LEVEL_INFO] = "<6>",
};

/* A child inherits JOURNAL_STREAM even if its stderr is redirected: compare device and inode. */
bool log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

static void write_line(enum log_level level, const char *module, const char *text)
{
	char line[TEXT_SIZE + 128];
	int length = snprintf(line, sizeof(line), "%s%.64s: %s\n",
			      log_is_journal() ? priorities[level] : "", module, text);

	/* A failure to log cannot be logged. */
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}

static void format_text(char text[TEXT_SIZE], const char *format, va_list arguments)
{
	vsnprintf(text, TEXT_SIZE, format, arguments);
	disarm_text(text);
}

void log_message(enum log_level level, const char *module, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, format, arguments);
	va_end(arguments);
	write_line(level, module, text);
}

/* ---- the journal's own protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) */

static void print_field(FILE *out, const struct log_field *field)
{
	_cleanup_(free_p) char *value = strdup(field->value);

	if (!value)
		return;
	disarm_text(value); /* a value with a line break has another form */
	fprintf(out, "%s=%s\n", field->name, value);
}

static bool send_entry(const char *entry, size_t size)
{
	const struct sockaddr_un journal = {.sun_family = AF_UNIX,
					    .sun_path = "/run/systemd/journal/socket"};
	_cleanup_(close_fd_p) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && sendto(fd, entry, size, MSG_DONTWAIT | MSG_NOSIGNAL,
				 (const struct sockaddr *)&journal, sizeof(journal)) >= 0;
}

/* False: the journal has not taken it. */
static bool write_entry(enum log_level level, const char *module, const char *text,
			const struct log_field *fields, size_t count)
{
	_cleanup_(free_p) char *entry = NULL;
	size_t size;
	FILE *out = open_memstream(&entry, &size);

	if (!out)
		return false;
	fprintf(out, "MESSAGE=%.64s: %s\nPRIORITY=%c\nSYSLOG_IDENTIFIER=postern\n", module, text,
		priorities[level][1]);
	for (size_t i = 0; i < count; i++)
		print_field(out, &fields[i]);
	return fclose(out) == 0 && send_entry(entry, size);
}

void log_fields(enum log_level level, const char *module, const struct log_field *fields,
		size_t count, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, format, arguments);
	va_end(arguments);
	if (!log_is_journal() || !write_entry(level, module, text, fields, count))
		write_line(level, module, text);
}
