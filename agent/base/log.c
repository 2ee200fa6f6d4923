/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages on stderr, each one line and one write, so that processes do not mix within a line. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A level's prefix for the journal: the numbers of syslog(3). */
static const char *const priorities[] = {
	[LOG_LEVEL_ERROR] = "<3>",
	[LOG_LEVEL_WARNING] = "<4>",
	[LOG_LEVEL_INFO] = "<6>",
};

/* JOURNAL_STREAM is inherited also where stderr was redirected: device and inode must match. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

/* Quoted input may carry line breaks or escape sequences, which would forge or hide lines. */
static void make_one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void log_message(enum log_level level, const char *module, const char *format, ...)
{
	char text[2048];
	char line[sizeof(text) + 128];
	va_list arguments;
	int length;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	make_one_line(text);

	length = snprintf(line, sizeof(line), "%s%.64s: %s\n",
			  stderr_is_journal() ? priorities[level] : "", module, text);
	/* There is nowhere left to report a failure to. */
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}
