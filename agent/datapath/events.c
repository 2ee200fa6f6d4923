/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring buffer of events. It has one reader at a time: each event is consumed once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "datapath/datapath.h"
#include "datapath/pins.h"

#define EVENTS_PIN "postern_events"

struct datapath_events {
	struct ring_buffer *ring;
	event_visitor visitor;
	void *data;
};

static int take_sample(void *context, void *sample, size_t size)
{
	struct datapath_events *events = context;

	/* The layout was checked; this keeps a damaged record from being read past its end. */
	if (size >= sizeof(struct event))
		events->visitor(events->data, sample);
	return 0;
}

int datapath_events_open(const char *pin_path, event_visitor visitor, void *data,
			 struct datapath_events **ret_events, struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	struct datapath_events *events;
	struct bpf_map_info info;
	int r = pin_map_open(pin_path, EVENTS_PIN, &fd, &info, error);

	if (r)
		return r;
	events = calloc(1, sizeof(*events));
	if (!events)
		return error_set(error, -ENOMEM, "out of memory");
	events->visitor = visitor;
	events->data = data;
	events->ring = ring_buffer__new(fd, take_sample, events, NULL);
	if (!events->ring) {
		r = -errno;
		free(events);
		return error_set(error, r, "'%s/%s' cannot be read: %s", pin_path, EVENTS_PIN,
				 strerror(-r));
	}
	*ret_events = events;
	return 0;
}

int datapath_events_fd(const struct datapath_events *events)
{
	return ring_buffer__epoll_fd(events->ring);
}

int datapath_events_consume(struct datapath_events *events)
{
	return ring_buffer__consume(events->ring);
}

void datapath_events_free(struct datapath_events *events)
{
	if (!events)
		return;
	ring_buffer__free(events->ring);
	free(events);
}
