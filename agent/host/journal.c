/* SPDX-License-Identifier: BSD-2-Clause */
/* The file and its lines. Others make the changes; undo.c undoes them. */
#include "host/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"

#define FILE_NAME "journal"
#define HEAD_LINE "# Changes by 'postern up' on this host. 'postern down' undoes them.\n"

static const struct kind {
	const char *name;
	bool has_detail;
} kinds[] = {
	[JOURNAL_DIRECTORY] = {"directory", false},
	[JOURNAL_MOUNT] = {"mount", false},
	[JOURNAL_MODE] = {"mode", true},
	[JOURNAL_ADDRESS] = {"address", true},
	[JOURNAL_HANDLE] = {"handle", true},
	[JOURNAL_ARP_ANNOUNCE] = {"arp-announce", true},
	[JOURNAL_QDISC] = {"qdisc", false},
	[JOURNAL_HOOK] = {"hook", true},
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct journal {
	char *file;
	struct journal_entry *entries;
	size_t count;
};

void journal_entry_done(struct journal_entry *entry)
{
	free(entry->what);
	free(entry->detail);
	*entry = (struct journal_entry){0};
}

static enum journal_kind kind_parse(const char *name, size_t length)
{
	for (enum journal_kind kind = JOURNAL_UNKNOWN + 1; kind < KINDS; kind++)
		if (strlen(kinds[kind].name) == length && !memcmp(kinds[kind].name, name, length))
			return kind;
	return JOURNAL_UNKNOWN;
}

static int entry_fill(struct journal_entry *entry, enum journal_kind kind, const char *what,
		      size_t what_length, const char *detail)
{
	*entry = (struct journal_entry){
		.kind = kind,
		.what = strndup(what, what_length),
		.detail = detail ? strdup(detail) : NULL,
	};
	if (entry->what && (!detail || entry->detail))
		return 0;
	journal_entry_done(entry);
	return -ENOMEM;
}

int journal_entry_parse(const char *line, struct journal_entry *ret_entry)
{
	size_t length = strcspn(line, " ");
	enum journal_kind kind = kind_parse(line, length);
	const char *what = line + length + (line[length] == ' ');
	const char *detail = NULL;
	size_t what_length = strlen(what);

	/* A path may contain spaces, the detail after it cannot: the last space divides them. */
	if (kind != JOURNAL_UNKNOWN && kinds[kind].has_detail) {
		const char *blank = strrchr(what, ' ');

		if (blank) {
			what_length = blank - what;
			detail = blank + 1;
		}
		if (!detail || !*detail)
			kind = JOURNAL_UNKNOWN;
	}
	if (kind == JOURNAL_UNKNOWN || !what_length)
		return entry_fill(ret_entry, JOURNAL_UNKNOWN, line, strlen(line), NULL);
	return entry_fill(ret_entry, kind, what, what_length, detail);
}

static void entry_print(const struct journal_entry *entry, FILE *stream)
{
	if (entry->kind == JOURNAL_UNKNOWN)
		fprintf(stream, "%s\n", entry->what);
	else if (entry->detail)
		fprintf(stream, "%s %s %s\n", kinds[entry->kind].name, entry->what, entry->detail);
	else
		fprintf(stream, "%s %s\n", kinds[entry->kind].name, entry->what);
}

/* ---- in memory */

static int append(struct journal *journal, struct journal_entry *entry)
{
	struct journal_entry *grown =
		reallocarray(journal->entries, journal->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	journal->entries = grown;
	grown[journal->count++] = *entry;
	*entry = (struct journal_entry){0};
	return 0;
}

static void drop(struct journal *journal, size_t index)
{
	journal_entry_done(&journal->entries[index]);
	journal->count--;
	memmove(&journal->entries[index], &journal->entries[index + 1],
		(journal->count - index) * sizeof(*journal->entries));
}

static bool is_listed(const struct journal *journal, const struct journal_entry *wanted)
{
	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entries[i];

		if (entry->kind == wanted->kind && !strcmp(entry->what, wanted->what) &&
		    (!entry->detail || !strcmp(entry->detail, wanted->detail)))
			return true;
	}
	return false;
}

/* ---- the file */

static int read_lines(struct journal *journal, FILE *stream)
{
	_cleanup_(free_p) char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stream) > 0) {
		struct journal_entry entry;
		int r;

		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		r = journal_entry_parse(line, &entry);
		if (!r)
			r = append(journal, &entry);
		journal_entry_done(&entry);
		if (r)
			return r;
	}
	return ferror(stream) ? -EIO : 0;
}

/* The agent owns the directory: it could leave a journal there for root to undo. */
static int check_owner(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return -errno;
	return S_ISREG(status.st_mode) && status.st_uid == geteuid() ? 0 : -EPERM;
}

static int read_file(struct journal *journal, struct error *error)
{
	_cleanup_(close_fd_p) int fd =
		open(journal->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_(fclose_p) FILE *stream = NULL;
	int r;

	if (fd < 0 && errno == ENOENT)
		return 0;
	r = fd < 0 ? -errno : check_owner(fd);
	if (r == -EPERM)
		return error_set(error, r, "'%s' does not belong to root: check it, then remove it",
				 journal->file);
	if (!r) {
		stream = fdopen(fd, "re");
		if (stream)
			TAKE_FD(fd);
		r = stream ? read_lines(journal, stream) : -ENOMEM;
	}
	return r ? error_set(error, r, "'%s': %s", journal->file, strerror(-r)) : 0;
}

int journal_open(const char *runtime_dir, struct journal **ret_journal, struct error *error)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal || asprintf(&journal->file, "%s/" FILE_NAME, runtime_dir) < 0) {
		journal_free(journal);
		return error_set(error, -ENOMEM, "out of memory");
	}
	r = read_file(journal, error);
	if (r) {
		journal_free(journal);
		return r;
	}
	*ret_journal = journal;
	return 0;
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	while (journal->count)
		drop(journal, journal->count - 1);
	free(journal->entries);
	free(journal->file);
	free(journal);
}

/* A rename is durable once the directory is. */
static int sync_directory(const char *file)
{
	_cleanup_(free_p) char *copy = strdup(file);
	_cleanup_(close_fd_p) int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int write_lines(const struct journal *journal, const char *file)
{
	_cleanup_(close_fd_p) int fd = -1;
	_cleanup_(fclose_p) FILE *stream = NULL;

	/* A leftover of a crash, or the agent's. */
	if (unlink(file) && errno != ENOENT)
		return -errno;
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	stream = fd < 0 ? NULL : fdopen(fd, "we");
	if (!stream)
		return -errno;
	TAKE_FD(fd);
	fputs(HEAD_LINE, stream);
	for (size_t i = 0; i < journal->count; i++)
		entry_print(&journal->entries[i], stream);
	return fflush(stream) || fsync(fileno(stream)) ? -errno : 0;
}

static int save(const struct journal *journal, struct error *error)
{
	char file[PATH_MAX];
	int r = 0;

	if (!journal->count) {
		if (unlink(journal->file) && errno != ENOENT)
			r = -errno;
	} else if (snprintf(file, sizeof(file), "%s.new", journal->file) >= (int)sizeof(file)) {
		r = -ENAMETOOLONG;
	} else {
		r = write_lines(journal, file);
		if (!r && rename(file, journal->file))
			r = -errno;
	}
	if (!r)
		r = sync_directory(journal->file);
	return r ? error_set(error, r, "'%s': %s", journal->file, strerror(-r)) : 0;
}

/* ---- use */

size_t journal_count(const struct journal *journal)
{
	return journal->count;
}

const struct journal_entry *journal_get(const struct journal *journal, size_t index)
{
	return &journal->entries[index];
}

const char *journal_place(const struct journal *journal, size_t index, char *buffer, size_t size)
{
	/* HEAD_LINE is line 1. */
	snprintf(buffer, size, "%s:%zu", journal->file, index + 2);
	return buffer;
}

int journal_add(struct journal *journal, enum journal_kind kind, const char *what,
		const char *detail, struct error *error)
{
	struct journal_entry entry;
	int r;

	if (strchr(what, '\n') || (detail && strpbrk(detail, " \n")))
		return error_set(error, -EINVAL,
				 "'%s': a name must not contain a space or a line break", what);
	r = entry_fill(&entry, kind, what, strlen(what), detail);
	if (!r && !is_listed(journal, &entry)) {
		r = append(journal, &entry);
		if (!r) {
			r = save(journal, error);
			if (r)
				drop(journal, journal->count - 1);
			return r;
		}
	}
	journal_entry_done(&entry);
	return r ? error_set(error, r, "out of memory") : 0;
}

int journal_remove(struct journal *journal, size_t index, struct error *error)
{
	drop(journal, index);
	return save(journal, error);
}
