/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens and closes what listens; and what the agent says of itself there. */
#include "daemon/listeners.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api/metrics.h"
#include "api/server.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "daemon/error_log.h"
#include "mta/socketmap.h"
#include "state/state.h"

/* ---- what the agent says of itself */

static json_t *describe(void *data)
{
	const struct doors *doors = data;
	const char *trouble = state_steady_trouble(doors->state);
	uint64_t now_ns = clock_monotonic_ns();

	return json_pack("{s:b, s:i, s:s, s:I, s:o, s:o}", "running", 1, "pid", (int)getpid(),
			 "user", doors->user, "uptime_sec",
			 (json_int_t)((now_ns - doors->started_ns) / NS_PER_SEC), "state",
			 *trouble ? json_sprintf("memory: %s", trouble) : json_string("durable"),
			 "errors", recent_json(doors->reports->recent, now_ns));
}

static void print_socketmap(const struct doors *doors, FILE *out)
{
	struct socketmap_stats stats;

	socketmap_stats(doors->socketmap, &stats);
	metrics_one(out, "socketmap_connections", "gauge", "connections of Postfix",
		    stats.connections);
	metrics_one(out, "socketmap_requests_total", "counter", "lanes that Postfix asked for",
		    stats.requests);
	metrics_one(out, "socketmap_evicted_total", "counter",
		    "connections to the socketmap that had to make room", stats.evicted);
	metrics_one(out, "socketmap_cut_total", "counter",
		    "connections to the socketmap that sent no request, or were too slow",
		    stats.cut);
}

static void print_metrics(void *data, FILE *out)
{
	const struct doors *doors = data;

	metrics_one(out, "state_durable", "gauge", "1: the state file takes what is put",
		    !*state_steady_trouble(doors->state));
	server_print_metrics(doors->reports->server, out);
	if (doors->socketmap)
		print_socketmap(doors, out);
}

/* ---- the doors */

static int open_api(struct doors *doors, struct error *error)
{
	_cleanup_(free_p) char *path = NULL;

	if (asprintf(&path, "%s/api.sock", doors->config->runtime_dir) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	doors->api = (struct api){
		.steering = doors->steering,
		.judge = doors->judge,
		.agent = describe,
		.metrics = print_metrics,
		.data = doors,
	};
	return server_new(doors->base, path, &doors->api, &doors->reports->server, error);
}

static void open_metrics(struct doors *doors)
{
	struct error error;

	if (strcmp(doors->config->metrics, CONFIG_METRICS_OFF) != 0 &&
	    server_serve_metrics(doors->reports->server, doors->config->metrics, &error) < 0) {
		error_prefix(&error, 0, "ignoring 'metrics'");
		reports_error(doors->reports, &error);
	}
}

void doors_look(struct doors *doors)
{
	struct error error;

	if (doors->socketmap)
		return;
	if (socketmap_new(doors->base, &doors->config->mail.socketmap, doors->judge,
			  &doors->socketmap, &error) < 0) {
		error_prefix(&error, 0, "no 'socketmap', retrying");
		reports_error(doors->reports, &error);
	}
}

int doors_open(struct doors *doors, const struct config *config, struct error *error)
{
	int code;

	doors->config = config;
	code = open_api(doors, error);
	if (code < 0)
		return code;
	open_metrics(doors);
	doors_look(doors);
	return 0;
}

void doors_follow(struct doors *doors, struct steering *steering)
{
	doors->steering = doors->api.steering = steering;
}

void doors_close(struct doors *doors)
{
	socketmap_free(TAKE_PTR(doors->socketmap));
	if (doors->reports)
		server_free(TAKE_PTR(doors->reports->server));
}
