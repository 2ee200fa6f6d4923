/* SPDX-License-Identifier: BSD-2-Clause */
/* check: a summary of the configuration. Reading it was the check. */
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/words.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/notes.h"

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

/* ---- keys, by the table of config/keys.h */

static json_t *scalar_json(const char *kind, const char *text)
{
	if (strcmp(kind, "number") == 0)
		return json_integer(strtoll(text, NULL, 10));
	if (strcmp(kind, "boolean") == 0)
		return json_boolean(strcmp(text, "true") == 0);
	return json_string(text);
}

/* The parts of `text` between `separators`, as a list. NULL: null. */
static json_t *value_json(const struct config_key *key, char *text, const char *separators)
{
	const char *kind = config_key_kind(key);
	json_t *list = json_array();
	char *save;

	for (char *part = text ? strtok_r(text, separators, &save) : NULL; part;
	     part = strtok_r(NULL, separators, &save))
		json_array_append_new(list, scalar_json(kind, part + strspn(part, " ")));
	if (text && config_key_is_list(key))
		return list;
	if (json_array_size(list) > 0) {
		json_t *only = json_incref(json_array_get(list, 0));

		json_decref(list);
		return only;
	}
	json_decref(list);
	return json_null();
}

static json_t *needs_json(const struct config_key *key)
{
	static const struct {
		unsigned need;
		const char *word;
	} words[] = {{CONFIG_NEEDS_UP, "up"},
		     {CONFIG_NEEDS_AGENT, "agent"},
		     {CONFIG_NEEDS_MILTER, "milter"}};
	json_t *needs = json_array();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (key->needs & words[i].need)
			json_array_append_new(needs, json_string(words[i].word));
	return needs;
}

static json_t *key_json(const struct config_key *key, const struct config *config)
{
	_cleanup_(free_p) char *value =
		key->section == CONFIG_TOP ? config_key_value(key, config) : NULL;
	_cleanup_(free_p) char *fallback = key->fallback ? strdup(key->fallback) : NULL;
	json_t *json =
		json_pack("{s:s?, s:s, s:s, s:o, s:o, s:o, s:s}", "section",
			  config_section_name(key->section), "name", key->name, "kind",
			  config_key_kind(key), "value", value_json(key, value, "\n"), "default",
			  value_json(key, fallback, config_key_is_list(key) ? "," : "\n"), "needs",
			  needs_json(key), "help", key->help);

	if (strcmp(config_key_kind(key), "number") == 0) {
		json_object_set_new(json, "min", json_integer(key->min));
		json_object_set_new(json, "max", json_integer(key->max));
	}
	return json;
}

static json_t *keys_json(const struct config *config)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < config_n_keys; i++)
		json_array_append_new(keys, key_json(&config_keys[i], config));
	return keys;
}

/* A list of lines. */
static json_t *notes_json(const struct config *config)
{
	_cleanup_(free_p) char *text = NULL;
	json_t *notes = json_array();
	size_t size;
	FILE *out = open_memstream(&text, &size);
	char *save;

	if (!out)
		return notes;
	config_print_notes(config, out);
	fclose(out);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		json_array_append_new(notes, json_string(line));
	return notes;
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
	json_array_foreach (json_object_get(check, "notes"), i, pool) {
		fprintf(out, "%snote: %s\n", i ? "" : "\n", json_string_value(pool));
	}
}

int cli_check(struct cli *cli, char **arguments, struct error *error)
{
	json_t *check = json_pack("{s:s, s:i, s:o, s:o, s:o}", "file", cli->config->file, "senders",
				  (int)cli->config->n_senders, "pools", pools_json(cli->config),
				  "keys", keys_json(cli->config), "notes", notes_json(cli->config));

	(void)arguments;
	return cli_show(cli, check, print, error);
}
