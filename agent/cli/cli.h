/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command is given, and how it asks: the agent's API, or the maps where the agent is away. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "api/api.h"

struct config;
struct error;

struct cli {
	const char *config_file;
	struct config *config; /* NULL for a command that needs none */
	unsigned given;	       /* of enum option_bit */
	bool json;	       /* -j */
	bool cut;	       /* --cut */
	bool now;	       /* --now */
	uint64_t for_sec;      /* --for; 0: not given */
	const char *sender;    /* --sender; NULL: not given */
	FILE *out;
};

/*
 * Asks the agent at runtime_dir/api.sock. Where it is not running, an API_GET is answered from the
 * pinned maps (with a note on stderr) and anything else is an error. `body` may be NULL. The document
 * is the caller's. `uri` NULL: -ENOMEM. Errors: client.h and datapath_open(), -ENXIO: nothing is up.
 */
int cli_request(const struct cli *cli, enum api_method method, const char *uri, const json_t *body,
		json_t **ret_document, struct error *error);

/* "/v1" and the segments after it, up to NULL, each percent-encoded. Freed by free(); NULL: no memory. */
char *cli_uri(const char *const segments[]);
#define CLI_URI(...) cli_uri((const char *const[]){__VA_ARGS__, NULL})

/*
 * Ends a command: prints the document as JSON with -j, else by `print` (NULL: nothing to say), and
 * lets go of it. Returns 0, or -EIO where the output could not be written.
 */
int cli_show(const struct cli *cli, json_t *document,
	     void (*print)(const json_t *document, FILE *out), struct error *error);
