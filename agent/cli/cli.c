/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of commands and output of documents. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/client.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/disarm.h"
#include "base/error.h"
#include "base/log.h"
#include "cli/words.h"
#include "config/config.h"
#include "steering/steering.h"
#include "datapath/datapath.h"
#include "wire/status.h"

#define RETRY_SEC      5
#define RETRY_EVERY_US 50000

static json_t *agent_away(void *data)
{
	bool *hangs = data;

	return wire_agent_away_json(*hangs);
}

static int answer(struct steering *steering, const char *uri, bool hangs, json_t **ret_document,
		  struct error *error)
{
	const struct api api = {.steering = steering, .agent = agent_away, .data = &hangs};
	struct api_request request = {
		.method = API_GET,
		.uri = uri,
		.now = clock_now(),
	};
	struct api_response response;
	const char *reason;

	api_handle(&api, &request, &response);
	if (response.status == 200) {
		*ret_document = response.body;
		return 0;
	}
	reason = json_string_value(json_object_get(response.body, "error"));
	error_set(error, 0, "%s", reason ? reason : "out of memory");
	json_decref(response.body);
	return response.status == 404 ? -ENOENT : -EINVAL;
}

/* `top` and `status --wait` ask again and again. */
static void note_once(const char *text)
{
	static const char *noted;

	if (noted != text)
		log_warning(CLI_MODULE, "%s", text);
	noted = text;
}

/*
 * The agent's answer to an API_GET, computed here from the maps and the whole configuration.
 * `hangs`: an agent runs.
 */
static int read_maps(const struct cli *cli, const char *uri, bool hangs, json_t **ret_document,
		     struct error *error)
{
	struct datapath *datapath = NULL;
	struct steering *steering = NULL;
	struct config *config = NULL;
	int code = datapath_open(cli->config->pin_path, &datapath, error);

	if (code < 0)
		return code == -ENOENT ? -ENXIO : code;
	note_once(hangs ? "agent does not answer; read from the maps"
			: "agent not running; read from the maps");
	code = config_load(cli->config_file, &config, error);
	if (code == 0)
		code = steering_new(config, datapath, NULL, &steering, error);
	if (code == 0)
		code = answer(steering, uri, hangs, ret_document, error);
	steering_free(steering);
	datapath_free(datapath);
	config_free(config);
	return code;
}

/* While `up` is at work, the agent refuses changes. It changed nothing, so asking again is safe. */
static int ask(const char *path, enum api_method method, const char *uri, const json_t *body,
	       json_t **ret_document, struct error *error)
{
	uint64_t end_ns = clock_monotonic_ns() + RETRY_SEC * NS_PER_SEC;
	int code;

	while ((code = client_request(path, method, uri, body, ret_document, error)) == -EBUSY &&
	       clock_monotonic_ns() < end_ns)
		usleep(RETRY_EVERY_US);
	return code;
}

int cli_request(const struct cli *cli, enum api_method method, const char *uri, const json_t *body,
		json_t **ret_document, struct error *error)
{
	_cleanup_(free_p) char *path = NULL;
	bool hangs;
	int code;

	if (!uri || asprintf(&path, "%s/api.sock", cli->config->runtime_dir) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = client_probe(path, error);
	hangs = code == -ETIMEDOUT;
	if (code == 0)
		code = ask(path, method, uri, body, ret_document, error);
	if (code == -EACCES)
		return error_set(
			error, code,
			"no permission to connect to the agent at '%s'; run as root or in the "
			"group of user '%s'",
			path, cli->config->user);
	if (code != -ECONNREFUSED && !hangs)
		return code;
	if (method == API_GET)
		return read_maps(cli, uri, hangs, ret_document, error);
	return error_set(error, code, "agent %s at '%s'; nothing was changed, %s the agent",
			 hangs ? "does not answer" : "not running", path,
			 hangs ? "restart" : "start");
}

char *cli_uri(const char *const segments[])
{
	char *uri = strdup("/v1");

	for (; uri && *segments; segments++) {
		_cleanup_(free_p) char *before = uri;
		_cleanup_(free_p) char *segment = client_escape(*segments);

		if (!segment || asprintf(&uri, "%s/%s", before, segment) < 0)
			uri = NULL;
	}
	return uri;
}

int cli_show(const struct cli *cli, json_t *document,
	     void (*print)(const json_t *document, FILE *out), struct error *error)
{
	if (cli->json) {
		_cleanup_(free_p) char *text = json_dumps(document, JSON_INDENT(2));

		if (text)
			disarm_json(text, cli->out);
		fputc('\n', cli->out);
	} else if (print) {
		words_disarm(document);
		print(document, cli->out);
	}
	json_decref(document);
	if (fflush(cli->out) != 0 || ferror(cli->out))
		return error_set(error, -EIO, "standard output: %s", strerror(errno));
	return 0;
}
