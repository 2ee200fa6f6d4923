/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes each line by one write(2): lines of several processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disarm.h"

/* The journal's priorities are the numbers of syslog(3). */
static const char *const priorities[] = {
	[LOG_LEVEL_ERROR] = "<3>",
	[LOG_LEVEL_WARNING] = "<4>",
	[LOG_LEVEL_INFO] = "<6>",
};

/* A child inherits JOURNAL_STREAM even if its stderr is redirected: compare device and inode. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
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
	disarm_text(text);

	length = snprintf(line, sizeof(line), "%s%.64s: %s\n",
			  stderr_is_journal() ? priorities[level] : "", module, text);
	/* A failure to log cannot be logged. */
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}
