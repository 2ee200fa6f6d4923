/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands each error to the list of recent ones, to stderr and to the followers. */
#include "daemon/error_log.h"

#include <jansson.h>

#include "api/server.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "daemon/event_log.h"
#include "steering/steering.h"
#include "wire/event.h"

/* `text`: the line of the log; NULL: made of the event. */
static void publish(const struct error_log *log, const struct wire_event *event, const char *text)
{
	json_t *document = event_json(event);

	if (!document)
		return;
	event_log(document, text);
	if (log->server)
		server_publish(log->server, document);
	json_decref(document);
}

void error_log_publish(void *data, const struct wire_event *event)
{
	publish(data, event, NULL);
}

static void add(const struct error_log *log, const struct recent_error *recent)
{
	struct error line;

	if (!recent_errors_add(log->recent, recent, clock_monotonic_ns()))
		return;
	error_set(&line, 0, "%s%s%s%s%s", recent->text, *recent->sender ? "; sender " : "",
		  recent->sender, *recent->destination ? " to " : "", recent->destination);
	publish(log,
		&(struct wire_event){.kind = WIRE_EVENT_ERROR,
				     .now_sec = clock_wall_sec(),
				     .error = {recent->what, recent->text, recent->sender,
					       recent->pool, recent->source, recent->destination}},
		line.text);
}

void error_log_add(void *data, const struct error *error)
{
	const struct recent_error recent = {"agent", error->text, "", "", "", ""};

	add(data, &recent);
}

void error_log_drop(const struct error_log *log, const struct steering *steering,
		    const struct event *event)
{
	const struct pool *pool = pool_find_id(steering_pools(steering), event->pool);
	char source[ENDPOINT_TEXT_SIZE], destination[ENDPOINT_TEXT_SIZE];
	const struct recent_error recent = {
		.what = counter_name(event->counter),
		.text = counter_help(event->counter),
		.sender = steering_sender_name(steering, event->sender),
		.pool = pool ? pool->name : "",
		.source = endpoint_format_bytes(event->source, event->source_port, source),
		.destination = endpoint_format_bytes(event->destination, event->destination_port,
						     destination),
	};

	add(log, &recent);
}

void error_log_state(const struct error_log *log, const char *why)
{
	const struct wire_event event = {
		.kind = WIRE_EVENT_STATE, .now_sec = clock_wall_sec(), .trouble = why};
	struct error error;

	if (!*why) {
		publish(log, &event, "the state file accepts writes again; all changes are saved");
		return;
	}
	publish(log, &event, NULL);
	error_set(&error, 0, "%s; continuing in memory, retrying", why);
	error_log_add((void *)log, &error);
}
