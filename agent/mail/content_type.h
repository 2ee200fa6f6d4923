/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a Content-Type (RFC 2045) that matter in delivery reports. */
#pragma once

#define CONTENT_TYPE_WORD_SIZE	   64
#define CONTENT_TYPE_BOUNDARY_SIZE 128 /* RFC 2046 allows 70 characters */

/* Lower case, except the boundary. "": missing. */
struct content_type {
	char type[CONTENT_TYPE_WORD_SIZE]; /* "multipart/report" */
	char report_type[CONTENT_TYPE_WORD_SIZE];
	char boundary[CONTENT_TYPE_BOUNDARY_SIZE]; /* "" also if it is too long */
};

void content_type_read(const char *value, struct content_type *ret_content);
