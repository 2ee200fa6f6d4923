/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of config.h's enums that others write as well. */
#include "config/config.h"

const char *config_limit_name(enum config_limit limit)
{
	static const char *const names[] = {
		[CONFIG_EXTERNAL_PER_HOUR] = "recipients_external_per_hour",
		[CONFIG_INTERNAL_PER_HOUR] = "recipients_internal_per_hour",
		[CONFIG_RECIPIENTS_PER_DAY] = "recipients_per_day",
		[CONFIG_MESSAGES_PER_MINUTE] = "messages_per_minute",
		[CONFIG_CONNECTIONS_PER_MINUTE] = "connections_per_minute",
		[CONFIG_TENANT_EXTERNAL_PER_DAY] = "tenant recipients_external_per_day",
		[CONFIG_TENANT_RECIPIENTS_PER_DAY] = "tenant recipients_per_day",
	};

	return limit < CONFIG_LIMITS ? names[limit] : "invalid";
}

const char *config_on_limit_name(enum config_on_limit on_limit)
{
	static const char *const names[] = {
		[CONFIG_ON_LIMIT_HIGH_RISK] = "high-risk",
		[CONFIG_ON_LIMIT_DEFER] = "defer",
		[CONFIG_ON_LIMIT_RESTRICT_TODAY] = "restrict-today",
		[CONFIG_ON_LIMIT_RESTRICT] = "restrict",
		[CONFIG_ON_LIMIT_ALERT] = "alert",
	};

	return on_limit < sizeof(names) / sizeof(names[0]) ? names[on_limit] : "invalid";
}
