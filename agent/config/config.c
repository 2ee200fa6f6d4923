/* SPDX-License-Identifier: BSD-2-Clause */
/* A file passes file.c, syntax.c and check.c. */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/check.h"
#include "config/file.h"
#include "config/read.h"
#include "config/section.h"
#include "config/syntax.h"

static void config_free_p(struct config **config)
{
	config_free(*config);
}

/* FNV-1a, which tells files apart. Only root can write the file, so it need not resist attacks. */
static uint64_t fingerprint(const char *text)
{
	uint64_t hash = 14695981039346656037ULL;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 1099511628211ULL;
	return hash ? hash : 1;
}

int config_fingerprint(const char *file, uint64_t *ret_fingerprint, struct error *error)
{
	_cleanup_(free_p) char *text = NULL;
	int r = file_read(file, &text, error);

	if (r == 0)
		*ret_fingerprint = fingerprint(text);
	return r;
}

static int read_file(const char *file, struct reader *reader)
{
	_cleanup_(free_p) char *text = NULL;
	int r = file_read(file, &text, reader->error);

	if (r < 0)
		return r;
	if (!reader->top_only) {
		reader->config->fingerprint = fingerprint(text);
		/* The newline at the end of the last line begins no other. */
		reader->last_line = file_line(text, text + strlen(text) - 1);
	}
	return syntax_parse(reader, text);
}

static int load(const char *file, bool top_only, struct config **ret_config, struct error *error)
{
	_cleanup_(config_free_p) struct config *config = calloc(1, sizeof(*config));
	struct reader reader = {.config = config, .error = error, .top_only = top_only};
	int r;

	if (config)
		config->file = strdup(file);
	if (!config || !config->file)
		return error_set(error, -ENOMEM, "%s: out of memory", file);

	r = read_file(file, &reader);
	if (r == 0 && !top_only)
		r = check_all(&reader);
	if (r == 0)
		*ret_config = TAKE_PTR(config);
	return r;
}

int config_load(const char *file, struct config **ret_config, struct error *error)
{
	return load(file, false, ret_config, error);
}

int config_load_top(const char *file, struct config **ret_config, struct error *error)
{
	return load(file, true, ret_config, error);
}

int config_refresh(struct config *config, struct error *error)
{
	struct config *newer;
	struct config old;
	uint64_t now;
	int r = config_fingerprint(config->file, &now, error);

	if (r < 0 || now == config->fingerprint)
		return r;
	r = config_load(config->file, &newer, error);
	if (r < 0)
		return r;
	old = *config;
	*config = *newer;
	*newer = old;
	config->before = newer;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	config_free(config->before);
	section_release(config);
	free(config->file);
	free(config);
}
