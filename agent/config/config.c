/* SPDX-License-Identifier: BSD-2-Clause */
/* The road of a file through text, syntax, read and check; and what owns the result. */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/read.h"
#include "config/syntax.h"
#include "config/text.h"

static int read_section(void *data, const struct syntax_section *section)
{
	static const struct {
		const char *kind;
		int (*read)(struct reader *reader, const struct syntax_section *section);
	} kinds[] = {{"pool", read_pool}, {"policy", read_policy}, {"tenant", read_tenant}};
	struct reader *reader = data;

	if (!section->kind)
		return read_global(reader, section);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(section->kind, kinds[i].kind) == 0)
			return kinds[i].read(reader, section);
	return read_sender(reader, section);
}

static void config_free_p(struct config **config)
{
	config_free(*config);
}

static int read_file(const char *file, struct reader *reader)
{
	_cleanup_(free_p) char *text = NULL;
	int r = text_read(file, &text, &reader->last_line, reader->error);

	if (r == 0)
		r = syntax_parse(file, text, read_section, reader, reader->error);
	return r;
}

int config_load(const char *file, struct config **ret_config, struct error *error)
{
	_cleanup_(config_free_p) struct config *config = calloc(1, sizeof(*config));
	struct reader reader = {.config = config, .error = error};
	int r;

	if (config)
		config->file = strdup(file);
	if (!config || !config->file)
		return error_set(error, -ENOMEM, "%s: out of memory", file);

	r = read_file(file, &reader);
	if (r == 0)
		r = check_all(&reader);
	free(reader.default_name.text);
	for (size_t i = 0; i < POSTERN_POOLS_MAX; i++)
		free(reader.when_empty[i].text);
	for (size_t i = 0; i < reader.n_sender_policies; i++)
		free(reader.sender_policies[i].name.text);
	free(reader.sender_policies);
	if (r == 0)
		*ret_config = TAKE_PTR(config);
	return r;
}

static void free_patterns(struct config_patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		free(patterns->texts[i]);
	free(patterns->texts);
}

static void free_policies(struct config *config)
{
	for (size_t i = 0; i < config->n_policies; i++) {
		free_patterns(&config->policies[i].senders);
		free_patterns(&config->policies[i].tenants);
		free_patterns(&config->policies[i].domains);
		free(config->policies[i].name);
	}
	for (size_t i = 0; i < config->n_tenants; i++) {
		free_patterns(&config->tenants[i].senders);
		free_patterns(&config->tenants[i].domains);
		free(config->tenants[i].name);
	}
	free_patterns(&config->internal_domains);
	free(config->policies);
	free(config->tenants);
}

static void free_texts(struct config_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->texts[i]);
	free(texts->texts);
}

static void free_mail(struct config_mail *mail)
{
	for (size_t i = 0; i < mail->n_spam_marks; i++) {
		free(mail->spam_marks[i].header);
		free(mail->spam_marks[i].value);
	}
	free(mail->spam_marks);
	free_texts(&mail->authserv_ids);
	free_texts(&mail->resolver);
	free(mail->milter.path);
	free(mail->socketmap.path);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_pools; i++) {
		for (size_t j = 0; j < config->pools[i].n_addresses; j++)
			free(config->pools[i].addresses[j].helo);
		free(config->pools[i].name);
		free(config->pools[i].addresses);
		free(config->pools[i].handles);
		free(config->pools[i].helo);
	}
	for (size_t i = 0; i < config->n_senders; i++) {
		for (size_t j = 0; j < config->senders[i].n_selectors; j++)
			free(config->senders[i].selectors[j].path);
		free(config->senders[i].selectors);
		free(config->senders[i].name);
	}
	for (size_t i = 0; i < config->n_interfaces; i++)
		free(config->interfaces[i]);
	free(config->interfaces);
	free_policies(config);
	free_mail(&config->mail);
	free(config->pools);
	free(config->senders);
	free(config->pin_path);
	free(config->runtime_dir);
	free(config->state);
	free(config->user);
	free(config->metrics);
	free(config->file);
	free(config);
}

bool config_socket_equal(const struct config_socket *a, const struct config_socket *b)
{
	if (a->path && b->path)
		return strcmp(a->path, b->path) == 0;
	return !a->path && !b->path && address_equal(&a->address, &b->address) &&
	       a->port == b->port;
}

const struct config_pool *config_pool_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_pools; i++)
		if (strcmp(config->pools[i].name, name) == 0)
			return &config->pools[i];
	return NULL;
}

const struct config_policy *config_policy_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_policies; i++)
		if (strcmp(config->policies[i].name, name) == 0)
			return &config->policies[i];
	return NULL;
}

const struct config_sender *config_sender_find(const struct config *config, const char *name)
{
	const struct config_sender *senders = config->senders, *found = NULL;
	size_t low = 0, high = config->n_senders;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcasecmp(senders[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < config->n_senders && strcasecmp(senders[low].name, name) == 0; low++)
		if (!found || strcmp(senders[low].name, name) == 0)
			found = &senders[low];
	return found;
}
