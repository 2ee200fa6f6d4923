/* SPDX-License-Identifier: BSD-2-Clause */
/* tenant "NAME" { senders domains recipients_external_per_day recipients_per_day on_limit } */
#include "config/read.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_MAX 1000000000

static int read_limits(const struct reader *reader, const struct syntax_section *section,
		       struct config_tenant *tenant)
{
	static const char *const keys[CONFIG_LIMITS_OF_TENANT] = {"recipients_external_per_day",
								  "recipients_per_day"};

	for (unsigned i = 0; i < CONFIG_LIMITS_OF_TENANT; i++) {
		const struct syntax_value *value = syntax_get(section, keys[i], 0);
		int r = value ? read_number(reader, value, keys[i], 0, LIMIT_MAX,
					    &tenant->limits[i])
			      : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_room(struct reader *reader)
{
	struct config *config = reader->config;
	size_t room = reader->tenants_room ? 2 * reader->tenants_room : 16;
	struct config_tenant *tenants;

	if (config->n_tenants < reader->tenants_room)
		return 0;
	tenants = reallocarray(config->tenants, room, sizeof(*tenants));
	if (!tenants)
		return read_out_of_memory(reader);
	config->tenants = tenants;
	reader->tenants_room = room;
	return 0;
}

int read_tenant(struct reader *reader, const struct syntax_section *section)
{
	struct config_tenant *tenant;
	char *name;
	int r = make_room(reader);

	if (r == 0)
		r = read_title(reader, section, POSTERN_SENDER_LABEL, &name);
	if (r < 0)
		return r;
	/* From here on the configuration owns what is read, complete or not. */
	tenant = &reader->config->tenants[reader->config->n_tenants++];
	*tenant = (struct config_tenant){.name = name, .line = section->line};
	r = read_limits(reader, section, tenant);
	if (r == 0)
		r = read_on_limit(reader, section, false, &tenant->on_limit);
	if (r == 0)
		r = read_sender_patterns(reader, section, &tenant->senders);
	return r < 0 ? r : read_domain_patterns(reader, section, "domains", &tenant->domains);
}
