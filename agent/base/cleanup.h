/* SPDX-License-Identifier: BSD-2-Clause */
/* Releases a variable at the end of its scope: `_cleanup_(free_p) char *text = NULL;` */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Passes ownership on: returns the pointer and leaves NULL in its place. */
#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) _p = (pointer);                                                \
		(pointer) = NULL;                                                                  \
		_p;                                                                                \
	})
/* The same for a file descriptor; leaves -1. */
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int _f = (fd);                                                                     \
		(fd) = -1;                                                                         \
		_f;                                                                                \
	})

static inline void free_p(void *pointer)
{
	free(*(void **)pointer);
}

static inline void close_fd_p(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclose_p(FILE **file)
{
	if (*file)
		fclose(*file);
}
