/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent's API as another program uses it: one connection, one request after another. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Connects to the API of the world's agent. */
int http_connect(void);

/* Sends a request (`body` NULL: none) and returns the document of its response, the caller's. */
json_t *http_ask(int fd, const char *method, const char *uri, const char *body, int *ret_status);

/* POST /v1/messages with this body; the status must be 200. */
json_t *http_message(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
