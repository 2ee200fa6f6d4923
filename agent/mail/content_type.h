/* SPDX-License-Identifier: BSD-2-Clause */
/* A Content-Type (RFC 2045), as far as delivery reports need it. */
#pragma once

#define CONTENT_TYPE_WORD_SIZE	   64
#define CONTENT_TYPE_BOUNDARY_SIZE 128 /* RFC 2046 allows 70 characters */

/* In lower case but for the boundary; "": not there. */
struct content_type {
	char type[CONTENT_TYPE_WORD_SIZE]; /* "multipart/report" */
	char report_type[CONTENT_TYPE_WORD_SIZE];
	char boundary[CONTENT_TYPE_BOUNDARY_SIZE]; /* "" where it is too long, too */
};

void content_type_read(const char *value, struct content_type *ret_content);
