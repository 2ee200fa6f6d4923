/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a file and makes sure that it is text that libconfuse reads as people do. */
#include "config/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"

struct scan {
	const char *file;
	char *at; /* ends with NUL; what is passed is fit for libconfuse */
	int line;
	int depth;	/* of braces */
	int outer_line; /* where the outermost open brace is */
	struct error *error;
};

__attribute__((format(printf, 3, 4))) static int refuse(const struct scan *scan, int line,
							const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(scan->error, -EINVAL, "%s:%d: %s", scan->file, line, text);
}

static int refuse_character(const struct scan *scan, const char *expected)
{
	unsigned char c = (unsigned char)*scan->at;

	if (isgraph(c))
		return refuse(scan, scan->line, "found '%c', expected %s", c, expected);
	return refuse(scan, scan->line, "found byte 0x%02x, expected text", c);
}

static void blank_line(struct scan *scan)
{
	while (*scan->at && *scan->at != '\n')
		*scan->at++ = ' ';
}

static int blank_comment(struct scan *scan)
{
	char *end = strstr(scan->at + 2, "*/");

	if (!end)
		return refuse(scan, scan->line,
			      "found a comment that is never closed, expected '*/'");
	for (; scan->at < end + 2; scan->at++) {
		if (*scan->at == '\n')
			scan->line++;
		else
			*scan->at = ' ';
	}
	return 0;
}

static int check_escape(struct scan *scan, char quote)
{
	char next = scan->at[1];

	if (next == '\\' || next == quote)
		scan->at++;
	else if (quote == '"')
		return refuse(
			scan, scan->line,
			"found '\\' in a string, expected '\\\\', '\\\"' or quotes of the other "
			"kind ('…')");
	return 0;
}

static int check_string(struct scan *scan)
{
	char quote = *scan->at++;

	if (*scan->at == quote)
		return refuse(scan, scan->line, "found an empty string, expected text in it");
	for (; *scan->at != quote; scan->at++) {
		if (*scan->at == '\0' || *scan->at == '\n')
			return refuse(scan, scan->line,
				      "found a string that is never closed, expected %c before the "
				      "end of the line",
				      quote);
		if (!isprint((unsigned char)*scan->at) && *scan->at != '\t')
			return refuse_character(scan, "text");
		if (quote == '"' && strncmp(scan->at, "${", 2) == 0)
			return refuse(scan, scan->line,
				      "found '${', expected the value itself (nothing is taken "
				      "from the environment)");
		if (*scan->at == '\\' && check_escape(scan, quote) < 0)
			return -EINVAL;
	}
	scan->at++;
	return 0;
}

static int check_plain(struct scan *scan)
{
	char c = *scan->at;

	if (c == '\n') {
		scan->line++;
	} else if (c == '{') {
		if (scan->depth++ == 0)
			scan->outer_line = scan->line;
	} else if (c == '}') {
		scan->depth--;
	} else if (!isalnum((unsigned char)c) && !strchr(" \t\r=,()_.:/@%-", c) &&
		   !(c == '+' && scan->at[1] == '=')) {
		return refuse_character(scan, "a key, a value (in quotes where it is more than a "
					      "word), '=', ',' or braces");
	}
	scan->at++;
	return 0;
}

static int check_all(struct scan *scan)
{
	int r = 0;

	while (*scan->at && r == 0) {
		if (*scan->at == '#' || strncmp(scan->at, "//", 2) == 0)
			blank_line(scan);
		else if (strncmp(scan->at, "/*", 2) == 0)
			r = blank_comment(scan);
		else if (*scan->at == '"' || *scan->at == '\'')
			r = check_string(scan);
		else
			r = check_plain(scan);
	}
	if (r == 0 && scan->depth > 0)
		r = refuse(scan, scan->outer_line, "found '{' that is never closed, expected '}'");
	return r;
}

/* A directory or a FIFO opens as well; O_NONBLOCK keeps the latter from blocking. */
static int open_regular(const char *file, struct error *error)
{
	_cleanup_(close_fd_p) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set(error, -errno, "%s: found '%s', expected a readable file", file,
				 strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "%s: found %s, expected a regular file", file,
				 S_ISDIR(status.st_mode) ? "a directory" : "a special file");
	return TAKE_FD(fd);
}

/* One byte more than is allowed is asked for, as a file may grow while it is read. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t n;

	do {
		n = read(fd, text + length, size - length);
		if (n > 0)
			length += (size_t)n;
	} while ((n > 0 && length < size) || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : (ssize_t)length;
}

static int count_lines(const char *text, size_t length)
{
	int lines = 1;

	/* The newline that ends the last line begins no other. */
	for (size_t i = 0; i + 1 < length; i++)
		lines += text[i] == '\n';
	return lines;
}

static int check_size(const char *file, const char *text, ssize_t length, struct error *error)
{
	const char *nul;

	if (length < 0)
		return error_set(error, (int)length, "%s: found '%s', expected a readable file",
				 file, strerror((int)-length));
	if (length == 0)
		return error_set(error, -EINVAL,
				 "%s:1: found an empty file, expected at least the pools 'normal' "
				 "and 'high-risk'",
				 file);
	if (length > CONFIG_SIZE_MAX_BYTES)
		return error_set(error, -EFBIG,
				 "%s:1: found more than %d bytes, expected at most that many", file,
				 CONFIG_SIZE_MAX_BYTES);
	nul = memchr(text, '\0', (size_t)length);
	if (nul)
		return error_set(error, -EINVAL, "%s:%d: found byte 0x00, expected text", file,
				 count_lines(text, (size_t)(nul - text) + 1));
	return 0;
}

int text_read(const char *file, char **ret_text, int *ret_last_line, struct error *error)
{
	_cleanup_(close_fd_p) int fd = open_regular(file, error);
	_cleanup_(free_p) char *text = NULL;
	struct scan scan;
	ssize_t length;
	int r;

	if (fd < 0)
		return fd;
	text = malloc(CONFIG_SIZE_MAX_BYTES + 2);
	if (!text)
		return error_set(error, -ENOMEM, "%s: out of memory", file);
	length = read_all(fd, text, CONFIG_SIZE_MAX_BYTES + 1);
	r = check_size(file, text, length, error);
	if (r < 0)
		return r;
	text[length] = '\0';

	scan = (struct scan){.file = file, .at = text, .line = 1, .error = error};
	r = check_all(&scan);
	if (r < 0)
		return r;
	*ret_last_line = count_lines(text, (size_t)length);
	*ret_text = TAKE_PTR(text);
	return 0;
}
