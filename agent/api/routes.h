/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside api/: the table of routes, and the functions in its rows. */
#pragma once

#include <event2/keyvalq_struct.h>
#include <stdbool.h>

#include "api/api.h"
#include "api/rights.h"

struct error;

#define ROUTE_NAMES_MAX 2

/* A request, taken apart. */
struct call {
	const struct api *api;
	const struct api_request *request;
	char *names[ROUTE_NAMES_MAX]; /* the segments for each '*' of the route, decoded */
	struct evkeyvalq *query;
	json_t *body;		       /* NULL except for routes with takes_body */
	struct api_response *response; /* for an answer that is not a json_t */
};

struct route {
	enum api_method method;
	const char *path; /* '*' is one segment */
	/*
	 * Answers with *ret, or with the response's text or stream. -ENOENT becomes 404, -EINVAL
	 * 400, -EOPNOTSUPP, -EBUSY and -ESTALE 503, any other failure 500.
	 */
	int (*handle)(const struct call *call, json_t **ret, struct error *error);
	enum right right; /* an order is not carried out once its client has left */
	bool takes_body;
	const char *query[3]; /* the parameters that it knows, up to NULL */
};

extern const struct route routes[];
extern const size_t n_routes;

/* routes_agent.c */
int route_alive(const struct call *call, json_t **ret, struct error *error);
int route_reload(const struct call *call, json_t **ret, struct error *error);

/* routes_pool.c */
int route_status(const struct call *call, json_t **ret, struct error *error);
int route_pools(const struct call *call, json_t **ret, struct error *error);
int route_set_pool(const struct call *call, json_t **ret, struct error *error);
int route_set_address(const struct call *call, json_t **ret, struct error *error);

/* routes_sender.c */
int route_senders(const struct call *call, json_t **ret, struct error *error);
int route_sender(const struct call *call, json_t **ret, struct error *error);
int route_flows(const struct call *call, json_t **ret, struct error *error);
int route_cut_flows(const struct call *call, json_t **ret, struct error *error);
int route_set_verdict(const struct call *call, json_t **ret, struct error *error);
int route_clear_verdict(const struct call *call, json_t **ret, struct error *error);
int route_release(const struct call *call, json_t **ret, struct error *error);

/* routes_message.c */
int route_message(const struct call *call, json_t **ret, struct error *error);
int route_decision(const struct call *call, json_t **ret, struct error *error);
int route_decision_of_sender(const struct call *call, json_t **ret, struct error *error);
int route_report(const struct call *call, json_t **ret, struct error *error);
int route_events(const struct call *call, json_t **ret, struct error *error);
int route_metrics(const struct call *call, json_t **ret, struct error *error);
