/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent's API as another program would use it: one connection, one request after another. */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* Connects to the API of the world's agent. */
int http_connect(void);

/* Sends a request and reads its answer; the body's document, the caller's. `body` NULL: none. */
json_t *http_ask(int fd, const char *method, const char *uri, const char *body, int *ret_status);

/* POST /v1/messages with a body formatted like this; must be answered with 200. */
json_t *http_message(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
