/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API without its transport: a request in, a response out. The agent serves it over HTTP
 * (server.h). Without an agent, the CLI answers its own reading requests by the same call.
 *
 *   GET    /v1/alive                              costs nothing: does the agent answer at all?
 *   POST   /v1/reload                             answered when the configuration is in force
 *   GET    /v1/status
 *   GET    /v1/pools
 *   PATCH  /v1/pools/{pool}                       {"state": "enabled" | "disabled"}
 *   PATCH  /v1/pools/{pool}/addresses/{address}   {"state": "active" | "draining" | "disabled"}
 *   GET    /v1/senders?limit={n}                  optional; default API_SENDERS_DEFAULT
 *   GET    /v1/senders/{name}
 *   PUT    /v1/senders/{name}/verdict             {"action": "steer", "pool": "…"} or "drop" or
 *                                                 "pass"; optional: "for_sec": 600, "cut": true
 *   DELETE /v1/senders/{name}/verdict
 *   GET    /v1/flows?sender={name}&limit={n}      both optional; default API_FLOWS_DEFAULT
 *   DELETE /v1/senders/{name}/flows
 *   POST   /v1/senders/{name}/release
 *   POST   /v1/messages                           facts (wire/facts.h); the answer is the decision
 *   POST   /v1/reports                            {"sender": "…"} or {"message_id": "…"}
 *   GET    /v1/decisions/{message id}
 *   GET    /v1/decisions?sender={name}            the last decision
 *   GET    /v1/events                             endless, one JSON object per line (wire/event.h)
 *   GET    /metrics                               Prometheus' text format
 *
 * A change is answered once the maps hold it, with the pool or sender as it now is. Errors are
 * {"error": text}: 400 malformed, 403 the caller lacks the right (rights.h), 404 no such path,
 * pool, address, sender or decision, 405 with Allow, 413 body over API_BODY_MAX_BYTES, 503 only an
 * agent can answer, too many clients follow the events, the client of an order has left, or `up` is
 * writing the maps and nothing was changed: try again, 500 any other failure. Names in paths are
 * percent-encoded.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/clock.h"

struct error;
struct steering;
struct judge;
struct rights;
struct wire_event;

#define API_CONTENT_TYPE    "application/json"
#define API_BODY_MAX_BYTES  (64 << 10)
#define API_FLOWS_DEFAULT   10000
#define API_SENDERS_DEFAULT 1000
#define API_SENDERS_MAX	    10000  /* about 700 bytes of JSON each */
#define API_FLOWS_MAX	    100000 /* a flow takes about 2 kB of memory as JSON */
#define API_FOR_MAX_SEC	    (10LL * 365 * 86400)

enum api_method { API_GET, API_POST, API_PUT, API_PATCH, API_DELETE, API_OTHER, API_METHODS };
const char *api_method_name(enum api_method method);

struct api {
	struct steering *steering; /* borrowed; a reload replaces it between requests */
	struct judge *judge;	   /* NULL: no agent, only the maps are read */
	/* The agent's part of the status, a new reference; NULL: out of memory. */
	json_t *(*agent)(void *data);
	const struct rights *rights; /* of the callers (rights.h); borrowed as the steering is */
	/*
	 * Reads the configuration again. The old one stays on failure. -EINPROGRESS:
	 * server_answer() reports the end of reload *ret_number. NULL: no agent.
	 */
	int (*reload)(void *data, uint64_t *ret_number, struct error *error);
	/* An order was carried out; may be NULL. */
	void (*on_order)(void *data, const struct wire_event *event);
	/* Adds the agent's own metrics; may be NULL. */
	void (*metrics)(void *data, FILE *out);
	void *data;
};

struct api_request {
	enum api_method method;
	const char *uri;  /* as received: a path, maybe a query */
	const char *body; /* not NUL-terminated; NULL: no body */
	size_t body_size;
	struct now now;
	uid_t uid;	   /* of the caller (process/caller.h) */
	int fd;		   /* its socket; 0: none */
	bool is_abandoned; /* its client has left: an order is not carried out */
};

struct api_response {
	int status;
	json_t *body; /* the caller's; NULL: out of memory, or one of the next two is set */
	char *text;   /* instead of a document, of this media type; the caller's */
	const char *text_type;
	bool follows;	 /* the answer is the endless stream of events */
	uint64_t reload; /* not 0: the answer comes with the end of this reload */
	char allow[64];	 /* with 405: the value of the header Allow; else "" */
};

void api_handle(const struct api *api, const struct api_request *request,
		struct api_response *ret_response);
/* The answer to a reload that has ended with `r`; the error's text may be changed. */
void api_reloaded(int r, struct error *error, struct api_response *ret_response);
