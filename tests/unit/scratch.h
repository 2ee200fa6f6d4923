/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory for one test, and the files in it. A suite's .init = scratch_open, .fini =
 * scratch_close.
 */
#pragma once

#include <sys/types.h>

extern char scratch[32]; /* the directory */

void scratch_open(void);
/* Removes the directory and everything below. */
void scratch_close(void);

/* "DIRECTORY/NAME"; one of sixteen buffers, used in turn. */
const char *scratch_path(const char *name);

/* Files and directories by their names in the directory. */
void scratch_write(const char *name, const char *text);
void scratch_mkdir(const char *name, mode_t mode);
/* Of a file, its first 4095 bytes; one buffer. */
const char *scratch_read(const char *name);
/* Mode and owner without following a symbolic link. */
mode_t scratch_mode(const char *name);
uid_t scratch_owner(const char *name);
int scratch_exists(const char *name);
