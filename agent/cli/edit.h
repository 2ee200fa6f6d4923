/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of the operator that a command changes: shown as a difference, written, undone. */
#pragma once

#include <stdio.h>
#include <sys/stat.h>

struct error;

struct edit {
	char *file;	    /* without symbolic links */
	char *before;	    /* its text */
	char *after;	    /* set by the caller */
	char *backup;	    /* beside it, with the text before; NULL until edit_write() */
	struct stat status; /* owner and mode stay */
};

/*
 * edit_done() follows, after a failure too. -EINVAL: no regular file, or no text; or of open(2).
 */
int edit_open(const char *directory, const char *name, struct edit *ret_edit, struct error *error);
void edit_done(struct edit *edit);

/* A unified difference; nothing where the two texts are equal. */
void edit_print(const struct edit *edit, FILE *out);

/*
 * Replaces the file in one step; "FILE.before-postern" keeps the text before. Errors of open(2),
 * write(2), rename(2): the file is as it was.
 */
int edit_write(struct edit *edit, struct error *error);
/* After edit_write(): the file as it was. */
int edit_undo(struct edit *edit, struct error *error);
