/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections by the rows of the table. read_*.c has the rules of single sections. */
#include "config/section.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "config/kinds.h"

/* The beginning of struct config_pool, config_sender, config_policy and config_tenant. */
struct head {
	char *name;
	int line;
};

#define HAS_HEAD(structure)                                                                        \
	static_assert(offsetof(struct structure, name) == offsetof(struct head, name) &&           \
			      offsetof(struct structure, line) == offsetof(struct head, line),     \
		      "begins with struct head")
HAS_HEAD(config_pool);
HAS_HEAD(config_sender);
HAS_HEAD(config_policy);
HAS_HEAD(config_tenant);

static int top_finish(const struct reader *reader, void *config)
{
	int r = host_finish(reader);

	(void)config;
	return r < 0 ? r : mail_finish(reader);
}

static const struct {
	size_t array, count; /* offsets in struct config */
	size_t size;	     /* of an element */
	size_t label_size;
	/* Before the section is added; NULL: nothing to check. */
	int (*check)(const struct reader *reader, const struct value *title);
	int (*finish)(const struct reader *reader, void *instance);
} sections[CONFIG_SECTIONS] = {
	[CONFIG_TOP] = {.finish = top_finish},
	[CONFIG_POOL] = {offsetof(struct config, pools), offsetof(struct config, n_pools),
			 sizeof(struct config_pool), POSTERN_POOL_LABEL, pool_check, pool_finish},
	[CONFIG_SENDER] = {offsetof(struct config, senders), offsetof(struct config, n_senders),
			   sizeof(struct config_sender), POSTERN_SENDER_LABEL, NULL, sender_finish},
	[CONFIG_POLICY] = {offsetof(struct config, policies), offsetof(struct config, n_policies),
			   sizeof(struct config_policy), POSTERN_SENDER_LABEL, NULL, policy_finish},
	[CONFIG_TENANT] = {offsetof(struct config, tenants), offsetof(struct config, n_tenants),
			   sizeof(struct config_tenant), POSTERN_SENDER_LABEL, NULL, NULL},
};

static size_t *count_of(struct config *config, enum config_section kind)
{
	return (size_t *)((char *)config + sections[kind].count);
}

static void **array_of(struct config *config, enum config_section kind)
{
	return (void **)((char *)config + sections[kind].array);
}

/* Adds a section to its array. The configuration owns it from then on, complete or not. */
static int add(const struct reader *reader, enum config_section kind, const struct value *title,
	       void **ret_instance)
{
	size_t *count = count_of(reader->config, kind);
	void **array = array_of(reader->config, kind);
	const size_t size = sections[kind].size;
	void *grown = array_grow(*array, *count, size);
	struct head *head;
	int r;

	if (!grown)
		return read_out_of_memory(reader);
	*array = grown;
	head = memset((char *)grown + *count * size, 0, size);
	head->line = title->line;
	r = read_title(reader, config_section_name(kind), title, sections[kind].label_size,
		       &head->name);
	*ret_instance = head;
	*count += r == 0;
	return r;
}

int section_open(struct reader *reader, enum config_section kind, const struct value *title,
		 struct section *ret_section)
{
	int r = 0;

	*ret_section = (struct section){.kind = kind, .instance = reader->config};
	if (sections[kind].check)
		r = sections[kind].check(reader, title);
	if (r == 0 && kind != CONFIG_TOP)
		r = add(reader, kind, title, &ret_section->instance);
	return r;
}

static void *field_of(void *instance, const struct config_key *key)
{
	return (char *)instance + key->offset;
}

int section_value(const struct reader *reader, struct section *section,
		  const struct config_key *key, const struct value *value)
{
	int *given = &section->given[key - config_keys];

	if (*given <= 0)
		*given = value->line ? value->line : -1;
	return key->kind->read(reader, key, value, field_of(section->instance, key));
}

int section_given(const struct section *section, const struct config_key *key)
{
	return section->given[key - config_keys] > 0 ? section->given[key - config_keys] : 0;
}

void section_empty(struct section *section, const struct config_key *key)
{
	if (section->given[key - config_keys] == 0)
		section->given[key - config_keys] = -1;
}

/* ---- what is left out */

/* Commas part the elements; no element has one in it. */
static int read_fallback(const struct reader *reader, const struct config_key *key, void *field)
{
	char text[256], *save, *element;
	int r = 0;

	if (!key->kind->is_list)
		return key->kind->read(reader, key, &(struct value){key->fallback, 0}, field);
	assert(strlen(key->fallback) < sizeof(text));
	strcpy(text, key->fallback);
	for (element = strtok_r(text, ",", &save); element && r == 0;
	     element = strtok_r(NULL, ",", &save)) {
		const struct value value = {element + strspn(element, " "), 0};

		r = key->kind->read(reader, key, &value, field);
	}
	return r;
}

int section_close(const struct reader *reader, struct section *section)
{
	int r = 0;

	for (const struct config_key *key = config_keys; key < config_keys + config_n_keys; key++) {
		void *field = field_of(section->instance, key);

		if (key->section != section->kind || section->given[key - config_keys])
			continue;
		if (key->fallback)
			r = read_fallback(reader, key, field);
		else if (key->kind == &kind_number)
			*(uint32_t *)field = READ_LEFT_OUT;
		if (r < 0)
			return r;
	}
	return sections[section->kind].finish
		       ? sections[section->kind].finish(reader, section->instance)
		       : 0;
}

static void release(enum config_section kind, void *instance)
{
	for (size_t i = 0; i < config_n_keys; i++)
		if (config_keys[i].section == kind && config_keys[i].kind->release)
			config_keys[i].kind->release(field_of(instance, &config_keys[i]));
}

void section_release(struct config *config)
{
	for (enum config_section kind = CONFIG_POOL; kind < CONFIG_SECTIONS; kind++) {
		const size_t count = *count_of(config, kind);
		char *array = *array_of(config, kind);

		for (size_t i = 0; i < count; i++) {
			void *instance = array + i * sections[kind].size;

			release(kind, instance);
			free(((struct head *)instance)->name);
		}
		free(array);
	}
	release(CONFIG_TOP, config);
}
