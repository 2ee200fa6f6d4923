/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The API for tests, without a transport: pools normal (192.0.2.10, 2001:db8::10, handle
 * 100.127.0.1) and high-risk (192.0.2.20), sender tenant-17, internal domain example.net, two
 * messages a minute.
 */
#pragma once

#include <jansson.h>

#include "api/api.h"
#include "base/clock.h"
#include "unit/fake_datapath.h"

#define NOW_NS	(1000 * NS_PER_SEC)
#define NOW_SEC 1700000000

extern struct fake_datapath *api_fixture_fake;
extern struct api api_fixture_api;

struct config;
/* With another configuration, at another time. */
void api_fixture_begin(struct config *by, uint64_t now_ns, int64_t now_sec);

/* For a suite's .init and .fini. */
void api_fixture_open(void);
void api_fixture_close(void);

struct api_response api_fixture_handle(enum api_method method, const char *uri, const char *body);
/* The document of a request that must succeed. */
json_t *api_fixture_done(enum api_method method, const char *uri, const char *body);
void api_fixture_refused(enum api_method method, const char *uri, const char *body, int status,
			 const char *reason);
/* A text member. */
const char *api_fixture_string(const json_t *object, const char *name);
