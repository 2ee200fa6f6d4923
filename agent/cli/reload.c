/* SPDX-License-Identifier: BSD-2-Clause */
/* reload: of the agent, then of the milter. It ends when both have done so. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "client/client.h"
#include "config/config.h"

static const struct process {
	const char *name;
	const char *socket; /* in runtime_dir */
} processes[] = {{"agent", "api.sock"}, {"milter", "milter.control"}};
#define N_PROCESSES (sizeof(processes) / sizeof(processes[0]))

/* client.h speaks of the agent. */
static int explain(const struct process *process, const char *path, int code, struct error *error)
{
	if (code == -ETIMEDOUT)
		return error_set(error, code, "the %s at '%s' does not answer", process->name,
				 path);
	if (code == -ECONNREFUSED)
		return error_set(error, code, "%s not running at '%s'", process->name, path);
	if (code == -EACCES)
		return error_set(error, code, "no permission to reload the %s at '%s'",
				 process->name, path);
	return error_prefix(error, code, "%s", process->name);
}

static int reload(const struct cli *cli, const struct process *process, struct error *error)
{
	_cleanup_(free_p) char *path = NULL;
	json_t *answer = NULL;
	int code;

	if (asprintf(&path, "%s/%s", cli->config->runtime_dir, process->socket) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	code = client_probe(path, error);
	if (code == 0)
		code = client_request(path, API_POST, "/v1/reload", NULL, &answer, error);
	json_decref(answer);
	return code < 0 ? explain(process, path, code, error) : 0;
}

/* A process that does not run reads the configuration when it starts. */
int cli_reload(struct cli *cli, char **arguments, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < N_PROCESSES; i++) {
		struct error failure;
		int code = 0;

		if (!arguments[0] || strcmp(arguments[0], processes[i].name) == 0)
			code = reload(cli, &processes[i], &failure);
		if (code < 0 && (arguments[0] || code != -ECONNREFUSED) && result == 0)
			result = error_set(error, code, "%s", failure.text);
	}
	return result;
}
