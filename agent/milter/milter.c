/* SPDX-License-Identifier: BSD-2-Clause */
/* The process: its event loop, signals, and a clean end. */
#include "milter/milter.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "config/keys.h"
#include "dns/maildns.h"
#include "milter/control.h"
#include "milter/dns_alarm.h"
#include "milter/listener.h"
#include "milter/session.h"
#include "process/listen.h"
#include "process/sd_notify.h"

#define MODULE "milter"
/* The other half is for the agent and the name servers. */
#define DESCRIPTORS (2 * MILTER_CONNECTIONS_MAX)

struct milter {
	const struct config *config; /* at the start */
	struct event_base *base;
	struct event *ends[2], *reload, *tick;
	struct session_shared shared;
	struct listener *listener;
	struct listen_file file; /* of its socket */
	bool lost;		 /* it cannot be bound again, and the log says so */
	struct control *control; /* NULL: SIGHUP alone reloads */
	struct dns_alarm dns_alarm;
};

/* ---- signals and time */

static void on_end(evutil_socket_t number, short what, void *data)
{
	struct milter *milter = data;

	(void)number, (void)what;
	event_base_loopbreak(milter->base);
}

static void warn_fixed(const struct config *config, const struct config *start)
{
	char names[256];

	if (config_changed(start, config, CONFIG_NEEDS_MILTER, names, sizeof(names)) > 0)
		log_warning(MODULE, "%s: new values of %s need a restart of the milter, ignoring",
			    config->file, names);
}

static int reload(void *data, struct error *error)
{
	struct milter *milter = data;
	struct config *config = NULL;
	int r = config_load(milter->config->file, &config, error);

	if (r == 0)
		r = config_refs_replace(&milter->shared.rules, config, config, milter->base, error);
	if (r < 0) {
		config_free(config);
		error_prefix(error, r, "reading the configuration again");
		log_error(MODULE, "%s; the old one stays", error->text);
		return r;
	}
	milter->dns_alarm =
		(struct dns_alarm){.since_ns = 0}; /* the counters of a new maildns start at 0 */
	warn_fixed(config, milter->config);
	log_info(MODULE, "%s: reloaded", config->file);
	return 0;
}

static void on_reload(evutil_socket_t number, short what, void *data)
{
	struct error logged;

	(void)number, (void)what;
	reload(data, &logged);
}

static int bind_to(struct milter *milter, int *ret_fd, struct error *error)
{
	const struct config_socket *where = &milter->config->mail.milter;
	int r;

	if (!where->path)
		return listen_tcp(&where->address, where->port, ret_fd, error);
	r = listen_unix(where->path, ret_fd, error);
	if (r == 0)
		listen_note(where->path, &milter->file);
	return r;
}

/* A socket whose file was removed reaches no MTA: mail would be taken unjudged. */
static void watch_socket(struct milter *milter)
{
	struct error error;
	int fd;

	if (!listen_is_lost(&milter->file))
		return;
	if (bind_to(milter, &fd, &error) == 0 && listener_move(milter->listener, fd, &error) == 0)
		log_warning(MODULE, "the socket '%s' had been removed; it is there again",
			    milter->file.path);
	else if (!milter->lost)
		log_error(MODULE, "the socket was removed, retrying: %s", error.text);
	milter->lost = listen_is_lost(&milter->file);
}

/* Mail is judged without it, too. */
static void open_control(struct milter *milter)
{
	struct error error;

	if (control_new(milter->base, milter->config->runtime_dir, reload, milter, &milter->control,
			&error) < 0)
		log_warning(MODULE, "%s; ignoring it, 'postern reload' does not reach the milter",
			    error.text);
}

static void watch_control(struct milter *milter)
{
	if (!milter->control || !control_is_lost(milter->control))
		return;
	control_free(TAKE_PTR(milter->control));
	open_control(milter);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct milter *milter = data;
	const struct config_refs *rules = &milter->shared.rules;

	(void)fd, (void)what;
	sd_notify_alive();
	watch_socket(milter);
	watch_control(milter);
	dns_alarm_watch(&milter->dns_alarm, maildns_counters(rules->current->dns),
			clock_monotonic_ns());
	dns_alarm_note(&milter->dns_alarm, maildns_note(rules->current->dns));
	config_refs_sweep(&milter->shared.rules);
}

static int watch_events(struct milter *milter, struct error *error)
{
	static const struct timeval second = {.tv_sec = 1};
	struct event_base *base = milter->base;

	signal(SIGPIPE, SIG_IGN);
	milter->ends[0] = evsignal_new(base, SIGTERM, on_end, milter);
	milter->ends[1] = evsignal_new(base, SIGINT, on_end, milter);
	milter->reload = evsignal_new(base, SIGHUP, on_reload, milter);
	milter->tick = event_new(base, -1, EV_PERSIST, on_tick, milter);
	if (!milter->ends[0] || event_add(milter->ends[0], NULL) < 0 || !milter->ends[1] ||
	    event_add(milter->ends[1], NULL) < 0 || !milter->reload ||
	    event_add(milter->reload, NULL) < 0 || !milter->tick ||
	    event_add(milter->tick, &second) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

/* ---- sockets */

/* A descriptor for each connection of the MTA; returns how many connections that allows. */
static size_t allow_connections(void)
{
	struct rlimit limit = {.rlim_cur = 1024};

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS) {
		limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur >= DESCRIPTORS ? MILTER_CONNECTIONS_MAX : limit.rlim_cur / 2;
}

static int listen_at(struct milter *milter, struct error *error)
{
	int fd;
	int r = bind_to(milter, &fd, error);

	return r < 0 ? r
		     : listener_new(milter->base, fd, allow_connections(), &milter->shared,
				    &milter->listener, error);
}

/* ---- life */

static int start(struct milter *milter, struct error *error)
{
	struct session_shared *shared = &milter->shared;
	char path[LISTEN_PATH_SIZE];
	int r;

	milter->base = event_base_new();
	if (!milter->base)
		return error_set(error, -ENOMEM, "out of memory");
	r = watch_events(milter, error);
	snprintf(path, sizeof(path), "%s/api.sock", milter->config->runtime_dir);
	if (r == 0)
		r = agent_client_new(path, milter->base, &shared->end.agent, error);
	if (r == 0)
		r = config_refs_replace(&shared->rules, milter->config, NULL, milter->base, error);
	if (r == 0)
		r = listen_at(milter, error);
	if (r == 0)
		open_control(milter);
	return r;
}

static void stop(struct milter *milter)
{
	struct event *events[] = {milter->ends[0], milter->ends[1], milter->reload, milter->tick};

	listen_remove(&milter->file);
	control_free(milter->control);
	listener_free(milter->listener);
	agent_client_free(milter->shared.end.agent);
	config_refs_done(&milter->shared.rules);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	if (milter->base)
		event_base_free(milter->base);
}

int milter_run(const struct milter_options *options, struct error *error)
{
	struct milter milter = {.config = options->config};
	int r;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(error, -ENOMEM, "out of memory");
	r = start(&milter, error);
	if (r == 0) {
		if (options->on_ready)
			options->on_ready();
		event_base_dispatch(milter.base);
	}
	stop(&milter);
	outage_report(&milter.shared.end.outage);
	curl_global_cleanup();
	return r;
}
