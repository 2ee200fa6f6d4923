/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The documents of postern(8): the blocks of its sections JSON and API, and values held against
 * them. The page explains the notation.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One statement, HEAD = TYPE: a document, a command or a route. */
struct document_row {
	char head[256];
	const char *type; /* in the text; the statement ends where the type does */
	const char *body; /* of a route: the type of its request's body, NULL: none */
};

#define DOCUMENT_ROWS_MAX 64
struct document_block {
	struct document_row rows[DOCUMENT_ROWS_MAX];
	size_t count;
};

struct documents {
	char *text;			   /* the page */
	bool *seen;			   /* by offset of a member's name: it had a value */
	struct document_block definitions; /* "status", … */
	struct document_block commands;	   /* "pool list", … */
	struct document_block routes;	   /* "GET /v1/pools", … */
};

/* Reads tools/man/postern.8; fails the test where it cannot. One for the life of the test. */
struct documents *documents_read(void);

/*
 * Does the value have the type, and no other members? If not, `why` gets the difference.
 */
bool documents_match(struct documents *documents, const char *type, const json_t *value, char *why,
		     size_t size);

/* NULL: no such row. */
const struct document_row *documents_find(const struct document_block *block, const char *head);

/* Writes the members that had no value other than null so far, up to `size`; returns how many. */
size_t documents_unseen(const struct documents *documents, char *names, size_t size);
