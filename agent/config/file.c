/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a whole file, of at most CONFIG_SIZE_MAX_BYTES. */
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"

/* open(2) takes directories and FIFOs, too; O_NONBLOCK: a FIFO does not block it. */
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

/* The caller asks for one byte more than it takes: a file may grow while it is read. */
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

int file_line(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
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
		return error_set(error, -EFBIG, "%s:1: found more than %d bytes, expected no more",
				 file, CONFIG_SIZE_MAX_BYTES);
	nul = memchr(text, '\0', (size_t)length);
	if (nul)
		return error_set(error, -EINVAL, "%s:%d: found byte 0x00, expected text", file,
				 file_line(text, nul));
	return 0;
}

int file_read(const char *file, char **ret_text, struct error *error)
{
	_cleanup_(close_fd_p) int fd = open_regular(file, error);
	_cleanup_(free_p) char *text = NULL;
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
	*ret_text = TAKE_PTR(text);
	return 0;
}
