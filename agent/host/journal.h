/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `up` changed on the host, so that `down` (and an `up` that fails) undoes exactly that:
 * runtime_dir/journal, one line for each thing.
 *
 *   directory PATH             made on the way to the pins
 *   mount PATH                 bpffs mounted there
 *   mode PATH 0700             opened for the agent's user; what it was before
 *   address ADDRESS INTERFACE  of a pool
 *   handle ADDRESS INTERFACE
 *   qdisc INTERFACE            clsact added
 *   hook INTERFACE HOOK        egress-tcx, ingress-xdp and so on, see hook_name()
 *
 * A line is on the disk before its thing is done: a crash leaves lines of things that were not done,
 * never things without a line. The file is replaced by rename, exists only while it has lines, and
 * belongs to root. Lines that begin with # and empty ones are skipped.
 */
#pragma once

#include <stddef.h>

struct error;
struct journal;

enum journal_kind {
	JOURNAL_UNKNOWN, /* of another version: kept as it is; `what` is the whole line */
	JOURNAL_DIRECTORY,
	JOURNAL_MOUNT,
	JOURNAL_MODE,
	JOURNAL_ADDRESS,
	JOURNAL_HANDLE,
	JOURNAL_QDISC,
	JOURNAL_HOOK,
};

struct journal_entry {
	enum journal_kind kind;
	char *what;
	char *detail; /* NULL for kinds with one operand */
};
void journal_entry_done(struct journal_entry *entry);

/* One line without its newline. Never fails but for -ENOMEM: what it cannot read is JOURNAL_UNKNOWN. */
int journal_entry_parse(const char *line, struct journal_entry *ret_entry);

/* A missing file is an empty journal. -EPERM: the file is not this process' user's. */
int journal_open(const char *runtime_dir, struct journal **ret_journal, struct error *error);
void journal_free(struct journal *journal);

/* Entries in the order in which they were added; borrowed until the next change. */
size_t journal_count(const struct journal *journal);
const struct journal_entry *journal_get(const struct journal *journal, size_t index);
/* "FILE:LINE" of an entry, for messages. */
const char *journal_place(const struct journal *journal, size_t index, char *buffer, size_t size);

/*
 * Durable when it returns. `detail` is NULL for kinds with one operand. An entry that is there
 * already is not added again. -EINVAL: an operand that does not fit a line.
 */
int journal_add(struct journal *journal, enum journal_kind kind, const char *what,
		const char *detail, struct error *error);

/* Later entries move up by one; with the last entry the file goes. */
int journal_remove(struct journal *journal, size_t index, struct error *error);
