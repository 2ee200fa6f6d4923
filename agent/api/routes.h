/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside api/: what api.c calls once it knows which route a request takes. */
#pragma once

#include <event2/keyvalq_struct.h>
#include <stdbool.h>

#include "api/api.h"

struct error;

#define ROUTE_NAMES_MAX 2

/* A request taken apart. */
struct call {
	const struct api *api;
	const struct api_request *request;
	char *names[ROUTE_NAMES_MAX]; /* what stood for the '*' of the route, decoded */
	struct evkeyvalq *query;
	json_t *body;		       /* NULL but for routes with takes_body */
	struct api_response *response; /* for what is not JSON */
};

struct route {
	enum api_method method;
	const char *path; /* '*' is one segment */
	/* -ENOENT becomes 404, -EINVAL 400, -EOPNOTSUPP 503, any other failure 500. */
	int (*handle)(const struct call *call, json_t **ret, struct error *error);
	bool takes_body;
	const char *query[3]; /* parameters that it knows */
};

/* routes_judge.c; those that change a sender answer with route_sender(). */
int route_message(const struct call *call, json_t **ret, struct error *error);
int route_report(const struct call *call, json_t **ret, struct error *error);
int route_release(const struct call *call, json_t **ret, struct error *error);
int route_decision(const struct call *call, json_t **ret, struct error *error);
int route_decision_of_sender(const struct call *call, json_t **ret, struct error *error);
int route_events(const struct call *call, json_t **ret, struct error *error);
int route_metrics(const struct call *call, json_t **ret, struct error *error);
int route_set_verdict(const struct call *call, json_t **ret, struct error *error);
int route_clear_verdict(const struct call *call, json_t **ret, struct error *error);

/* routes.c */
int route_sender(const struct call *call, json_t **ret, struct error *error);

extern const struct route routes[];
extern const size_t n_routes;
