/* SPDX-License-Identifier: BSD-2-Clause */
/* check: that the configuration holds, and what is in it. Reading it has checked everything. */
#include "cli/commands.h"

#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/words.h"
#include "config/config.h"

static json_t *pools_json(const struct config *config)
{
	json_t *pools = json_array();

	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		json_array_append_new(
			pools, json_pack("{s:s, s:i, s:i, s:s}", "name", pool->name, "addresses",
					 (int)pool->n_addresses, "handles", (int)pool->n_handles,
					 "when_empty",
					 pool->when_empty ? pool->when_empty->name : "hold"));
	}
	return pools;
}

static void print(const json_t *check, FILE *out)
{
	struct columns *columns = columns_new("POOL|>ADDRESSES|>HANDLES|WHEN EMPTY");
	size_t i;
	json_t *pool;

	json_array_foreach (json_object_get(check, "pools"), i, pool) {
		columns_add(columns, "%s", words_string(pool, "name"));
		columns_add(columns, "%lld", words_integer(pool, "addresses"));
		columns_add(columns, "%lld", words_integer(pool, "handles"));
		columns_add(columns, "%s", words_string(pool, "when_empty"));
	}
	fprintf(out, "%s: good; %lld senders\n\n", words_string(check, "file"),
		words_integer(check, "senders"));
	columns_print(columns, out);
}

int cli_check(struct cli *cli, char **arguments, struct error *error)
{
	json_t *check = json_pack("{s:s, s:i, s:o}", "file", cli->config->file, "senders",
				  (int)cli->config->n_senders, "pools", pools_json(cli->config));

	(void)arguments;
	return cli_show(cli, check, print, error);
}
