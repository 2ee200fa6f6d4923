/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The changes of `up` to the host, so that `down`, or an `up` that fails, undoes exactly these. The
 * file runtime_dir/journal has one line for each:
 *
 *   directory PATH             `up` made it on the way to the pins
 *   mount PATH                 a bpffs
 *   mode PATH 0700             the mode before the agent's user got access
 *   address ADDRESS INTERFACE  of a pool
 *   handle ADDRESS INTERFACE
 *   arp-announce INTERFACE 0   the setting arp_announce before
 *   qdisc INTERFACE            clsact
 *   hook INTERFACE HOOK        egress-tcx, ingress-xdp and so on, see hook_name()
 *
 * A line is durable before its change is made: a crash leaves lines without a change, never changes
 * without a line. The file is replaced by rename, exists only while it has lines, and belongs to
 * root. Empty lines and lines that begin with # are skipped.
 */
#pragma once

#include <stddef.h>

struct error;
struct journal;

enum journal_kind {
	JOURNAL_UNKNOWN, /* of another version: kept unchanged; `what` is the whole line */
	JOURNAL_DIRECTORY,
	JOURNAL_MOUNT,
	JOURNAL_MODE,
	JOURNAL_ADDRESS,
	JOURNAL_HANDLE,
	JOURNAL_ARP_ANNOUNCE,
	JOURNAL_QDISC,
	JOURNAL_HOOK,
};

struct journal_entry {
	enum journal_kind kind;
	char *what;
	char *detail; /* NULL for kinds with one operand */
};
void journal_entry_done(struct journal_entry *entry);

/* One line without its newline; JOURNAL_UNKNOWN where it has another form. -ENOMEM. */
int journal_entry_parse(const char *line, struct journal_entry *ret_entry);

/*
 * A missing file is an empty journal. -EPERM: another user owns the file; -ENOMEM; an errno of
 * open(2) or read(2).
 */
int journal_open(const char *runtime_dir, struct journal **ret_journal, struct error *error);
void journal_free(struct journal *journal);

/* Entries in the order of their addition; borrowed until the next change. */
size_t journal_count(const struct journal *journal);
const struct journal_entry *journal_get(const struct journal *journal, size_t index);
/* "FILE:LINE" of an entry, for messages. */
const char *journal_place(const struct journal *journal, size_t index, char *buffer, size_t size);

/*
 * Durable when it returns. `detail` is NULL for kinds with one operand. An entry that is listed
 * already is not added again. -EINVAL: an operand does not fit a line; -ENOMEM; an errno of writing
 * the file, and nothing is added.
 */
int journal_add(struct journal *journal, enum journal_kind kind, const char *what,
		const char *detail, struct error *error);

/*
 * Later entries move up by one; the file is removed with the last entry. An errno of writing the
 * file; the entry is gone from memory all the same.
 */
int journal_remove(struct journal *journal, size_t index, struct error *error);
