/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API for tests, without a transport: pools normal (192.0.2.10, 2001:db8::10, handle 100.127.0.1)
 * and high-risk (192.0.2.20), sender tenant-17, internal domain example.net, two messages a minute.
 */
#pragma once

#include <jansson.h>

#include "api/api.h"
#include "base/clock.h"
#include "unit/fake_datapath.h"

#define NOW_NS	(1000 * NS_PER_SEC)
#define NOW_SEC 1700000000

extern struct fake_datapath *desk_fake;
extern struct api desk_api;

struct config;
/* With another configuration, and at another time. */
void desk_begin(const struct config *by, uint64_t now_ns, int64_t now_sec);

/* For a suite's .init and .fini. */
void desk_open(void);
void desk_close(void);

struct api_response desk_handle(enum api_method method, const char *uri, const char *body);
/* The document of a request that is answered with 200. */
json_t *desk_done(enum api_method method, const char *uri, const char *body);
void desk_refused(enum api_method method, const char *uri, const char *body, int status,
		  const char *reason);
/* A member that is a text. */
const char *desk_string(const json_t *object, const char *name);
