/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of routes. Each function is in the file of its noun: pool, sender, message. */
#include "api/routes.h"

const struct route routes[] = {
	{.method = API_GET, .path = "/v1/status", .handle = route_status},
	{.method = API_GET, .path = "/v1/pools", .handle = route_pools},
	{.method = API_PATCH, .path = "/v1/pools/*", .handle = route_set_pool, .takes_body = true},
	{.method = API_PATCH,
	 .path = "/v1/pools/*/addresses/*",
	 .handle = route_set_address,
	 .takes_body = true},
	{.method = API_GET, .path = "/v1/senders", .handle = route_senders, .query = {"limit"}},
	{.method = API_GET, .path = "/v1/senders/*", .handle = route_sender},
	{.method = API_PUT,
	 .path = "/v1/senders/*/verdict",
	 .handle = route_set_verdict,
	 .takes_body = true},
	{.method = API_DELETE, .path = "/v1/senders/*/verdict", .handle = route_clear_verdict},
	{.method = API_GET,
	 .path = "/v1/flows",
	 .handle = route_flows,
	 .query = {"sender", "limit"}},
	{.method = API_DELETE, .path = "/v1/senders/*/flows", .handle = route_cut_flows},
	{.method = API_POST, .path = "/v1/senders/*/release", .handle = route_release},
	{.method = API_POST, .path = "/v1/messages", .handle = route_message, .takes_body = true},
	{.method = API_POST, .path = "/v1/reports", .handle = route_report, .takes_body = true},
	{.method = API_GET, .path = "/v1/decisions/*", .handle = route_decision},
	{.method = API_GET,
	 .path = "/v1/decisions",
	 .handle = route_decision_of_sender,
	 .query = {"sender"}},
	{.method = API_GET, .path = "/v1/events", .handle = route_events},
	{.method = API_GET, .path = "/metrics", .handle = route_metrics},
};
const size_t n_routes = sizeof(routes) / sizeof(routes[0]);
