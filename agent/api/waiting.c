/* SPDX-License-Identifier: BSD-2-Clause */
/* Places for requests. on_close() releases the request of a connection that ended. */
#include "api/waiting.h"

#include <event2/http.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/cleanup.h"

struct place {
	struct evhttp_request *request; /* NULL: free */
	uint64_t number;
};

struct waiting {
	struct place places[WAITING_MAX];
};

struct waiting *waiting_new(void)
{
	return calloc(1, sizeof(struct waiting));
}

/*
 * When the peer disconnects, evhttp detaches the request in progress, and the reply that it can no
 * longer send frees it. When the server is freed, the request is still attached and freed with the
 * connection.
 */
static void on_close(struct evhttp_connection *connection, void *data)
{
	struct evhttp_request *request = TAKE_PTR(((struct place *)data)->request);

	(void)connection;
	if (request && !evhttp_request_get_connection(request))
		evhttp_send_reply(request, 500, NULL, NULL);
}

static struct evhttp_request *take(struct place *place)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(place->request);

	if (connection)
		evhttp_connection_set_closecb(connection, NULL, NULL);
	return TAKE_PTR(place->request);
}

void waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (waiting->places[i].request)
			take(&waiting->places[i]);
	free(waiting);
}

bool waiting_add(struct waiting *waiting, struct evhttp_request *request, uint64_t number)
{
	size_t i = 0;

	while (i < WAITING_MAX && waiting->places[i].request)
		i++;
	if (i == WAITING_MAX)
		return false;
	waiting->places[i] = (struct place){request, number};
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_close,
				      &waiting->places[i]);
	return true;
}

struct evhttp_request *waiting_take(struct waiting *waiting, uint64_t number)
{
	for (size_t i = 0; i < WAITING_MAX; i++)
		if (waiting->places[i].request && waiting->places[i].number <= number)
			return take(&waiting->places[i]);
	return NULL;
}
