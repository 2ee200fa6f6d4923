/* SPDX-License-Identifier: BSD-2-Clause */
/* libevent's evhttp. All its clients are trusted, and few. */
#include "milter/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "process/listen.h"

#define IDLE_SEC  10
#define MAX_BYTES 8192

struct control {
	struct evhttp *http;
	struct listen_file file;
	control_reload reload;
	void *data;
};

static void answer(struct evhttp_request *request, int status, json_t *body)
{
	_cleanup_(free_p) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct evbuffer *buffer = evhttp_request_get_output_buffer(request);

	json_decref(body);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			  "application/json");
	if (text)
		evbuffer_add(buffer, text, strlen(text));
	evhttp_send_reply(request, text ? status : 500, NULL, NULL);
}

static void on_alive(struct evhttp_request *request, void *data)
{
	(void)data;
	answer(request, 200, json_pack("{s:b}", "alive", 1));
}

static void on_reload(struct evhttp_request *request, void *data)
{
	const struct control *control = data;
	struct error error;

	if (evhttp_request_get_command(request) != EVHTTP_REQ_POST)
		answer(request, 405, json_pack("{s:s}", "error", "method not allowed"));
	else if (control->reload(control->data, &error) < 0)
		answer(request, 400, json_pack("{s:s}", "error", error.text));
	else
		answer(request, 200, json_pack("{s:b}", "reloaded", 1));
}

static int start(struct control *control, struct event_base *base, const char *path,
		 struct error *error)
{
	_cleanup_(close_fd_p) int fd = -1;
	int r = listen_private(path, &fd, error);

	if (r < 0)
		return r;
	listen_note(path, &control->file);
	control->http = evhttp_new(base);
	if (!control->http || evhttp_accept_socket(control->http, fd) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	TAKE_FD(fd);
	evhttp_set_timeout(control->http, IDLE_SEC);
	evhttp_set_max_headers_size(control->http, MAX_BYTES);
	evhttp_set_max_body_size(control->http, MAX_BYTES);
	evhttp_set_cb(control->http, "/v1/alive", on_alive, control);
	evhttp_set_cb(control->http, "/v1/reload", on_reload, control);
	return 0;
}

int control_new(struct event_base *base, const char *runtime_dir, control_reload reload, void *data,
		struct control **ret_control, struct error *error)
{
	struct control *control = calloc(1, sizeof(*control));
	char path[LISTEN_PATH_SIZE];
	int r;

	if (!control)
		return error_set(error, -ENOMEM, "out of memory");
	control->reload = reload;
	control->data = data;
	snprintf(path, sizeof(path), "%s/milter.control", runtime_dir);
	r = start(control, base, path, error);
	if (r < 0)
		control_free(control);
	else
		*ret_control = control;
	return r;
}

bool control_is_lost(const struct control *control)
{
	return listen_is_lost(&control->file);
}

void control_free(struct control *control)
{
	if (!control)
		return;
	if (control->http)
		evhttp_free(control->http);
	listen_remove(&control->file);
	free(control);
}
