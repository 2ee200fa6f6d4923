/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The context of a command, and its requests: to the agent's API, or to the maps without an
 * agent.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "api/api.h"

struct config;
struct error;

#define CLI_NOT_WELL 3	       /* the exit status of `status` */
#define CLI_MODULE   "postern" /* what each line on stderr begins with */

struct cli {
	const char *config_file;
	struct config *config; /* only its top level where the command asks; NULL for `help` */
	unsigned given;	       /* of enum option_bit */
	bool json;	       /* -j */
	bool cut;	       /* --cut */
	bool now;	       /* --now */
	uint64_t for_sec;      /* --for; 0: not given */
	uint64_t wait_sec;     /* --wait; 0: not given */
	const char *sender;    /* --sender; NULL: not given */
	FILE *out;
};

/*
 * Asks the agent at runtime_dir/api.sock. Where none runs, or it does not answer, an API_GET is
 * answered from the pinned maps, with a note on stderr, and any other method is an error. `body`
 * may be NULL. The document is the caller's. -ENOMEM: also for `uri` NULL; -ENXIO: nothing is up;
 * else client.h and datapath_open().
 */
int cli_request(const struct cli *cli, enum api_method method, const char *uri, const json_t *body,
		json_t **ret_document, struct error *error);

/*
 * "/v1" and the segments, up to NULL, percent-encoded. The caller's, to free(). NULL: out of
 * memory.
 */
char *cli_uri(const char *const segments[]);
#define CLI_URI(...) cli_uri((const char *const[]){__VA_ARGS__, NULL})

/*
 * The last step of a command: prints the document as JSON with -j, else by `print` (NULL: prints
 * nothing), and releases it. -EIO: the output could not be written.
 */
int cli_show(const struct cli *cli, json_t *document,
	     void (*print)(const json_t *document, FILE *out), struct error *error);
