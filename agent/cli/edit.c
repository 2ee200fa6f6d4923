/* SPDX-License-Identifier: BSD-2-Clause */
/* A new file beside the old one takes its place. */
#include "cli/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define CONTEXT	       3
#define SIZE_MAX_BYTES (16 << 20)

/* ---- reading */

static int read_text(int fd, struct edit *edit, struct error *error)
{
	size_t size = (size_t)edit->status.st_size, used = 0;
	ssize_t n = 1;

	edit->before = calloc(1, size + 1);
	if (!edit->before)
		return error_set(error, -ENOMEM, "out of memory");
	while (used < size && n > 0) {
		n = read(fd, edit->before + used, size - used);
		used += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return error_set(error, -errno, "'%s': %s", edit->file, strerror(errno));
	if (used != size || strlen(edit->before) != size)
		return error_set(error, -EINVAL,
				 "'%s': found a NUL byte or a file that changes, "
				 "expected text",
				 edit->file);
	return 0;
}

int edit_open(const char *directory, const char *name, struct edit *ret_edit, struct error *error)
{
	_cleanup_(free_p) char *path = NULL;
	_cleanup_(close_fd_p) int fd = -1;

	*ret_edit = (struct edit){0};
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	ret_edit->file = realpath(path, NULL);
	if (ret_edit->file)
		fd = open(ret_edit->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &ret_edit->status) < 0)
		return error_set(error, -errno, "'%s': %s", path, strerror(errno));
	if (!S_ISREG(ret_edit->status.st_mode) || ret_edit->status.st_size > SIZE_MAX_BYTES)
		return error_set(error, -EINVAL,
				 "'%s': expected a regular file of at most %d bytes", path,
				 SIZE_MAX_BYTES);
	return read_text(fd, ret_edit, error);
}

void edit_done(struct edit *edit)
{
	free(edit->file);
	free(edit->before);
	free(edit->after);
	free(edit->backup);
	*edit = (struct edit){0};
}

/* ---- the difference */

/* The next line with its end, which the last one may lack. */
static size_t line_length(const char *line)
{
	size_t length = strcspn(line, "\n");

	return length + (line[length] == '\n');
}

static size_t count_lines(const char *text, const char *end)
{
	size_t count = 0;

	for (; text < end; text += line_length(text))
		count++;
	return count;
}

static const char *back(const char *text, const char *at, size_t lines)
{
	while (lines-- > 0 && at > text)
		for (at--; at > text && at[-1] != '\n'; at--)
			;
	return at;
}

static const char *forward(const char *at, size_t lines)
{
	while (lines-- > 0 && *at)
		at += line_length(at);
	return at;
}

static void print_lines(const char *text, const char *end, char mark, FILE *out)
{
	for (; text < end; text += line_length(text)) {
		size_t length = line_length(text);

		fprintf(out, "%c%.*s", mark, (int)length, text);
		if (text[length - 1] != '\n')
			fputs("\n\\ No newline at end of file\n", out);
	}
}

/* The whole lines that both begin with. */
static size_t common_begin(const char *a, const char *b)
{
	size_t common = 0, length;

	while (a[common] && (length = line_length(a + common)) == line_length(b + common) &&
	       strncmp(a + common, b + common, length) == 0)
		common += length;
	return common;
}

/* The whole lines that both end with, behind the common beginning. */
static size_t common_end(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), same = 0, whole = 0;

	while (same < na && same < nb && a[na - same - 1] == b[nb - same - 1]) {
		same++;
		if ((same == na || a[na - same - 1] == '\n') &&
		    (same == nb || b[nb - same - 1] == '\n'))
			whole = same;
	}
	return whole;
}

void edit_print(const struct edit *edit, FILE *out)
{
	const char *a = edit->before, *b = edit->after;
	size_t begin = common_begin(a, b), end = common_end(a + begin, b + begin);
	const char *from = back(a, a + begin, CONTEXT), *from_b = b + (from - a);
	const char *a_end = a + strlen(a) - end, *b_end = b + strlen(b) - end;
	const char *to = forward(a_end, CONTEXT), *to_b = forward(b_end, CONTEXT);
	size_t line = count_lines(a, from) + 1;

	if (strcmp(a, b) == 0)
		return;
	fprintf(out, "--- %s\n+++ %s\n@@ -%zu,%zu +%zu,%zu @@\n", edit->file, edit->file,
		line - (from == to), count_lines(from, to), line, count_lines(from_b, to_b));
	print_lines(from, a + begin, ' ', out);
	print_lines(a + begin, a_end, '-', out);
	print_lines(b + begin, b_end, '+', out);
	print_lines(a_end, to, ' ', out);
}

/* ---- writing */

static int fill(int fd, const struct stat *status, const char *text)
{
	size_t size = strlen(text);

	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	if (fchown(fd, status->st_uid, status->st_gid) < 0 ||
	    fchmod(fd, status->st_mode & 07777) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* Owner and mode are the file's before the name is. */
static int write_beside(const struct edit *edit, const char *file, const char *text,
			struct error *error)
{
	_cleanup_(free_p) char *temporary = NULL;
	_cleanup_(close_fd_p) int fd = -1;
	int r = 0;

	if (asprintf(&temporary, "%s.new-postern", file) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fill(fd, &edit->status, text);
	if (r == 0 && rename(temporary, file) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	unlink(temporary);
	return error_set(error, r, "'%s': %s; it is as it was", file, strerror(-r));
}

int edit_write(struct edit *edit, struct error *error)
{
	int r;

	if (asprintf(&edit->backup, "%s.before-postern", edit->file) < 0) {
		edit->backup = NULL;
		return error_set(error, -ENOMEM, "out of memory");
	}
	r = write_beside(edit, edit->backup, edit->before, error);
	return r < 0 ? r : write_beside(edit, edit->file, edit->after, error);
}

int edit_undo(struct edit *edit, struct error *error)
{
	if (rename(edit->backup, edit->file) == 0)
		return 0;
	return error_set(error, -errno, "'%s': %s; '%s' has the text before", edit->file,
			 strerror(errno), edit->backup);
}
