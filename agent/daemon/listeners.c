/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the listeners, and tells the API about the agent itself: status and metrics. */
#include "daemon/listeners.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "api/metric.h"
#include "api/server.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "daemon/error_log.h"
#include "judge/judge.h"
#include "mta/socketmap.h"
#include "state/failover.h"
#include "state/state.h"
#include "wire/status.h"
#include "wire/values.h"

/* ---- the agent itself */

static json_t *describe(void *data)
{
	const struct listeners *listeners = data;
	const char *trouble = failover_trouble(listeners->state);
	uint64_t now_ns = clock_monotonic_ns();

	struct error state = {"durable"};
	char since[VALUE_TIME_SIZE];
	struct judge_stats stats;

	if (*trouble)
		error_set(&state, 0, "memory: %s", trouble);
	judge_stats(listeners->judge, &stats);
	return wire_agent_json(&(struct wire_agent){
		.running = true,
		.pid = getpid(),
		.user = listeners->user,
		.uptime_sec = (json_int_t)((now_ns - listeners->started_ns) / NS_PER_SEC),
		.state = state.text,
		.mail_dns_unknown_since = value_time_text(stats.mail_dns.since_sec, since),
		.errors = recent_errors_json(listeners->error_log->recent, now_ns),
	});
}

static void print_socketmap(const struct listeners *listeners, FILE *out)
{
	struct socketmap_stats stats;

	socketmap_stats(listeners->socketmap, &stats);
	metric_one(out, "socketmap_connections", "gauge", "connections of Postfix",
		   stats.connections);
	metric_one(out, "socketmap_requests_total", "counter", "lookups of lanes by Postfix",
		   stats.requests);
	metric_one(out, "socketmap_evicted_total", "counter",
		   "idle socketmap connections evicted for new ones", stats.evicted);
	metric_one(out, "socketmap_cut_total", "counter",
		   "socketmap connections closed for sending no request in time", stats.cut);
}

static void print_metrics(void *data, FILE *out)
{
	const struct listeners *listeners = data;

	metric_one(out, "state_durable", "gauge",
		   "1: the state file accepts writes; 0: changes stay in memory",
		   !*failover_trouble(listeners->state));
	server_print_metrics(listeners->error_log->server, out);
	if (listeners->socketmap)
		print_socketmap(listeners, out);
}

static void on_order(void *data, const struct wire_event *event)
{
	const struct listeners *listeners = data;

	error_log_publish(listeners->error_log, event);
}

static int reload(void *data, uint64_t *ret_number, struct error *error)
{
	const struct listeners *listeners = data;

	return listeners->reload(listeners->owner, ret_number, error);
}

/* ---- the listeners */

static int open_api(struct listeners *listeners, struct error *error)
{
	_cleanup_(free_p) char *path = NULL;

	if (asprintf(&path, "%s/api.sock", listeners->config->runtime_dir) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	listeners->api = (struct api){
		.steering = listeners->steering,
		.judge = listeners->judge,
		.rights = listeners->rights,
		.agent = describe,
		.reload = reload,
		.on_order = on_order,
		.metrics = print_metrics,
		.data = listeners,
	};
	return server_new(listeners->base, path, &listeners->api, &listeners->error_log->server,
			  error);
}

/* The port of another program may become free. */
static void watch_metrics(struct listeners *listeners)
{
	struct server *server = listeners->error_log->server;
	const char *endpoint = listeners->config->metrics;
	struct error error;

	if (strcmp(endpoint, CONFIG_METRICS_OFF) == 0 || server_has_metrics(server) ||
	    server_serve_metrics(server, endpoint, &error) == 0)
		return;
	error_prefix(&error, 0, "retrying 'metrics'");
	error_log_add(listeners->error_log, &error);
}

static void watch_api(struct listeners *listeners)
{
	struct error error;
	int r = server_watch(listeners->error_log->server, &error);

	if (r < 0)
		error_prefix(&error, 0, "retrying the socket of the API");
	else if (r > 0)
		error_set(&error, 0, "the socket of the API had been removed; it is there again");
	if (r)
		error_log_add(listeners->error_log, &error);
}

static void watch_socketmap(struct listeners *listeners)
{
	struct error error;

	if (listeners->socketmap && socketmap_is_lost(listeners->socketmap)) {
		socketmap_free(TAKE_PTR(listeners->socketmap));
		error_set(&error, 0, "the socket 'socketmap' was removed; opening it again");
		error_log_add(listeners->error_log, &error);
	}
	if (listeners->socketmap ||
	    socketmap_new(listeners->base, &listeners->config->mail.socketmap, listeners->judge,
			  &listeners->socketmap, &error) == 0)
		return;
	error_prefix(&error, 0, "retrying 'socketmap'");
	error_log_add(listeners->error_log, &error);
}

void listeners_watch(struct listeners *listeners)
{
	watch_api(listeners);
	watch_metrics(listeners);
	watch_socketmap(listeners);
}

int listeners_open(struct listeners *listeners, const struct config *config, struct error *error)
{
	int r;

	listeners->config = config;
	r = open_api(listeners, error);
	if (r < 0)
		return r;
	watch_metrics(listeners);
	watch_socketmap(listeners);
	return 0;
}

void listeners_follow(struct listeners *listeners, struct steering *steering, struct rights *rights)
{
	listeners->steering = listeners->api.steering = steering;
	listeners->api.rights = listeners->rights = rights;
}

void listeners_close(struct listeners *listeners)
{
	socketmap_free(TAKE_PTR(listeners->socketmap));
	if (listeners->error_log)
		server_free(TAKE_PTR(listeners->error_log->server));
}
