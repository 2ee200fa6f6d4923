/* SPDX-License-Identifier: BSD-2-Clause */
/* pool list, enable, disable, drain, activate. */
#include "cli/commands.h"

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "wire/pool.h"

void cli_print_pools(const json_t *pools, FILE *out)
{
	struct columns *columns =
		columns_new("POOL|STATE|ADDRESS|>WEIGHT|ADDRESS STATE|>FLOWS|WHEN EMPTY");
	size_t i, j;
	json_t *document, *part;

	json_array_foreach (pools, i, document) {
		struct wire_pool pool;

		wire_pool_read(document, &pool);
		json_array_foreach (pool.addresses, j, part) {
			struct wire_address address;

			wire_address_read(part, &address);
			columns_add_text(columns, pool.name);
			columns_add_text(columns, pool.state);
			columns_add_text(columns, address.address);
			columns_add(columns, "%lld", address.weight);
			columns_add(columns, "%s%s", address.state ? address.state : "",
				    address.held ? ", held" : "");
			columns_add(columns, "%lld", address.flows);
			columns_add_text(columns, pool.when_empty);
		}
	}
	columns_print(columns, out);
}

int cli_pool_list(struct cli *cli, char **arguments, struct error *error)
{
	json_t *pools;
	int code = cli_request(cli, API_GET, "/v1/pools", NULL, &pools, error);

	(void)arguments;
	return code < 0 ? code : cli_show(cli, pools, cli_print_pools, error);
}

static int patch(struct cli *cli, char *uri, const char *state, struct error *error)
{
	_cleanup_(free_p) char *owned = uri;
	json_t *body = json_pack("{s:s}", "state", state);
	json_t *pool;
	int code = cli_request(cli, API_PATCH, owned, body, &pool, error);

	json_decref(body);
	return code < 0 ? code : cli_show(cli, pool, NULL, error);
}

int cli_pool_enable(struct cli *cli, char **arguments, struct error *error)
{
	return patch(cli, CLI_URI("pools", arguments[0]), "enabled", error);
}

int cli_pool_disable(struct cli *cli, char **arguments, struct error *error)
{
	return patch(cli, CLI_URI("pools", arguments[0]), "disabled", error);
}

int cli_pool_drain(struct cli *cli, char **arguments, struct error *error)
{
	return patch(cli, CLI_URI("pools", arguments[0], "addresses", arguments[1]), "draining",
		     error);
}

int cli_pool_activate(struct cli *cli, char **arguments, struct error *error)
{
	return patch(cli, CLI_URI("pools", arguments[0], "addresses", arguments[1]), "active",
		     error);
}
